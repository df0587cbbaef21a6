//! Written cases: the fixture, what ClickHouse's issues and tests settled, and the ends of the number range.

use super::super::Pattern;
use super::rows::{Rows, compiled};

fn fixture() -> Rows {
    let values = "000012000011".chars().zip(0..).collect::<Vec<_>>();
    Rows::of_values(&values, "0123")
}

/// Each pattern with the number of its matches; whether it matches follows.
#[test]
fn the_fixture() {
    let cases = [
        ("(?1)", 8),
        ("(?1)(?1)(?1)(?1)(?1)", 0),
        ("(?1)(?1)(?1)(?1)(?2)", 2),
        ("(?1)(?t>10)(?2)", 1),
        ("(?1)(?t>11)(?2)", 0),
        ("(?1)(?t<11)(?2)", 2),
        ("(?1)(?t<=2)(?3)", 1),
        ("(?1)(?t<2)(?3)", 0),
        ("(?2)(?3)(?1)", 1),
        ("(?4)", 0),
        // A pattern that names no row, as ClickHouse's 00222_sequence_aggregate_function_family counts it.
        (".", 12),
        (".*", 12),
        ("", 12),
    ];
    let rows = fixture();
    for (text, count) in cases {
        let mut pattern = compiled(text, 4).unwrap();
        assert_eq!(pattern.count(rows.events()), count, "{text}");
        assert_eq!(pattern.is_match(rows.events()), count > 0, "{text}");
        assert_eq!(pattern.events(rows.events()).complete, count > 0, "{text}");
    }
}

/// ClickHouse issue 82190 asks for the bound over the whole pattern.
#[test]
fn within_bounds_the_whole_pattern() {
    let rows = Rows::of_values(&[('a', 0), ('b', 4), ('a', 5), ('b', 7), ('c', 9)], "abc");
    for (within, complete, found) in [(9, true, &[0, 1, 4][..]), (8, true, &[2, 3, 4]), (4, true, &[2, 3, 4])] {
        let mut pattern = Pattern::new("(?1).*(?2).*(?3)", 3, 1, Some(within)).unwrap();
        let chain = pattern.events(rows.events());
        assert_eq!((chain.complete, chain.rows), (complete, found), "{within}");
    }
    for (within, found) in [(3, &[2, 3][..]), (1, &[0]), (0, &[0]), (-1, &[])] {
        let mut pattern = Pattern::new("(?1).*(?2).*(?3)", 3, 1, Some(within)).unwrap();
        assert!(!pattern.is_match(rows.events()), "{within}");
        let chain = pattern.events(rows.events());
        assert_eq!((chain.complete, chain.rows), (false, found), "{within}");
    }
}

/// The example of ClickHouse pull request 72349, over numbers in two groups.
#[test]
fn the_rows_of_a_long_chain() {
    let text = ".*(?1).*(?2).*(?5).*(?1).*(?5).*(?3).*(?4).*(?5)";
    let group = |numbers: std::ops::Range<i64>| Rows {
        conditions: numbers
            .clone()
            .map(|n| [n % 100 == 1, n % 100 == 10, n % 100 == 30, n % 100 == 40, n > 0])
            .map(|row| row.iter().enumerate().map(|(k, &holds)| u64::from(holds) << k).sum())
            .collect(),
        times: numbers.collect(),
    };
    let mut pattern = compiled(text, 5).unwrap();
    let chain = pattern.events(group(0..150).events());
    assert_eq!((chain.rows, chain.complete), (&[1, 10, 11, 101, 102, 130, 140, 141][..], true));
    let chain = pattern.events(group(150..300).events());
    assert_eq!((chain.rows, chain.complete), (&[201 - 150, 210 - 150, 211 - 150][..], false));
}

/// ClickHouse issue 118120: a beginning that is returned matches the pattern too.
#[test]
fn a_beginning_keeps_the_time_clauses() {
    let rows = Rows::of_values(&[('A', 0), ('B', 5), ('B', 100), ('C', 101)], "ABC");
    let mut pattern = compiled("(?1)(?t<=10)(?2)(?3)", 3).unwrap();
    let chain = pattern.events(rows.events());
    assert_eq!((chain.rows, chain.complete), (&[0, 1][..], false));
}

/// ClickHouse issue 120729: a run at the end changes nothing.
#[test]
fn a_run_at_either_end_adds_nothing() {
    let rows = Rows::of_values(&[('A', 0), ('B', 30)], "AB");
    for text in ["(?1)(?t<=30)(?2)", "(?1)(?t<=30)(?2).*", ".*(?1)(?t<=30)(?2)", "(?1).*(?t<=30).*(?2)"] {
        assert_eq!(compiled(text, 2).unwrap().count(rows.events()), 1, "{text}");
    }
}

