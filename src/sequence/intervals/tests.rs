//! Cases, and the definition by brute force.

use proptest::prelude::*;

use super::*;

/// The positions of the states that lie on the way.
const WAY: [i32; 5] = [40, 10, 20, 20, 30];

/// Positions 10, 20, 20, 40, none and terminal, 30.
const STATES: [State; 6] = {
    const fn at(position: i32) -> State {
        State { position: Some(position), terminal: false }
    }
    [at(10), at(20), at(20), at(40), State { position: None, terminal: true }, at(30)]
};

fn intervals(as_of: i64, times: &[i64], states: &[u32]) -> Vec<Interval> {
    let mut found = Vec::new();
    Intervals::new(&STATES, &WAY, as_of).run(times, states, |interval| found.push(interval));
    found
}

#[test]
fn a_journey_forward_and_back() {
    let found = intervals(100, &[1, 2, 3, 4, 5], &[0, 3, 1, 1, 4]);
    let expected = |state, visit, entered, next, skipped, regressed| Interval {
        state,
        visit,
        entered,
        left: Some(entered + 1),
        next: Some(next),
        open: false,
        skipped,
        regressed,
        rework: visit > 1,
    };
    assert_eq!(found[0], expected(0, 1, 0, 3, 2, false), "positions 20 and 30 are jumped over");
    assert_eq!(found[1], expected(3, 1, 1, 1, 0, true), "back from 40 to 20");
    assert_eq!(found[2], expected(1, 1, 2, 1, 0, false), "the same again");
    assert_eq!(found[3], expected(1, 2, 3, 4, 0, false), "a state without a position");
    let last = Interval {
        state: 4,
        visit: 1,
        entered: 4,
        left: None,
        next: None,
        open: false,
        skipped: 0,
        regressed: false,
        rework: false,
    };
    assert_eq!(found[4], last, "the end of the journey is not open");
}

/// From won over to onboarding nothing is skipped, though lost has a position between them; from lost to adopting onboarding is.
#[test]
fn states_aside_of_the_way_are_not_skipped() {
    let states = [6, 7, 8, 9].map(|position| State { position: Some(position), terminal: position < 8 });
    let mut found = Vec::new();
    Intervals::new(&states, &[6, 8, 9], 9).run(&[1, 2, 3, 4, 5], &[0, 2, 1, 3, 1], |interval| found.push(interval));
    let told: Vec<_> = found.iter().map(|i| (i.skipped, i.regressed)).collect();
    assert_eq!(told, [(0, false), (0, true), (1, false), (0, true), (0, false)]);
}

#[test]
fn rows_after_as_of_are_not_seen() {
    let open = |as_of| intervals(as_of, &[1, 2, 3], &[0, 1, 3]).iter().map(|i| (i.entered, i.open)).collect::<Vec<_>>();
    assert_eq!(open(3), [(0, false), (1, false), (2, true)]);
    assert_eq!(open(2), [(0, false), (1, true)]);
    assert_eq!(open(0), []);
}

#[test]
fn entities_do_not_share_visits() {
    let mut kernel = Intervals::new(&STATES, &WAY, 9);
    for rows in [&[1u32, 0, 1][..], &[1], &[NULL_STATE, 1, NULL_STATE]] {
        let mut visits = Vec::new();
        kernel.run(&vec![0; rows.len()], rows, |interval| visits.push(interval.visit));
        assert_eq!(visits, if rows[0] == 1 && rows.len() == 3 { vec![1, 1, 2] } else { vec![1] });
    }
}

#[test]
fn the_ends_of_the_number_range() {
    let states = [i32::MIN, i32::MAX].map(|position| State { position: Some(position), terminal: false });
    let mut found = Vec::new();
    Intervals::new(&states, &[i32::MIN, i32::MAX], i64::MAX)
        .run(&[i64::MIN, i64::MAX, i64::MAX], &[0, 1, 0], |i| found.push(i));
    assert_eq!(found.iter().map(|i| (i.skipped, i.regressed)).collect::<Vec<_>>(), [(0, false), (0, true), (0, false)]);
}

/// Column by column from the words of the definition.
fn naive(states: &[State], way: &[i32], as_of: i64, rows: &[(i64, u32)]) -> Vec<Interval> {
    let seen: Vec<(usize, u32)> = (0..rows.len())
        .filter(|&row| rows[row].0 <= as_of && rows[row].1 != NULL_STATE)
        .map(|row| (row, rows[row].1))
        .collect();
    let interval = |k: usize| {
        let (entered, state) = seen[k];
        let next = seen.get(k + 1);
        let here = states[state as usize].position;
        let there = next.and_then(|next| states[next.1 as usize].position);
        let mut between = way.to_vec();
        between.retain(|p| here.is_some_and(|here| here < *p) && there.is_some_and(|there| *p < there));
        between.sort();
        between.dedup();
        let before = seen[..k].iter().filter(|row| row.1 == state).count();
        Interval {
            state,
            visit: before as u32 + 1,
            entered,
            left: next.map(|next| next.0),
            next: next.map(|next| next.1),
            open: next.is_none() && !states[state as usize].terminal,
            skipped: between.len() as u32,
            regressed: here.is_some() && there.is_some() && there < here,
            rework: before > 0,
        }
    };
    (0..seen.len()).map(interval).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn equals_the_definition(
        states in prop::collection::vec((prop::option::of(-3i32..4), any::<bool>()), 5),
        way in prop::collection::vec(-3i32..4, 0..6),
        as_of in -1i64..8,
        entities in prop::collection::vec(
            prop::collection::vec((0i64..8, prop_oneof![6 => 0u32..5, 1 => Just(NULL_STATE)]), 0..12), 1..3),
    ) {
        let states: Vec<State> =
            states.into_iter().map(|(position, terminal)| State { position, terminal }).collect();
        let mut kernel = Intervals::new(&states, &way, as_of);
        for mut rows in entities {
            rows.sort_by_key(|row| row.0);
            let (times, codes): (Vec<i64>, Vec<u32>) = rows.iter().copied().unzip();
            let mut found = Vec::new();
            kernel.run(&times, &codes, |interval| found.push(interval));
            prop_assert_eq!(found, naive(&states, &way, as_of, &rows));
        }
    }
}
