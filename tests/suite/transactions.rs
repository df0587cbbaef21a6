//! Two sessions whose statements come in any order, in blocks and outside of them, against a model: each committed block is one
//! step on plain maps, and every SELECT finds what its block began with and its own changes.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use journeydb::{Database, Outcome, Session, SqlState, TransactionStatus};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Rows of both tables: values by table and id.
type Rows = BTreeMap<(usize, i64), i64>;

const TABLES: [&str; 2] = ["a", "b"];

#[derive(Debug, Clone)]
enum Step {
    Begin,
    Commit,
    Rollback,
    Savepoint,
    BackToSavepoint,
    Insert(usize),
    /// Rows whose id leaves this rest when divided by three.
    Update(usize, i64),
    Delete(usize, i64),
    /// Rows with this rest go to the other table.
    Move(usize, i64),
    Truncate,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    let table = 0..TABLES.len();
    prop_oneof![
        3 => Just(Step::Begin),
        3 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Savepoint),
        1 => Just(Step::BackToSavepoint),
        5 => table.clone().prop_map(Step::Insert),
        3 => (table.clone(), 0..3_i64).prop_map(|(table, rest)| Step::Update(table, rest)),
        2 => (table.clone(), 0..3_i64).prop_map(|(table, rest)| Step::Delete(table, rest)),
        2 => (table, 0..3_i64).prop_map(|(table, rest)| Step::Move(table, rest)),
        1 => Just(Step::Truncate),
        5 => Just(Step::Read),
    ]
}

/// A session and what it should see.
struct Client {
    session: Session,
    block: Option<Block>,
}

#[derive(Clone)]
struct Block {
    /// What it began with, once it has read.
    base: Option<Rows>,
    now: Rows,
    savepoint: Option<Rows>,
}

impl Client {
    async fn run(&self, sql: &str) -> journeydb::Result<Vec<Vec<i64>>> {
        let mut found = vec![];
        for statement in self.session.parse(sql)? {
            let prepared = self.session.prepare(&statement, &[]).await?;
            if let Outcome::Rows(rows) = self.session.execute(&prepared, vec![]).await? {
                let batches: Vec<_> = rows.try_collect().await?;
                found = batches
                    .iter()
                    .flat_map(|batch| {
                        let column = |at: usize| batch.column(at).as_primitive::<Int64Type>().clone();
                        let columns: Vec<_> = (0..batch.num_columns()).map(column).collect();
                        (0..batch.num_rows()).map(move |row| columns.iter().map(|column| column.value(row)).collect())
                    })
                    .collect();
            }
        }
        Ok(found)
    }

    async fn read(&self) -> journeydb::Result<Rows> {
        let sql = "SELECT CAST(0 AS bigint), id, value FROM a UNION ALL SELECT CAST(1 AS bigint), id, value FROM b";
        let rows = self.run(sql).await?;
        let count = rows.len();
        let rows: Rows = rows.into_iter().map(|row| ((row[0] as usize, row[1]), row[2])).collect();
        assert_eq!(rows.len(), count, "no row is there twice");
        Ok(rows)
    }
}

/// What a writing step does to rows, and its SQL.
fn written(step: &Step, rows: &mut Rows, serial: i64) -> Option<String> {
    let with = |rows: &Rows, table: usize, rest: i64| -> Vec<((usize, i64), i64)> {
        rows.iter().filter(|((t, id), _)| *t == table && id % 3 == rest).map(|(key, value)| (*key, *value)).collect()
    };
    Some(match step {
        Step::Insert(table) => {
            for id in [serial * 2, serial * 2 + 1] {
                rows.insert((*table, id), 0);
            }
            format!("INSERT INTO {} VALUES ({}, 0), ({}, 0)", TABLES[*table], serial * 2, serial * 2 + 1)
        }
        Step::Update(table, rest) => {
            rows.extend(with(rows, *table, *rest).into_iter().map(|(key, value)| (key, value + 1)));
            format!("UPDATE {} SET value = value + 1 WHERE id % 3 = {rest}", TABLES[*table])
        }
        Step::Delete(table, rest) => {
            rows.retain(|(t, id), _| t != table || id % 3 != *rest);
            format!("DELETE FROM {} WHERE id % 3 = {rest}", TABLES[*table])
        }
        Step::Move(table, rest) => {
            for ((_, id), value) in with(rows, *table, *rest) {
                rows.remove(&(*table, id));
                rows.insert((1 - table, id), value);
            }
            let (from, to) = (TABLES[*table], TABLES[1 - table]);
            format!(
                "INSERT INTO {to} SELECT id, value FROM {from} WHERE id % 3 = {rest}; DELETE FROM {from} WHERE id % 3 = {rest}"
            )
        }
        Step::Truncate => {
            rows.clear();
            "TRUNCATE a, b".to_owned()
        }
        _ => return None,
    })
}

