//! Any sequence of statements leaves the rows that the same sequence leaves in a list.

use std::sync::Arc;

use journeydb::storage::Home;
use proptest::prelude::*;

use super::{addresses, append, batch, ids, integers, schema, stage_delete, stream};

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<i64>),
    /// DELETE WHERE id % modulus = remainder
    Delete(i64, i64),
    /// UPDATE SET id = id + 1000 WHERE id % modulus = remainder
    Update(i64, i64),
    Truncate,
    Checkpoint,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let part = || (1..5i64).prop_flat_map(|modulus| (Just(modulus), 0..modulus));
    prop_oneof![
        4 => proptest::collection::vec(0..1000i64, 0..40).prop_map(Step::Append),
        2 => part().prop_map(|(modulus, remainder)| Step::Delete(modulus, remainder)),
        2 => part().prop_map(|(modulus, remainder)| Step::Update(modulus, remainder)),
        1 => Just(Step::Truncate),
        1 => Just(Step::Checkpoint),
        2 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_table_is_the_list(steps in proptest::collection::vec(step(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::open(folder.path()).await.unwrap();
    let mut table = home.create_table("t", schema()).await.unwrap();
    let mut list: Vec<i64> = vec![];
    for step in steps {
        match &step {
            Step::Append(rows) => {
                append(&home, &table, rows.iter().copied()).await.unwrap();
                list.extend(rows);
            }
            Step::Delete(modulus, remainder) => {
                let staged = stage_delete(&table, &format!("id % {modulus} = {remainder}")).await.unwrap();
                let before = list.len();
                list.retain(|id| id % modulus != *remainder);
                assert_eq!(staged.removed(), (before - list.len()) as u64, "{step:?}");
                home.commit(vec![staged]).await.unwrap();
            }
            Step::Update(modulus, remainder) => {
                let condition = format!("id % {modulus} = {remainder}");
                let at = table.snapshot();
                let removed = addresses(&table, Arc::clone(&at), &condition).await;
                let select = format!("SELECT id + 1000 FROM t WHERE {condition}");
                let added = integers(&table, Arc::clone(&at), &select).await;
                let staged = table.stage_rewrite(at, removed, Some(stream(vec![batch(added)]))).await.unwrap();
                home.commit(vec![staged]).await.unwrap();
                list.iter_mut().filter(|id| **id % modulus == *remainder).for_each(|id| *id += 1000);
            }
            Step::Truncate => {
                home.commit(vec![table.stage_truncate(&table.snapshot())]).await.unwrap();
                list.clear();
            }
            Step::Checkpoint => table.checkpoint().await.unwrap(),
            Step::Reopen => {
                drop((home, table));
                home = Home::open(folder.path()).await.unwrap();
                table = home.open_table("t").await.unwrap();
                home.sweep(std::slice::from_ref(&table)).await.unwrap();
            }
        }
        list.sort_unstable();
        assert_eq!(ids(&table).await, list, "{step:?}");
        assert_eq!(table.snapshot().rows(), Some(list.len() as u64), "{step:?}");
    }
}
