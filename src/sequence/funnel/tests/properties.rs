//! Random short sequences with many ties against the definition, under every option.

use proptest::prelude::*;

use super::super::*;
use super::case::*;
use super::literal;

const MODES: [Mode; 5] = [Mode::Ordered, Mode::Strict, Mode::Any, Mode::Increase, Mode::Reuse];
const ENTRIES: [Entry; 3] = [Entry::Best, Entry::First, Entry::Each];

fn settings() -> impl Strategy<Value = Settings> {
    let window = prop_oneof![6 => (0i64..6).prop_map(Window::Fixed), 1 => Just(Window::Fixed(i64::MAX)), 2 => Just(Window::PerRow)];
    let grace = prop_oneof![2 => Just(None), 1 => (0i64..4).prop_map(Some)];
    let excludes =
        prop::collection::vec(prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())), 0..=2);
    let modes = (prop::sample::select(&MODES[..]), prop::sample::select(&ENTRIES[..]));
    (1usize..=5, modes, window, excludes, prop_oneof![1 => Just(0u64), 1 => any::<u64>()], grace, -1i64..12).prop_map(
        |(steps, (mode, entry), window, excludes, optional, grace, as_of)| {
            let inner = if steps > 2 { (1u64 << (steps - 1)) - 2 } else { 0 };
            let optional = optional & inner;
            let required: Vec<usize> = (1..=steps).filter(|step| optional >> (step - 1) & 1 == 0).collect();
            let range = |(a, b): (prop::sample::Index, prop::sample::Index)| {
                let (a, b) = (*a.get(&required), *b.get(&required));
                (a != b && mode != Mode::Any).then_some((a.min(b), a.max(b)))
            };
            let exclusion = |ends: Option<_>| Exclusion { between: ends.and_then(range) };
            let excludes = excludes.into_iter().map(exclusion).collect();
            Settings { steps, mode, entry, window, excludes, optional, grace, as_of }
        },
    )
}

/// A row: time since the one before, steps, exclusions, rank, held code, growth of the window's end.
type Row = (i64, u64, u64, u32, u32, i64);

fn row() -> impl Strategy<Value = Row> {
    let one = (0u32..5).prop_map(|step| 1u64 << step);
    let steps = prop_oneof![3 => one, 2 => 0u64..32, 1 => Just(31u64), 1 => Just(0u64)];
    let excluded = prop_oneof![3 => Just(0u64), 1 => 1u64..4];
    (prop_oneof![3 => Just(0i64), 3 => Just(1i64), 1 => Just(2i64)], steps, excluded, 0u32..3, 0u32..2, 0i64..3)
}

