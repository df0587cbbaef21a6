//! The rows fit the journey tables, are the same every time, and leave the edges that real data has.

use std::collections::BTreeMap;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;

use super::warehouse::Warehouse;
use crate::demo::batches::Table;
use crate::demo::{Batches, Demo, Plan};
use crate::model::journey_tables;

const SMALL: u64 = 4_000;

fn whole(batches: Batches) -> BTreeMap<&'static str, RecordBatch> {
    let mut parts: BTreeMap<&'static str, Vec<RecordBatch>> = BTreeMap::new();
    for (name, batch) in batches {
        parts.entry(name).or_default().push(batch);
    }
    parts.into_iter().map(|(name, parts)| (name, concat_batches(&parts[0].schema(), &parts).unwrap())).collect()
}

#[test]
fn the_tables_stand_in_the_schemas_order() {
    let position = |name: &str| journey_tables().iter().position(|t| t.name == name);
    assert_eq!(position("demand_states"), Some(Table::DemandStates as usize));
    assert_eq!(position("interactions"), Some(Table::Interactions as usize));
    assert_eq!(position("transactions"), Some(Table::Transactions as usize));
    assert_eq!(position("identities"), Some(Table::Identities as usize));
    assert_eq!(journey_tables().len(), Table::Identities as usize + 1);
}

#[test]
fn every_table_is_filled_with_the_schemas_columns_at_any_scale() {
    for seed in 0..5 {
        let tables = whole(Demo::simulate(Plan::new(seed).interactions(1)).batches(1000));
        for definition in journey_tables() {
            let batch = tables.get(definition.name.as_str()).unwrap_or_else(|| panic!("{} is empty", definition.name));
            assert_eq!(batch.schema(), definition.schema(), "{}", definition.name);
        }
    }
}

#[test]
fn rows_depend_on_the_seed_alone() {
    let plan = Plan::new(11).interactions(SMALL);
    let demo = Demo::simulate(plan);
    let rows = whole(demo.batches(8192));
    assert_eq!(rows, whole(Demo::simulate(plan).batches(8192)));
    assert_eq!(rows, whole(demo.batches(7)), "the batch size changes nothing");
    assert_ne!(rows, whole(Demo::simulate(Plan::new(12).interactions(SMALL)).batches(8192)));
    for (name, batch) in &rows {
        assert_eq!(Some(batch), whole(demo.table(name, 100)).get(name), "{name} alone");
    }
    assert!(whole(demo.table("no_such_table", 100)).is_empty());
}

#[test]
fn the_truth_is_plain_json() {
    let truth = serde_json::to_value(Demo::simulate(Plan::new(4).interactions(SMALL)).truth()).unwrap();
    assert_eq!(truth["seed"], 4);
    assert_eq!(truth["lifts"][4]["experiment"], "subject line");
    assert_eq!(truth["lifts"][4]["average_lift"], 0.0);
    assert_eq!(truth["states"].as_array().unwrap().len(), 9);
}

#[test]
fn batches_have_the_size_that_was_asked_for() {
    let demo = Demo::simulate(Plan::new(3).interactions(SMALL));
    let sizes: Vec<usize> = demo.table("interactions", 500).map(|(_, batch)| batch.num_rows()).collect();
    let (last, full) = sizes.split_last().unwrap();
    assert!(full.len() > 3 && full.iter().all(|&rows| rows == 500) && (1..=500).contains(last));
}

#[test]
fn the_plan_sets_the_number_of_interactions() {
    for (seed, planned) in [(1, 20_000.0), (2, 60_000.0)] {
        let demo = Demo::simulate(Plan::new(seed).interactions(planned as u64));
        let made: usize = demo.table("interactions", 8192).map(|(_, batch)| batch.num_rows()).sum();
        assert!((made as f64 / planned - 1.0).abs() < 0.15, "{made} of {planned}");
    }
}

#[test]
fn every_check_of_the_schema_holds() {
    let warehouse = Warehouse::of(Plan::new(5).interactions(20_000));
    for table in journey_tables() {
        for check in &table.checks {
            let broken = warehouse.number(&format!("SELECT count(*) FROM {} WHERE NOT ({check})", table.name));
            assert_eq!(broken, 0.0, "{}: {check}", table.name);
        }
    }
}