/// ClickHouse's 00823_sequence_match_dfa: a million rows between two ends, hopeless by backtracking.
#[test]
fn a_million_rows_are_no_obstacle() {
    let mut rows = Rows { times: (0..=1_000_000).collect(), conditions: vec![2; 1_000_001] };
    (rows.conditions[0], rows.conditions[1_000_000]) = (1, 4);
    let cases = [
        ("(?1).*(?2).*(?3)", true),
        ("(?1).*(?2).*(?1)", false),
        ("(?1).*(?2).*(?2).*(?3)", true),
        ("(?3).*(?2).*(?1)", false),
        ("(?1)(?t>5)(?2)(?t>5)(?2)(?t>5)(?2)(?3)", true),
        ("(?1)(?t>5)(?2)(?t>5)(?2)(?t>5)(?2)(?3)(?2)", false),
    ];
    for (text, matches) in cases {
        assert_eq!(compiled(text, 3).unwrap().is_match(rows.events()), matches, "{text}");
    }
}

#[test]
fn rows_without_a_condition_are_dropped() {
    let rows = Rows::of_values(&[('a', 0), ('x', 1), ('b', 2)], "ab");
    assert!(compiled("(?1)(?2)", 2).unwrap().is_match(rows.events()));
    assert!(!compiled("(?1).(?2)", 2).unwrap().is_match(rows.events()));
    let mut pattern = compiled("(?1)(?2)", 2).unwrap();
    assert_eq!(pattern.events(rows.events()).rows, [0, 2]);
}

#[test]
fn several_clauses_must_all_hold() {
    let rows = Rows::of_values(&[('a', 0), ('b', 4), ('b', 6), ('b', 11)], "ab");
    let mut pattern = compiled("(?1)(?t>=5)(?t<=10)(?2)", 2).unwrap();
    assert_eq!(pattern.events(rows.events()).rows, [0, 2]);
    assert!(!compiled("(?1)(?t>=7)(?t<=10)(?2)", 2).unwrap().is_match(rows.events()));
    assert!(!compiled("(?1)(?t>8)(?t<8)(?2)", 2).unwrap().is_match(rows.events()));
}

#[test]
fn seconds_compare_with_finer_times() {
    let rows = Rows::of_values(&[('a', 0), ('b', 5_000_001)], "ab");
    for (clause, matches) in [("<=5", false), (">5", true), ("==5", false), ("<6", true), (">=6", false)] {
        let mut pattern = Pattern::new(&format!("(?1)(?t{clause})(?2)"), 2, 1_000_000, None).unwrap();
        assert_eq!(pattern.is_match(rows.events()), matches, "{clause}");
    }
}

#[test]
fn nothing_is_never_a_match() {
    let rows = Rows { times: vec![], conditions: vec![] };
    for text in ["(?1)", ".*", "", "(?1)(?t<5)(?1)"] {
        let mut pattern = compiled(text, 1).unwrap();
        assert!(!pattern.is_match(rows.events()));
        assert_eq!(pattern.count(rows.events()), 0);
        assert_eq!(pattern.events(rows.events()).rows, [0; 0]);
    }
}

#[test]
fn more_than_64_places() {
    let rows = Rows { times: (0..200).collect(), conditions: vec![1; 200] };
    for (places, count) in [(64, 3), (65, 3), (66, 3), (67, 2), (200, 1), (201, 0)] {
        let mut pattern = compiled(&"(?1)".repeat(places), 1).unwrap();
        assert_eq!(pattern.count(rows.events()), count, "{places}");
    }
}

#[test]
fn sixty_four_conditions() {
    let rows = Rows { times: vec![0, 1], conditions: vec![1 << 63, 1] };
    assert!(compiled("(?64)(?1)", 64).unwrap().is_match(rows.events()));
    assert!(!compiled("(?63)", 64).unwrap().is_match(rows.events()));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let rows = Rows { times: vec![i64::MIN, i64::MAX], conditions: vec![1, 2] };
    for text in ["(?1)(?t>10)(?2)", "(?1)(?t>=9223372036854775807)(?2)", "(?1)(?2)"] {
        assert!(Pattern::new(text, 2, 1_000_000, None).unwrap().is_match(rows.events()), "{text}");
    }
    for text in ["(?1)(?t<10)(?2)", "(?1)(?t==0)(?2)", "(?1)(?t<0)(?2)"] {
        assert!(!Pattern::new(text, 2, 1_000_000, None).unwrap().is_match(rows.events()), "{text}");
    }
    assert!(!Pattern::new("(?1)(?2)", 2, 1, Some(5)).unwrap().is_match(rows.events()));
    let mut pattern = Pattern::new("(?1)(?2)", 2, 1, Some(i64::MAX)).unwrap();
    assert_eq!(pattern.events(rows.events()).rows, [0, 1]);
}
