//! The matcher against the brute force, on random patterns over random rows with many ties.

use proptest::prelude::*;

use super::super::Pattern;
use super::naive::{Search, Sign, text};
use super::rows::Rows;

/// Whatever can stand between two rows of a pattern, with `Condition` and `Any` for the rows.
fn signs() -> impl Strategy<Value = Vec<Sign>> {
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "=="]);
    let time = (operator, 0i64..4).prop_map(|(operator, seconds)| Sign::Time(operator, seconds));
    let between = prop_oneof![
        3 => Just(Vec::new()),
        3 => Just(vec![Sign::Run]),
        3 => time.clone().prop_map(|time| vec![time]),
        1 => prop::collection::vec(prop_oneof![Just(Sign::Run), time], 2..4),
    ];
    let row = prop_oneof![5 => (1u32..=3).prop_map(Sign::Condition), 1 => Just(Sign::Any)];
    let places = prop::collection::vec((between, row), 1..6);
    (any::<bool>(), places, any::<bool>()).prop_map(|(leading, places, trailing)| {
        let run = |there: bool| there.then_some(Sign::Run);
        let mut signs: Vec<Sign> = run(leading).into_iter().collect();
        for (k, (between, row)) in places.into_iter().enumerate() {
            signs.extend(between.into_iter().filter(|_| k > 0));
            signs.push(row);
        }
        signs.extend(run(trailing));
        signs
    })
}

fn rows() -> impl Strategy<Value = Rows> {
    let row = (prop::sample::select(vec![0i64, 0, 1, 1, 2, 5]), 0u64..8);
    (-9i64..9, prop::collection::vec(row, 0..12)).prop_map(|(start, rows)| {
        let mut time = start;
        let times = rows.iter().map(|(passed, _)| {
            time += passed;
            time
        });
        Rows { times: times.collect(), conditions: rows.iter().map(|row| row.1).collect() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn equals_the_brute_force(
        signs in signs(),
        entities in prop::collection::vec(rows(), 1..3),
        unit_per_second in 1i64..3,
        within in prop::option::of(-1i64..10),
    ) {
        let mut pattern = Pattern::new(&text(&signs), 3, unit_per_second, within).unwrap();
        for rows in entities {
            let kept = rows.times.iter().zip(&rows.conditions).enumerate().filter(|(_, row)| *row.1 != 0);
            let kept = kept.map(|(row, (&time, &conditions))| (row, time, conditions)).collect();
            let search = Search { rows: kept, unit_per_second, within };
            let count = search.count(&signs);
            prop_assert_eq!(pattern.count(rows.events()), count);
            prop_assert_eq!(pattern.is_match(rows.events()), count > 0);
            let chain = pattern.events(rows.events());
            prop_assert_eq!((chain.rows.to_vec(), chain.complete), search.events(&signs));
        }
    }
}