fn case() -> impl Strategy<Value = Case> {
    let options = (any::<bool>(), prop_oneof![2 => Just(false), 1 => Just(true)]);
    (settings(), prop::collection::vec(row(), 0..=8), options).prop_map(|(settings, rows, (ranked, held))| {
        let mut time = 0;
        let mut placed: Vec<(i64, Row)> = Vec::new();
        for row in rows {
            time += row.0;
            placed.push((time, row));
        }
        if ranked {
            placed.sort_by_key(|&(time, row)| (time, row.3));
        }
        let mut ends: Vec<i64> = Vec::new();
        for (i, &(time, row)) in placed.iter().enumerate() {
            let before = ends.last().copied().unwrap_or(0);
            ends.push(if i > 0 && placed[i - 1].0 == time { before } else { before.max(time) + row.5 });
        }
        Case {
            times: placed.iter().map(|placed| placed.0).collect(),
            steps: placed.iter().map(|placed| placed.1.1).collect(),
            excluded: placed.iter().map(|placed| placed.1.2).collect(),
            ends: (settings.window == Window::PerRow).then_some(ends),
            ranks: ranked.then(|| placed.iter().map(|placed| placed.1.3).collect()),
            held: held.then(|| placed.iter().map(|placed| placed.1.4).collect()),
            settings,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Attempts, statuses and rows are those of the definition, and buffers of one entity leave nothing to the next.
    #[test]
    fn attempts_equal_the_definition(case in case()) {
        let mut funnel = case.funnel();
        let mut attempts = Attempts::default();
        let expected = literal::attempts(&case);
        for _ in 0..2 {
            attempts.clear();
            funnel.attempts(case.events(), &mut attempts);
            prop_assert_eq!(&told(&attempts), &expected);
            prop_assert_eq!(funnel.level(case.events()), expected.iter().map(|told| told.0).max().unwrap_or(0));
        }
    }
}

/// Longer sequences of at most so many rows, with ties.
fn long(rows: usize, steps: usize) -> impl Strategy<Value = (Vec<i64>, Vec<u64>)> {
    let mask = prop_oneof![
        4 => (0..steps).prop_map(|step| 1u64 << step),
        1 => any::<u64>().prop_map(move |mask| mask & u64::MAX >> (64 - steps)),
        1 => Just(0u64),
    ];
    prop::collection::vec((0i64..3, mask), 0..=rows).prop_map(|rows| {
        let times = rows.iter().scan(0, |time, row| {
            *time += row.0 / 2;
            Some(*time)
        });
        (times.collect(), rows.iter().map(|row| row.1).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The fast path and the general search, which share nothing, agree on funnels of any length.
    #[test]
    fn the_fast_path_equals_the_general_search(
        (steps, (times, rows)) in (1usize..=64).prop_flat_map(|steps| (Just(steps), long(300, steps))),
        mode in prop::sample::select(&[Mode::Ordered, Mode::Increase, Mode::Reuse][..]),
        window in 0i64..100,
        as_of in 0i64..200,
    ) {
        let settings = Settings { mode, as_of, ..Settings::new(steps, Window::Fixed(window)) };
        let mut funnel = Funnel::new(settings).unwrap();
        let held = vec![0; times.len()];
        let plain = Events { times: &times, steps: &rows, ..Events::default() };
        let general = Events { held: Some(&held), ..plain };
        prop_assert_eq!(funnel.level(plain), funnel.level(general));
        let (mut fast, mut searched) = (Attempts::default(), Attempts::default());
        funnel.attempts(plain, &mut fast);
        funnel.attempts(general, &mut searched);
        prop_assert_eq!(told(&fast), told(&searched));
    }

    /// In any order the level is the largest matching of steps with the rows of a window, over all windows.
    #[test]
    fn any_order_equals_the_largest_matching(
        (steps, (times, rows)) in (1usize..=12).prop_flat_map(|steps| (Just(steps), long(60, steps))),
        window in 0i64..20,
    ) {
        let mut funnel = Funnel::new(Settings { mode: Mode::Any, ..Settings::new(steps, Window::Fixed(window)) }).unwrap();
        let within = |first: usize| {
            let end = times.partition_point(|&time| time <= times[first] + window);
            &rows[first..end]
        };
        let largest = (0..times.len()).map(|first| largest_matching(within(first), steps)).max().unwrap_or(0);
        let level = funnel.level(Events { times: &times, steps: &rows, ..Events::default() });
        prop_assert_eq!(level, largest);
    }
}

/// The most steps that get a row each, by trying every row for every step in turn.
fn largest_matching(rows: &[u64], steps: usize) -> u32 {
    fn finds_row(rows: &[u64], step: usize, filled: &mut Vec<Option<usize>>, tried: &mut Vec<bool>) -> bool {
        (0..rows.len()).any(|row| {
            if rows[row] >> step & 1 == 0 || std::mem::replace(&mut tried[row], true) {
                return false;
            }
            let free = filled[row].is_none_or(|other| finds_row(rows, other, filled, tried));
            if free {
                filled[row] = Some(step);
            }
            free
        })
    }
    let mut filled = vec![None; rows.len()];
    (0..steps).filter(|&step| finds_row(rows, step, &mut filled, &mut vec![false; rows.len()])).count() as u32
}