#[test]
fn keys_are_unique_and_references_resolve() {
    let warehouse = Warehouse::of(Plan::new(6).interactions(20_000));
    let keys = [
        ("demand_states", "state"),
        ("accounts", "account_id"),
        ("contacts", "contact_id"),
        ("contents", "content_id"),
        ("interactions", "interaction_id"),
        ("transactions", "transaction_id"),
        ("surveys", "survey_id"),
        ("investments", "investment_id"),
    ];
    for (table, key) in keys {
        let twice = warehouse.number(&format!("SELECT count(*) - count(DISTINCT {key}) FROM {table}"));
        assert_eq!(twice, 0.0, "{table}.{key}");
    }
    let references = [
        ("contacts", "account_id", "accounts", "account_id"),
        ("interactions", "account_id", "accounts", "account_id"),
        ("interactions", "contact_id", "contacts", "contact_id"),
        ("interactions", "content_id", "contents", "content_id"),
        ("interactions", "team", "team_rates", "team"),
        ("interactions", "track", "conversation_tracks", "track"),
        ("state_changes", "account_id", "accounts", "account_id"),
        ("state_changes", "contact_id", "contacts", "contact_id"),
        ("state_changes", "state", "demand_states", "state"),
        ("state_changes", "track", "conversation_tracks", "track"),
        ("transactions", "account_id", "accounts", "account_id"),
        ("transactions", "contact_id", "contacts", "contact_id"),
        ("transactions", "journey_id", "state_changes", "journey_id"),
        ("surveys", "contact_id", "contacts", "contact_id"),
        ("investments", "content_id", "contents", "content_id"),
        ("assignments", "account_id", "accounts", "account_id"),
        ("assignments", "contact_id", "contacts", "contact_id"),
        ("ideal_steps", "state", "demand_states", "state"),
        ("objectives", "account_id", "accounts", "account_id"),
        ("adoption", "contact_id", "contacts", "contact_id"),
        ("adoption", "objective", "objectives", "objective"),
        ("identities", "left_id", "contacts", "contact_id"),
        ("identities", "right_id", "contacts", "contact_id"),
    ];
    for (table, column, target, key) in references {
        let lost = format!("SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {target})");
        assert_eq!(warehouse.number(&lost), 0.0, "{table}.{column}");
    }
}

#[test]
fn nothing_happens_outside_of_the_window_and_the_last_row_ends_it() {
    let warehouse = Warehouse::of(Plan::new(7).interactions(20_000));
    let times = [
        ("accounts", "created_at"),
        ("contacts", "created_at"),
        ("interactions", "occurred_at"),
        ("state_changes", "entered_at"),
        ("transactions", "occurred_at"),
        ("surveys", "invited_at"),
        ("surveys", "answered_at"),
        ("assignments", "assigned_at"),
        ("adoption", "measured_at"),
        ("identities", "seen_at"),
    ];
    let truth = warehouse.demo.truth();
    for (table, column) in times {
        let outside = warehouse.number(&format!(
            "SELECT count(*) FROM {table} WHERE {column} NOT BETWEEN timestamptz '{}' AND timestamptz '{}'",
            truth.observed_from, truth.observed_until
        ));
        assert_eq!(outside, 0.0, "{table}.{column}");
    }
    let last = format!("SELECT count(*) FROM interactions WHERE occurred_at = timestamptz '{}'", truth.observed_until);
    assert!(warehouse.number(&last) >= 1.0);
}

#[test]
fn the_edges_of_real_data_are_there() {
    let warehouse = Warehouse::of(Plan::new(8).interactions(40_000));
    let some = [
        "SELECT count(*) FROM accounts WHERE icp_fit IS NULL",
        "SELECT count(*) FROM accounts WHERE annual_revenue IS NULL",
        "SELECT count(*) FROM accounts WHERE account_id NOT IN (SELECT account_id FROM interactions WHERE account_id IS NOT NULL)",
        "SELECT count(*) FROM contacts WHERE account_id IS NULL",
        "SELECT count(*) FROM contacts WHERE contact_id NOT IN (SELECT contact_id FROM interactions)",
        "SELECT count(*) FROM transactions WHERE kind = 'refund'",
        "SELECT count(*) FROM transactions WHERE kind = 'contraction'",
        "SELECT count(*) FROM transactions WHERE journey_id IS NULL",
        "SELECT count(*) FROM surveys WHERE answered_at IS NULL",
        "SELECT count(*) - count(DISTINCT occurred_at) FROM interactions WHERE account_id IS NOT NULL",
        "SELECT count(*) FROM state_changes w JOIN state_changes o ON o.account_id = w.account_id AND o.entered_at = w.entered_at \
         AND w.state = 'won' AND o.state = 'onboarding'",
        "SELECT count(*) FROM state_changes WHERE contact_id IS NULL",
        "SELECT count(*) FROM contents WHERE production_cost IS NULL",
    ];
    for sql in some {
        assert!(warehouse.number(sql) > 0.0, "{sql}");
    }
    let open = "SELECT count(*) FROM (SELECT journey_id FROM state_changes GROUP BY journey_id \
                HAVING max(CASE WHEN state IN ('won', 'lost', 'churned') THEN 1 ELSE 0 END) = 0)";
    assert!(warehouse.number(open) > 0.0, "journeys are open at the end");
    let scales = "SELECT count(DISTINCT scale_max) FROM surveys WHERE kind = 'csat'";
    assert_eq!(warehouse.number(scales), 2.0);
}
