//! That a contact belongs to one account is recorded where it holds, by whatever commits come, and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use journeydb::Result;
use journeydb::storage::{Home, Snapshot, Sorting, Staged, Table, determined_entity};
use proptest::prelude::*;

use super::{addresses, query, stream};

/// An account, a contact and a time.
type Row = (Option<u8>, Option<u8>, i64);

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8View, true);
    Arc::new(Schema::new(vec![text("contact"), text("account"), Field::new("at", DataType::Int64, false)]))
}

async fn table(home: &Home) -> Arc<Table> {
    let sorting = Sorting::new(vec!["account".into(), "contact".into(), "at".into()], &schema()).unwrap();
    home.create_sorted_table("t", schema(), Some(&sorting)).await.unwrap()
}

fn batch(rows: &[Row]) -> RecordBatch {
    let text = |of: fn(&Row) -> Option<u8>| -> ArrayRef {
        Arc::new(
            rows.iter().map(|row| of(row).map(|n| format!("a name of some length, {n}"))).collect::<StringViewArray>(),
        )
    };
    let times: Int64Array = rows.iter().map(|row| Some(row.2)).collect();
    RecordBatch::try_new(schema(), vec![text(|row| row.1), text(|row| row.0), Arc::new(times)]).unwrap()
}

async fn append(home: &Home, table: &Arc<Table>, rows: &[Row]) -> Result<()> {
    home.commit(vec![table.stage_append(&table.snapshot(), stream(vec![batch(rows)])).await?]).await
}

fn is_recorded(table: &Arc<Table>, at: &Arc<Snapshot>) -> bool {
    determined_entity(table.provider(Arc::clone(at)).as_ref()).is_some()
}

/// By the rows themselves.
async fn holds(table: &Arc<Table>, at: &Arc<Snapshot>) -> bool {
    let several =
        "SELECT count(*) FROM (SELECT contact FROM (SELECT DISTINCT contact, account FROM t WHERE contact IS NOT NULL)
        GROUP BY contact HAVING count(*) > 1)";
    query(table, Arc::clone(at), several).await[0].column(0).as_primitive::<Int64Type>().value(0) == 0
}

async fn delete(table: &Arc<Table>, condition: &str) -> Result<Staged> {
    let at = table.snapshot();
    let removed = addresses(table, Arc::clone(&at), condition).await;
    table.stage_rewrite(at, removed, None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writes_that_agree_with_the_table_and_not_with_each_other() {
    for handles in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).await.unwrap();
        let first = table(&home).await;
        append(&home, &first, &[(Some(1), Some(1), 0), (Some(2), Some(2), 0)]).await.unwrap();
        let second = if handles == 1 { Arc::clone(&first) } else { home.open_table("t").await.unwrap() };
        let one = first.stage_append(&first.snapshot(), stream(vec![batch(&[(Some(1), Some(3), 0)])])).await.unwrap();
        let other =
            second.stage_append(&second.snapshot(), stream(vec![batch(&[(Some(2), Some(3), 0)])])).await.unwrap();
        home.commit(vec![one]).await.unwrap();
        let before = first.snapshot();
        assert!(is_recorded(&first, &before));
        home.commit(vec![other]).await.unwrap();
        let after = home.open_table("t").await.unwrap();
        assert_eq!(after.snapshot().files().len(), 3);
        assert!(!is_recorded(&after, &after.snapshot()), "{handles} handles");
        assert!(is_recorded(&first, &before), "an older version stays what it was");
        // Without the second row nothing stands in the way any more.
        home.commit(vec![delete(&after, "at = 0 AND contact LIKE '%3' AND account LIKE '%2'").await.unwrap()])
            .await
            .unwrap();
        assert!(is_recorded(&after, &after.snapshot()));
    }
}

