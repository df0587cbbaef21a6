//! Spells: stretches of time from a start to an end, some of them still running when observation stopped.

use std::collections::BTreeMap;

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;

/// Spells as instants and durations in microseconds.
///
/// A spell without an end is still open at the instant until which it was observed; where a row names none, that is the
/// latest start or end among all spells, known only when all are seen. Hence the state keeps the starts of those.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spells {
    /// Durations of the spells whose end was seen.
    pub closed: Vec<i64>,
    /// Durations until the spell's own last observation, of those still open then.
    pub censored: Vec<i64>,
    /// Starts of the open spells that name no last observation.
    pub open_since: Vec<i64>,
    /// The latest start or end of a counted spell.
    pub latest: Option<i64>,
    /// Rows left out because they end, or are observed last, before they start.
    pub dropped: u64,
}

impl Spells {
    /// Adds one spell. An end after the last observation had not been seen then: the spell counts as open.
    pub fn insert(&mut self, started: i64, ended: Option<i64>, observed_until: Option<i64>) {
        if ended.is_some_and(|ended| ended < started) || observed_until.is_some_and(|until| until < started) {
            self.dropped += 1;
            return;
        }
        self.latest = self.latest.max(ended.or(Some(started)));
        match (ended, observed_until) {
            (Some(ended), until) if until.is_none_or(|until| ended <= until) => {
                self.closed.push(ended.saturating_sub(started));
            }
            (_, Some(until)) => self.censored.push(until.saturating_sub(started)),
            (_, None) => self.open_since.push(started),
        }
    }

    /// Adds another's spells.
    pub fn merge(&mut self, other: &Self) {
        self.closed.extend_from_slice(&other.closed);
        self.censored.extend_from_slice(&other.censored);
        self.open_since.extend_from_slice(&other.open_since);
        self.latest = self.latest.max(other.latest);
        self.dropped += other.dropped;
    }

    /// How many spells count.
    pub fn n(&self) -> u64 {
        self.closed.len() as u64 + self.open()
    }

    /// How many of them were still open.
    pub fn open(&self) -> u64 {
        (self.censored.len() + self.open_since.len()) as u64
    }

    /// Durations in days with whether the end was seen, in no particular order.
    pub fn durations(&self) -> impl Iterator<Item = (f64, bool)> {
        self.durations_until(self.latest)
    }

    /// The same, where the latest instant is another.
    fn durations_until(&self, latest: Option<i64>) -> impl Iterator<Item = (f64, bool)> {
        let days = |microseconds: i64| microseconds as f64 / DAY;
        let since = move |start: &i64| days(latest.unwrap_or(*start).saturating_sub(*start));
        let closed = self.closed.iter().map(move |&duration| (days(duration), true));
        let censored = self.censored.iter().map(move |&duration| (days(duration), false));
        closed.chain(censored).chain(self.open_since.iter().map(move |start| (since(start), false)))
    }
}

/// Spells by the group they belong to. All groups were observed together: what names no last observation lasts until the latest
/// instant of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupedSpells {
    /// By the group's name.
    pub groups: BTreeMap<String, Spells>,
    /// How many spells they keep: counted on the way, because groups may be many.
    pub kept: usize,
    /// Bytes of the groups' names.
    pub names: usize,
}

impl GroupedSpells {
    /// Adds one spell of a group.
    pub fn insert(&mut self, group: &str, started: i64, ended: Option<i64>, observed_until: Option<i64>) {
        self.change(group, |spells| spells.insert(started, ended, observed_until));
    }

    /// Adds another's spells.
    pub fn merge(&mut self, other: &Self) {
        other.groups.iter().for_each(|(group, others)| self.change(group, |spells| spells.merge(others)));
    }

    /// How many spells count.
    pub fn n(&self) -> u64 {
        self.groups.values().map(Spells::n).sum()
    }

    /// Durations of each group, as [`Spells::durations`] gives them.
    pub fn durations(&self) -> Vec<Vec<(f64, bool)>> {
        let latest = self.groups.values().filter_map(|spells| spells.latest).max();
        self.groups.values().map(|spells| spells.durations_until(latest).collect()).collect()
    }

    /// Changes the spells of a group, which may be new.
    pub fn change(&mut self, group: &str, by: impl FnOnce(&mut Spells)) {
        if !self.groups.contains_key(group) {
            self.groups.insert(group.to_owned(), Spells::default());
            self.names += group.len();
        }
        if let Some(spells) = self.groups.get_mut(group) {
            let before = spells.n();
            by(spells);
            self.kept += (spells.n() - before) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: i64 = DAY as i64;

    fn durations(spells: &Spells) -> Vec<(f64, bool)> {
        spells.durations().collect()
    }

    #[test]
    fn open_spells_last_until_the_latest_instant() {
        let mut spells = Spells::default();
        spells.insert(0, Some(10 * D), None);
        spells.insert(4 * D, None, None);
        assert_eq!(durations(&spells), [(10.0, true), (6.0, false)]);
        spells.insert(15 * D, None, None);
        assert_eq!(durations(&spells), [(10.0, true), (11.0, false), (0.0, false)]);
        assert_eq!((spells.n(), spells.open()), (3, 2));
    }

    #[test]
    fn an_observation_ends_what_it_can_see() {
        let mut spells = Spells::default();
        spells.insert(0, None, Some(3 * D));
        spells.insert(0, Some(5 * D), Some(3 * D));
        spells.insert(0, Some(3 * D), Some(3 * D));
        assert_eq!(durations(&spells), [(3.0, true), (3.0, false), (3.0, false)]);
    }

    #[test]
    fn negative_times_are_dropped_and_counted() {
        let mut spells = Spells::default();
        spells.insert(5 * D, Some(4 * D), None);
        spells.insert(5 * D, None, Some(4 * D));
        assert_eq!((spells.n(), spells.dropped, spells.latest), (0, 2, None));
        spells.insert(5 * D, Some(5 * D), None);
        assert_eq!(durations(&spells), [(0.0, true)]);
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let mut spells = Spells::default();
        spells.insert(i64::MIN, Some(i64::MAX), None);
        spells.insert(i64::MIN, None, None);
        assert!(durations(&spells).iter().all(|(days, _)| days.is_finite() && *days > 0.0));
    }

    #[test]
    fn groups_share_their_latest_instant() {
        let mut grouped = GroupedSpells::default();
        grouped.insert("b", 0, None, None);
        grouped.insert("a", 2 * D, Some(9 * D), None);
        grouped.insert("a", 3 * D, Some(D), None);
        assert_eq!(grouped.durations(), [vec![(7.0, true)], vec![(9.0, false)]]);
        assert_eq!((grouped.n(), grouped.kept, grouped.names), (2, 2, 2));
        let mut twice = grouped.clone();
        twice.merge(&grouped);
        assert_eq!((twice.n(), twice.kept, twice.names, twice.groups["a"].dropped), (4, 4, 2, 2));
    }

    #[test]
    fn merging_is_the_same_as_inserting() {
        let rows = [(0, Some(7 * D), None), (2 * D, None, None), (3 * D, Some(D), None), (D, None, Some(9 * D))];
        let of = |rows: &[(i64, Option<i64>, Option<i64>)]| {
            let mut spells = Spells::default();
            rows.iter().for_each(|&(started, ended, until)| spells.insert(started, ended, until));
            spells
        };
        let mut merged = of(&rows[..2]);
        merged.merge(&of(&rows[2..]));
        assert_eq!(merged, of(&rows));
    }
}
