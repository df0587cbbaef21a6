//! The twenty cases of the definition (CH: run on ClickHouse, PH: PostHog's engine, MX: Mixpanel's documentation), and
//! what it leaves open.

use super::super::*;
use super::case::*;

/// A funnel of steps named by letters, `?` after an optional one.
fn steps(named: &str, window: i64) -> Steps {
    let steps: Vec<&str> = named.split('>').collect();
    let optional = (0..steps.len()).filter(|&i| steps[i].ends_with('?')).fold(0, |mask, i| mask | 1 << i);
    let letters = steps.iter().map(|step| step.trim_end_matches('?').chars().next().unwrap()).collect();
    Steps {
        letters,
        excluded: ' ',
        settings: Settings { optional, ..Settings::new(steps.len(), Window::Fixed(window)) },
    }
}

#[derive(Clone)]
struct Steps {
    letters: Vec<char>,
    excluded: char,
    settings: Settings,
}

impl Steps {
    fn mode(mut self, mode: Mode) -> Self {
        self.settings.mode = mode;
        self
    }

    fn entry(mut self, entry: Entry) -> Self {
        self.settings.entry = entry;
        self
    }

    fn grace(mut self, grace: i64) -> Self {
        self.settings.grace = Some(grace);
        self
    }

    fn exclude(mut self, excluded: char, between: Option<(usize, usize)>) -> Self {
        self.excluded = excluded;
        self.settings.excludes = vec![Exclusion { between }];
        self
    }

    fn observed(mut self, as_of: i64) -> Self {
        self.settings.as_of = as_of;
        self
    }

    /// Rows written `a@1 b@2`, observed at the end of time unless said otherwise.
    fn on(&self, events: &str) -> Case {
        let rows: Vec<(char, i64)> = events
            .split_whitespace()
            .map(|row| {
                row.split_once('@').map(|(name, time)| (name.chars().next().unwrap(), time.parse().unwrap())).unwrap()
            })
            .collect();
        let mask =
            |name: char| (0..self.letters.len()).filter(|&i| self.letters[i] == name).fold(0, |mask, i| mask | 1 << i);
        Case {
            settings: self.settings.clone(),
            times: rows.iter().map(|row| row.1).collect(),
            steps: rows.iter().map(|row| mask(row.0)).collect(),
            excluded: rows.iter().map(|row| u64::from(row.0 == self.excluded)).collect(),
            ends: None,
            ranks: None,
            held: None,
        }
    }

    fn level(&self, events: &str) -> u32 {
        let case = self.on(events);
        let level = case.funnel().level(case.events());
        assert_eq!(case.told().iter().map(|told| told.0).max(), Some(level), "the two ways to the level agree");
        level
    }

    /// Level, status and the times of the steps reached, by attempt.
    fn attempts(&self, events: &str) -> Vec<(u32, Status, Vec<i64>)> {
        let case = self.on(events);
        let times = |rows: Vec<Option<u32>>| rows.into_iter().flatten().map(|row| case.times[row as usize]).collect();
        case.told().into_iter().map(|(level, status, rows)| (level, status, times(rows))).collect()
    }
}

fn converted(times: &[i64]) -> Vec<(u32, Status, Vec<i64>)> {
    vec![(times.len() as u32, Status::Converted, times.to_vec())]
}

#[test]
fn case_1_steps_in_order() {
    assert_eq!(steps("a>b>c", 86400).attempts("a@1 b@2 c@3"), converted(&[1, 2, 3]));
}

#[test]
fn case_2_other_rows_interrupt_strict_chains() {
    assert_eq!(steps("a>b>c", 86400).level("a@1 d@2 b@3 c@4"), 3);
    assert_eq!(steps("a>b>c", 86400).mode(Mode::Strict).level("a@1 d@2 b@3 c@4"), 1);
}

#[test]
fn case_3_reversed_steps() {
    assert_eq!(steps("a>b>c", 86400).level("c@1 c@2 b@3 b@4 a@5 a@6"), 1);
}

#[test]
fn case_4_the_window_is_inclusive() {
    assert_eq!(steps("a>b", 10).level("a@0 b@10"), 2);
    assert_eq!(steps("a>b", 10).level("a@0 b@11"), 1);
}