/// What other programs write lacks the tag.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_say_nothing_end_it_until_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let written = table(&home).await;
    append(&home, &written, &[(Some(1), Some(1), 0), (None, Some(2), 0), (Some(3), None, 0)]).await.unwrap();
    append(&home, &written, &[(Some(2), Some(3), 0)]).await.unwrap();
    let entry = folder.path().join(format!("tables/t/_delta_log/{:020}.json", 1));
    let log = std::fs::read_to_string(&entry).unwrap();
    assert!(log.contains(r#""journeydb.determinedBy":"contact""#), "{log}");
    std::fs::write(&entry, log.replace("determinedBy", "unknown")).unwrap();
    let found = home.open_table("t").await.unwrap();
    assert!(!is_recorded(&found, &found.snapshot()));
    append(&home, &found, &[(Some(2), Some(4), 0)]).await.unwrap();
    assert!(!is_recorded(&found, &found.snapshot()));
    home.vacuum(&found).await.unwrap();
    assert!(is_recorded(&found, &found.snapshot()));
    let version = found.snapshot().version();
    home.vacuum(&found).await.unwrap();
    assert_eq!(found.snapshot().version(), version, "there is nothing left to say");
    found.checkpoint().await.unwrap();
    let again = home.open_table("t").await.unwrap();
    assert!(is_recorded(&again, &again.snapshot()) && holds(&again, &again.snapshot()).await);
    assert_eq!(again.snapshot().rows(), Some(5));
    append(&home, &again, &[(Some(9), Some(2), 0)]).await.unwrap();
    assert!(!is_recorded(&again, &again.snapshot()), "an unknown account is another one");
    home.vacuum(&again).await.unwrap();
    assert!(!is_recorded(&again, &again.snapshot()));
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Row>),
    /// DELETE WHERE at = n
    Delete(i64),
    /// The rows of a time go, and others come.
    Replace(i64, Vec<Row>),
    /// Rows are staged before a step and committed after it.
    Overtaken(Vec<Row>, Vec<Row>),
    Vacuum,
    Truncate,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    // Most contacts belong to the account that is their number's half.
    let row = (0..12_u8, prop::bool::weighted(0.04), prop::option::weighted(0.9, Just(())), 0..6_i64);
    let row = row.prop_map(|(contact, strays, known, at)| {
        let account = if strays { Some(90) } else { Some(contact / 2).filter(|account| account % 5 != 4) };
        (account, known.map(|()| contact), at)
    });
    let rows = || prop::collection::vec(row.clone(), 1..8);
    prop_oneof![
        6 => rows().prop_map(Step::Append),
        3 => (0..6_i64).prop_map(Step::Delete),
        2 => (0..6_i64, rows()).prop_map(|(at, rows)| Step::Replace(at, rows)),
        2 => (rows(), rows()).prop_map(|(one, other)| Step::Overtaken(one, other)),
        2 => Just(Step::Vacuum),
        1 => Just(Step::Truncate),
        2 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// It is never recorded of rows of which it isn't true; and if it was true all along, it is.
    #[test]
    fn what_is_recorded_is_true(steps in prop::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let mut table = table(&home).await;
    let mut rows: Vec<Row> = vec![];
    let mut ever_failed = false;
    for step in steps {
        match &step {
            Step::Append(added) => {
                append(&home, &table, added).await.unwrap();
                rows.extend(added);
            }
            Step::Delete(at) => {
                home.commit(vec![delete(&table, &format!("at = {at}")).await.unwrap()]).await.unwrap();
                rows.retain(|row| row.2 != *at);
            }
            Step::Replace(at, added) => {
                let snapshot = table.snapshot();
                let removed = addresses(&table, Arc::clone(&snapshot), &format!("at = {at}")).await;
                let staged = table.stage_rewrite(snapshot, removed, Some(stream(vec![batch(added)]))).await.unwrap();
                home.commit(vec![staged]).await.unwrap();
                rows.retain(|row| row.2 != *at);
                rows.extend(added);
            }
            Step::Overtaken(first, second) => {
                let late = table.stage_append(&table.snapshot(), stream(vec![batch(first)])).await.unwrap();
                append(&home, &table, second).await.unwrap();
                home.commit(vec![late]).await.unwrap();
                rows.extend(first.iter().chain(second));
                ever_failed |= !is_true(&rows);
            }
            Step::Vacuum => home.vacuum(&table).await.unwrap(),
            Step::Truncate => {
                home.commit(vec![table.stage_truncate(&table.snapshot())]).await.unwrap();
                rows.clear();
            }
            Step::Reopen => table = home.open_table("t").await.unwrap(),
        }
        let at = table.snapshot();
        assert_eq!(at.rows(), Some(rows.len() as u64), "after {step:?}");
        let (recorded, true_now) = (is_recorded(&table, &at), is_true(&rows));
        assert_eq!(holds(&table, &at).await, true_now, "after {step:?}");
        ever_failed = (ever_failed && !rows.is_empty()) || !true_now;
        assert!(true_now || !recorded, "recorded and not true after {step:?}");
        // VACUUM reads what nobody has vouched for.
        if matches!(step, Step::Vacuum) && true_now {
            ever_failed = false;
        }
        assert!(ever_failed || recorded, "true all along and not recorded after {step:?}");
    }
}

fn is_true(rows: &[Row]) -> bool {
    let mut accounts = BTreeMap::new();
    rows.iter().all(|(account, contact, _)| match contact {
        Some(contact) => accounts.entry(*contact).or_insert(*account) == account,
        None => true,
    })
}
