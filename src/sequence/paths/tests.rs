//! Cases, and the definition by brute force.

use proptest::prelude::*;

use super::*;

/// A path with what it owns.
type Found = (Vec<u32>, usize, usize, usize, bool);

fn found(settings: PathSettings, times: &[i64], states: &[u32], conditions: &[u64]) -> Vec<Found> {
    let mut paths = Vec::new();
    let events = Events { times, conditions };
    Paths::new(settings).run(events, states, |path| {
        assert_eq!(path.truncated(), path.codes.len() != path.length);
        paths.push((path.codes.to_vec(), path.length, path.start, path.end, path.reached_end));
    });
    paths
}

#[test]
fn by_default_every_row_is_in_one_path() {
    let settings = PathSettings::default();
    assert_eq!(found(settings, &[], &[1, 1, 2], &[]), [(vec![1, 1, 2], 3, 0, 2, false)]);
    assert_eq!(found(settings, &[], &[NULL_STATE, 1, NULL_STATE, 2, NULL_STATE], &[]), [(vec![1, 2], 2, 1, 3, false)]);
    assert_eq!(found(settings, &[], &[NULL_STATE], &[]), []);
    assert_eq!(found(settings, &[], &[], &[]), []);
}

#[test]
fn repeats_collapse_over_rows_without_a_state() {
    let settings = PathSettings { collapse: true, ..Default::default() };
    assert_eq!(found(settings, &[], &[1, 1, NULL_STATE, 1, 2, 1, 1], &[]), [(vec![1, 2, 1], 3, 0, 6, false)]);
}

#[test]
fn too_long_a_path_keeps_either_end() {
    let settings = PathSettings { max_length: Some(2), collapse: true, ..Default::default() };
    assert_eq!(found(settings, &[], &[1, 1, 2, 3], &[]), [(vec![1, 2], 3, 0, 3, false)]);
    let settings = PathSettings { keep: Keep::Last, ..settings };
    assert_eq!(found(settings, &[], &[1, 1, 2, 3], &[]), [(vec![2, 3], 3, 0, 3, false)]);
    let settings = PathSettings { max_length: Some(0), ..settings };
    assert_eq!(found(settings, &[], &[1, 2], &[]), [(vec![], 2, 0, 1, false)]);
}

#[test]
fn paths_run_from_start_to_end() {
    let settings = PathSettings { start: 1, end: 2, ..Default::default() };
    let states = [5, 6, 7, 8, 9, 10, 11];
    let conditions = [2, 1, 1, 2, 2, 1, 0];
    let expected = [(vec![6, 7, 8], 3, 1, 3, true), (vec![10, 11], 2, 5, 6, false)];
    assert_eq!(found(settings, &[], &states, &conditions), expected);
    assert_eq!(found(settings, &[], &[4, 5], &[3, 0]), [(vec![4], 1, 0, 0, true)]);
    assert_eq!(found(settings, &[], &[4, 5], &[2, 0]), []);
}

#[test]
fn without_a_start_the_row_after_an_end_starts_a_path() {
    let settings = PathSettings { end: 1, ..Default::default() };
    let expected = [(vec![1, 2], 2, 0, 1, true), (vec![3], 1, 2, 2, true), (vec![4], 1, 3, 3, false)];
    assert_eq!(found(settings, &[], &[1, 2, 3, 4], &[0, 1, 1, 0]), expected);
}

#[test]
fn a_long_pause_ends_a_path() {
    let settings = PathSettings { gap: Some(30), ..Default::default() };
    let times = [0, 30, 61, 61];
    assert_eq!(
        found(settings, &times, &[1, 2, 3, 4], &[]),
        [(vec![1, 2], 2, 0, 1, false), (vec![3, 4], 2, 2, 3, false)]
    );
    assert_eq!(found(settings, &times, &[1, NULL_STATE, 3, 4], &[]).len(), 2);
    assert_eq!(found(settings, &[i64::MIN, i64::MAX], &[1, 2], &[]).len(), 2);
}

/// The definition: pieces between pauses, and in every piece one path after another.
fn naive(settings: PathSettings, times: &[i64], states: &[u32], conditions: &[u64]) -> Vec<Found> {
    let rows: Vec<usize> = (0..states.len()).filter(|&row| states[row] != NULL_STATE).collect();
    let mut paths = Vec::new();
    for piece in rows.chunk_by(|&a, &b| settings.gap.is_none_or(|gap| times[b] - times[a] <= gap)) {
        let mut rest = piece;
        let starts = |&row: &usize| settings.start == 0 || conditions[row] & settings.start != 0;
        let ends = |&row: &usize| conditions[row] & settings.end != 0;
        while let Some(start) = rest.iter().position(starts) {
            let end = rest[start..].iter().position(ends).map(|end| start + end);
            let path = &rest[start..=end.unwrap_or(rest.len() - 1)];
            let mut codes: Vec<u32> = path.iter().map(|&row| states[row]).collect();
            if settings.collapse {
                codes.dedup();
            }
            let length = codes.len();
            let stay = settings.max_length.unwrap_or(usize::MAX);
            match settings.keep {
                Keep::First => codes.truncate(stay),
                Keep::Last => codes = codes.split_off(length.saturating_sub(stay)),
            }
            paths.push((codes, length, path[0], path[path.len() - 1], end.is_some()));
            rest = &rest[start + path.len()..];
        }
    }
    paths
}

fn settings() -> impl Strategy<Value = PathSettings> {
    let keep = prop::sample::select(vec![Keep::First, Keep::Last]);
    (any::<bool>(), prop::option::of(0usize..5), keep, 0u64..4, 0u64..4, prop::option::of(-1i64..6)).prop_map(
        |(collapse, max_length, keep, start, end, gap)| PathSettings { collapse, max_length, keep, start, end, gap },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn equals_the_definition(
        settings in settings(),
        rows in prop::collection::vec((0i64..20, prop_oneof![4 => 0u32..3, 1 => Just(NULL_STATE)], 0u64..4), 0..14),
    ) {
        let mut rows = rows;
        rows.sort_by_key(|row| row.0);
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let states: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let conditions: Vec<u64> = rows.iter().map(|row| row.2).collect();
        let expected = naive(settings, &times, &states, &conditions);
        prop_assert_eq!(found(settings, &times, &states, &conditions), expected);
    }
}