#[test]
fn case_5_a_later_start_rescues() {
    assert_eq!(steps("a>b", 10).attempts("a@0 a@20 b@25"), converted(&[20, 25]));
}

#[test]
fn case_6_the_window_counts_from_step_1() {
    assert_eq!(steps("a>b>c", 10).level("a@0 b@6 c@12"), 2);
}

#[test]
fn case_7_ties_are_free() {
    for events in ["a@1 b@1", "b@1 a@1"] {
        for named in ["a>b", "b>a"] {
            assert_eq!(steps(named, 10).level(events), 2);
            assert_eq!(steps(named, 10).mode(Mode::Increase).level(events), 1);
        }
    }
}

#[test]
fn case_7_a_tiebreak_orders_ties() {
    for (ranks, level) in [([0, 1], 2), ([1, 1], 2)] {
        let case = Case { ranks: Some(ranks.to_vec()), ..steps("a>b", 10).on("a@1 b@1") };
        assert_eq!(case.funnel().level(case.events()), level);
    }
    let case = Case { ranks: Some(vec![0, 1]), ..steps("a>b", 10).on("b@1 a@1") };
    assert_eq!(case.funnel().level(case.events()), 1);
}

#[test]
fn case_8_a_row_fills_one_step_unless_it_may_be_reused() {
    assert_eq!(steps("a>a>a", 10).level("a@1"), 1);
    assert_eq!(steps("a>a>a", 10).mode(Mode::Reuse).attempts("a@1"), converted(&[1, 1, 1]));
}

#[test]
fn case_9_repeated_steps_take_distinct_rows() {
    for (events, ordered, increase) in [("a@1 a@2", 2, 2), ("a@1 a@1", 2, 1)] {
        assert_eq!(steps("a>a>a", 10).level(events), ordered);
        assert_eq!(steps("a>a>a", 10).mode(Mode::Increase).level(events), increase);
    }
}

/// ClickHouse answers 1.
#[test]
fn case_10_a_later_start_at_the_time_of_a_step_takes_nothing_away() {
    assert_eq!(steps("a>b>c", 10).mode(Mode::Increase).level("a@1 b@2 a@2 c@3"), 3);
}

/// ClickHouse answers 1.
#[test]
fn case_11_an_earlier_start_serves_where_the_latest_is_tied() {
    assert_eq!(steps("a>b", 10).mode(Mode::Increase).attempts("a@8 a@9 b@9"), converted(&[8, 9]));
}

/// ClickHouse answers 1.
#[test]
fn case_12_a_strict_chain_starts_again_after_an_interruption() {
    assert_eq!(steps("a>b>c", 10).mode(Mode::Strict).attempts("a@1 x@2 a@3 b@4 c@5"), converted(&[3, 4, 5]));
}

#[test]
fn case_13_the_best_entry_is_the_shortest() {
    assert_eq!(steps("a>b", 10).attempts("a@1 a@5 b@9"), converted(&[5, 9]));
    assert_eq!(steps("a>b", 10).entry(Entry::First).attempts("a@1 a@5 b@9"), converted(&[1, 9]));
}

#[test]
fn case_14_an_excluded_row_voids() {
    assert_eq!(steps("a>b", 10).exclude('X', None).attempts("a@1 X@2 b@3"), [(1, Status::Excluded, vec![1])]);
}

#[test]
fn case_15_a_clean_retry_counts() {
    assert_eq!(steps("a>b", 10).exclude('X', None).attempts("a@1 X@2 a@3 b@4"), converted(&[3, 4]));
}

#[test]
fn case_16_nothing_is_excluded_after_the_window() {
    let excluding = steps("a>b", 10).exclude('X', None);
    assert_eq!(excluding.observed(12).attempts("a@0 X@11 b@12"), [(1, Status::Dropped, vec![0])]);
}

#[test]
fn case_17_a_missing_optional_step_is_skipped() {
    assert_eq!(steps("a>b?>c", 10).attempts("a@1 c@3"), [(2, Status::Converted, vec![1, 3])]);
    assert_eq!(steps("a>b?>c", 10).attempts("a@1 b@2 c@3"), [(2, Status::Converted, vec![1, 2, 3])]);
}