/// The block's changes on top of what is committed by now. It may have changed only rows that nobody else has.
fn merged(base: &Rows, now: &Rows, committed: &Rows) -> Rows {
    let mut merged = committed.clone();
    for (key, before) in base {
        if now.get(key) != Some(before) {
            assert_eq!(committed.get(key), Some(before), "a change of {key:?} by somebody else is lost");
            merged.remove(key);
        }
    }
    merged.extend(now.iter().filter(|(key, value)| base.get(*key) != Some(*value)));
    merged
}

async fn play(database: &Database, steps: Vec<(usize, Step)>) {
    let mut committed = Rows::new();
    let mut clients = [database.session(), database.session()].map(|session| Client { session, block: None });
    clients[0].run("TRUNCATE a, b").await.unwrap();
    for client in &clients {
        client.run("SET lock_timeout = '1ms'").await.unwrap();
    }
    for (serial, (who, step)) in steps.into_iter().enumerate() {
        let client = &mut clients[who];
        let told = match (&step, &mut client.block) {
            (Step::Begin, block @ None) => {
                *block = Some(Block { base: None, now: Rows::new(), savepoint: None });
                client.run("BEGIN").await.map(|_| ())
            }
            (Step::Commit, Some(block)) => {
                let block = block.clone();
                let told = client.run("COMMIT").await;
                client.block = None;
                match (told, block.base) {
                    (Ok(_), Some(base)) => committed = merged(&base, &block.now, &committed),
                    (Ok(_), None) => {}
                    (Err(error), _) => assert_eq!(error.state(), SqlState::SerializationFailure, "{error}"),
                }
                Ok(())
            }
            (Step::Rollback, Some(_)) => {
                client.block = None;
                client.run("ROLLBACK").await.map(|_| ())
            }
            (Step::Savepoint, Some(block)) if block.base.is_some() => {
                block.savepoint = Some(block.now.clone());
                client.run("SAVEPOINT s").await.map(|_| ())
            }
            (Step::BackToSavepoint, Some(Block { now, savepoint: Some(savepoint), .. })) => {
                now.clone_from(savepoint);
                client.run("ROLLBACK TO SAVEPOINT s").await.map(|_| ())
            }
            (Step::Read, block) => {
                let expected = match block {
                    None => committed.clone(),
                    Some(block) => {
                        if block.base.is_none() {
                            (block.base, block.now) = (Some(committed.clone()), committed.clone());
                        }
                        block.now.clone()
                    }
                };
                assert_eq!(client.read().await.unwrap(), expected, "step {serial} of {who}");
                Ok(())
            }
            // Two statements: one step only inside of a block.
            (Step::Move(..), None) => Ok(()),
            (step, block) => {
                let mut rows = match &*block {
                    Some(Block { base: Some(_), now, .. }) => now.clone(),
                    _ => committed.clone(),
                };
                let Some(sql) = written(step, &mut rows, serial as i64) else { continue };
                let told = client.run(&sql).await.map(|_| ());
                match (&told, &mut client.block) {
                    (Ok(()), None) => committed = rows,
                    (Ok(()), Some(block)) => {
                        block.base.get_or_insert_with(|| committed.clone());
                        block.now = rows;
                    }
                    (Err(_), _) => {}
                }
                told
            }
        };
        if let Err(error) = told {
            // Somebody else's block is in the way.
            let allowed = [SqlState::SerializationFailure, SqlState::LockNotAvailable, SqlState::DeadlockDetected];
            assert!(allowed.contains(&error.state()), "step {serial} of {who}, {step:?}: {error}");
            if client.block.take().is_some() {
                assert_eq!(client.session.transaction_status(), TransactionStatus::Failed);
                client.run("ROLLBACK").await.unwrap();
            }
        }
    }
    for client in &clients {
        client.run("ROLLBACK").await.unwrap();
    }
    assert_eq!(clients[0].read().await.unwrap(), committed);
}

#[test]
fn every_committed_block_is_one_step() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // In a folder, where files are joined behind the statements.
    let database = runtime.block_on(async {
        let database = Database::open(folder.path()).await.unwrap();
        database
            .sql("CREATE TABLE a (id bigint, value bigint); CREATE TABLE b (id bigint, value bigint)")
            .await
            .unwrap();
        database
    });
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    let steps = proptest::collection::vec((0..2_usize, step()), 1..60);
    TestRunner::new(config)
        .run(&steps, |steps| {
            runtime.block_on(play(&database, steps));
            Ok(())
        })
        .unwrap();
}