/// 13:00, 13:30, 13:45 and 14:15 in minutes.
#[test]
fn case_18_first_entry_keeps_its_window() {
    let events = "A@780 A@810 B@825 C@855";
    assert_eq!(steps("A>B>C", 60).entry(Entry::First).level(events), 2);
    assert_eq!(steps("A>B>C", 60).level(events), 3);
}

#[test]
fn case_19_an_excluding_row_opens_no_attempt() {
    let each = steps("A>B", 10).exclude('A', None).entry(Entry::Each);
    let expected = [(1, Status::Excluded, vec![1]), (2, Status::Converted, vec![3, 4])];
    assert_eq!(each.attempts("A@1 A@2 A@3 B@4"), expected);
}

#[test]
fn case_20_ten_steps_at_one_time() {
    let named = "a>b>c>d>e>f>g>h>i>j";
    for events in ["a b c d e f g h i j", "j i h g f e d c b a", "e a h c j b d i f g"] {
        let events: Vec<String> = events.split(' ').map(|name| format!("{name}@7")).collect();
        assert_eq!(steps(named, 10).attempts(&events.join(" ")), converted(&[7; 10]));
    }
}

#[test]
fn an_exclusion_with_a_range_leaves_other_steps_alone() {
    let ranged = steps("a>b>c", 10).exclude('X', Some((2, 3)));
    assert_eq!(ranged.attempts("a@1 b@2 X@3 b@4 c@5"), converted(&[1, 4, 5]));
    assert_eq!(ranged.attempts("a@1 X@2 b@3 c@4"), converted(&[1, 3, 4]));
    assert_eq!(ranged.level("a@1 b@2 X@3 c@4"), 2);
}

#[test]
fn an_excluded_row_tied_with_an_end_is_not_between() {
    assert_eq!(steps("a>b", 10).exclude('X', None).level("a@1 X@1 b@2"), 2);
    assert_eq!(steps("a>b", 10).exclude('X', None).level("a@1 X@2 b@2"), 2);
    let ranked = Case { ranks: Some(vec![0, 1, 0]), ..steps("a>b", 10).exclude('X', None).on("a@1 X@1 b@2") };
    assert_eq!(ranked.funnel().level(ranked.events()), 1);
}

#[test]
fn grace_swaps_two_steps_not_three() {
    assert_eq!(steps("a>b>c", 10).grace(2).attempts("b@1 a@2 c@3"), converted(&[2, 1, 3]));
    assert_eq!(steps("a>b>c", 10).grace(2).level("b@1 a@4 c@5"), 1);
    assert_eq!(steps("a>b>c", 10).grace(9).level("c@1 b@2 a@3"), 2);
}

#[test]
fn steps_in_any_order_need_distinct_rows_of_one_window() {
    assert_eq!(steps("a>b>c", 10).mode(Mode::Any).attempts("c@1 b@2 a@3"), converted(&[3, 2, 1]));
    assert_eq!(steps("a>b>c", 10).mode(Mode::Any).level("c@1 b@12 a@13"), 2);
    assert_eq!(steps("a>a", 10).mode(Mode::Any).level("a@1"), 1);
}

#[test]
fn held_columns_stay_equal_along_a_chain() {
    let case = |held: [u32; 3]| Case { held: Some(held.to_vec()), ..steps("a>b", 10).on("a@1 a@2 b@3") };
    assert_eq!(case([7, 9, 7]).told(), [(2, Status::Converted, vec![Some(0), Some(2)])]);
    assert_eq!(case([7, 9, 8]).told(), [(1, Status::Dropped, vec![Some(0), None])]);
}

#[test]
fn each_attempt_begins_after_the_one_before() {
    let each = steps("a>b", 10).entry(Entry::Each);
    let expected = [(2, vec![1, 3]), (1, vec![4]), (2, vec![15, 16])];
    let told: Vec<_> =
        each.attempts("a@1 a@2 b@3 a@4 a@5 a@15 b@16").into_iter().map(|told| (told.0, told.2)).collect();
    assert_eq!(told, expected);
    assert_eq!(each.attempts("b@1"), [(0, Status::NotEntered, vec![])]);
}

#[test]
fn an_open_window_is_told_from_one_that_has_passed() {
    let funnel = steps("a>b>c", 10);
    let status = |as_of: i64, events: &str| funnel.clone().observed(as_of).attempts(events)[0].1;
    assert_eq!(status(9, "a@0 b@1"), Status::InWindow);
    assert_eq!(status(10, "a@0 b@1"), Status::Dropped, "its last instant has been observed");
    assert_eq!(status(12, "a@0 b@1 a@5"), Status::Dropped, "an open attempt of a lower level does not count");
    assert_eq!(status(12, "a@0 b@1 a@5 b@9"), Status::InWindow, "one that was not told does");
}

#[test]
fn no_rows_are_not_entered() {
    for mode in [Mode::Ordered, Mode::Strict, Mode::Any, Mode::Increase, Mode::Reuse] {
        for entry in [Entry::Best, Entry::First, Entry::Each] {
            let funnel = steps("a>b", 10).mode(mode).entry(entry);
            assert_eq!(funnel.attempts(""), [(0, Status::NotEntered, vec![])]);
            assert_eq!(funnel.level("x@1"), 0);
        }
    }
}

#[test]
fn the_ends_of_time_overflow_nothing() {
    for mode in [Mode::Ordered, Mode::Strict, Mode::Any, Mode::Increase, Mode::Reuse] {
        let (min, max) = (i64::MIN, i64::MAX);
        let events = format!("b@{min} a@{min} b@{max} c@{max}");
        let tied = if mode == Mode::Increase { 1 } else { 2 };
        assert_eq!(steps("a>b>c", max).mode(mode).grace(max).level(&events), tied);
        let level = |window: i64, events: &str| steps("a>b", window).mode(mode).level(events);
        assert_eq!(level(max, &format!("a@{min} b@{max}")), 1, "the span is longer than the longest window");
        assert_eq!(level(max, &format!("a@-1 b@{max}")), 1);
        assert_eq!(level(max, &format!("a@0 b@{max}")), 2);
        assert_eq!(level(0, &format!("a@{min} b@{}", min + 1)), 1);
    }
    assert_eq!(steps("a>b", 0).level(&format!("a@{} b@{}", i64::MIN, i64::MIN)), 2);
}

#[test]
fn malformed_settings_are_refused() {
    let plain = |steps| Settings::new(steps, Window::Fixed(1));
    let ranged = |mode, between| Settings { mode, excludes: vec![Exclusion { between: Some(between) }], ..plain(3) };
    let refused = [
        (plain(0), SettingsError::Steps(0)),
        (plain(65), SettingsError::Steps(65)),
        (Settings { optional: 1, ..plain(3) }, SettingsError::Optional(1)),
        (Settings { optional: 4, ..plain(3) }, SettingsError::Optional(3)),
        (Settings { optional: 1 << 63, ..plain(3) }, SettingsError::Optional(64)),
        (Settings { window: Window::Fixed(-1), ..plain(3) }, SettingsError::Window(-1)),
        (Settings { grace: Some(-1), ..plain(3) }, SettingsError::Grace(-1)),
        (Settings { excludes: vec![Exclusion::default(); 65], ..plain(3) }, SettingsError::Exclusions(65)),
        (ranged(Mode::Ordered, (2, 2)), SettingsError::Range(2, 2)),
        (ranged(Mode::Ordered, (0, 2)), SettingsError::Range(0, 2)),
        (ranged(Mode::Ordered, (2, 4)), SettingsError::Range(2, 4)),
        (ranged(Mode::Any, (1, 3)), SettingsError::RangeInAny),
        (Settings { optional: 2, ..ranged(Mode::Ordered, (2, 3)) }, SettingsError::RangeAtOptional(2)),
    ];
    for (settings, error) in refused {
        assert_eq!(settings.check(), Err(error));
        assert_eq!(Funnel::new(settings).err(), Some(error));
    }
    assert_eq!(plain(64).check(), Ok(()));
    assert_eq!(Settings { optional: 2, ..ranged(Mode::Strict, (1, 3)) }.check(), Ok(()));
}
