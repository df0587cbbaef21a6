//! The states of our aggregates as Arrow columns: names, types and order are declared here and nowhere else.
//!
//! States travel between partitions and machines, so a changed declaration needs all of them to run the same release.

use std::fmt::Debug;

use super::columns::{Reader, Writer};
use crate::functions::entry::{Column, ColumnKind};
use crate::sequence::retention::Retention;
use crate::stats::customer_base::gamma_gamma::Spending;
use crate::stats::customer_base::histories::Histories;
use crate::stats::difference::{Arm, Arms};
use crate::stats::incidence::CompetingSpells;
use crate::stats::moments::{Bivariate, Moments};
use crate::stats::proportion::Proportion;
use crate::stats::satisfaction::Promoters;
use crate::stats::spells::{GroupedSpells, Spells};
use crate::stats::sum::Sum;

/// What an aggregate remembers of the rows it has seen; the default has seen none.
pub(crate) trait State: Clone + Debug + Default + Send + Sync + 'static {
    /// Its columns.
    const COLUMNS: &'static [Column];
    /// Writes one row with these columns.
    fn write(&self, row: &mut Writer);
    /// Reads one row back.
    fn read(row: &mut Reader) -> Self;
    /// Adds what another has seen.
    fn merge(&mut self, other: &Self);
    /// Bytes it holds beside its own size.
    fn heap_size(&self) -> usize {
        0
    }
}

const fn count(name: &'static str) -> Column {
    Column::count(name, "")
}

const fn number(name: &'static str) -> Column {
    Column::number(name, "")
}

const fn instants(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Instants, description: "" }
}

const fn numbers(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Numbers, description: "" }
}

const fn texts(name: &'static str) -> Column {
    Column { name, kind: ColumnKind::Texts, description: "" }
}

impl State for Sum {
    const COLUMNS: &'static [Column] = &[count("n"), number("total"), number("lost")];

    fn write(&self, row: &mut Writer) {
        row.count(self.n);
        row.number(self.total);
        row.number(self.lost);
    }

    fn read(row: &mut Reader) -> Self {
        Self { n: row.count(), total: row.number(), lost: row.number() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl State for Moments {
    const COLUMNS: &'static [Column] = &[count("n"), number("mean"), number("m2")];

    fn write(&self, row: &mut Writer) {
        row.count(self.n);
        row.number(self.mean);
        row.number(self.m2);
    }

    fn read(row: &mut Reader) -> Self {
        Self { n: row.count(), mean: row.number(), m2: row.number() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl State for Proportion {
    const COLUMNS: &'static [Column] = &[count("n"), count("reached")];

    fn write(&self, row: &mut Writer) {
        row.count(self.n);
        row.count(self.reached);
    }

    fn read(row: &mut Reader) -> Self {
        Self { n: row.count(), reached: row.count() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl State for Promoters {
    const COLUMNS: &'static [Column] = &[count("n"), count("promoters"), count("detractors")];

    fn write(&self, row: &mut Writer) {
        row.count(self.n);
        row.count(self.promoters);
        row.count(self.detractors);
    }

    fn read(row: &mut Reader) -> Self {
        Self { n: row.count(), promoters: row.count(), detractors: row.count() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl State for Arms {
    const COLUMNS: &'static [Column] = &[
        count("treated_n"),
        number("treated_mean"),
        number("treated_m2"),
        number("treated_covariate_mean"),
        number("treated_covariate_m2"),
        number("treated_products"),
        count("treated_unpaired_n"),
        number("treated_unpaired_mean"),
        number("treated_unpaired_m2"),
        count("control_n"),
        number("control_mean"),
        number("control_m2"),
        number("control_covariate_mean"),
        number("control_covariate_m2"),
        number("control_products"),
        count("control_unpaired_n"),
        number("control_unpaired_mean"),
        number("control_unpaired_m2"),
    ];

    fn write(&self, row: &mut Writer) {
        for Arm { paired, unpaired } in [&self.treated, &self.control] {
            paired.y.write(row);
            row.number(paired.x.mean);
            row.number(paired.x.m2);
            row.number(paired.products);
            unpaired.write(row);
        }
    }

    fn read(row: &mut Reader) -> Self {
        let mut arm = || {
            let y = Moments::read(row);
            let x = Moments { n: y.n, mean: row.number(), m2: row.number() };
            Arm { paired: Bivariate { y, x, products: row.number() }, unpaired: Moments::read(row) }
        };
        Self { treated: arm(), control: arm() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }
}

impl State for Spells {
    const COLUMNS: &'static [Column] = &[
        instants("closed"),
        instants("censored"),
        instants("open_since"),
        Column { name: "latest", kind: ColumnKind::Instant, description: "" },
        count("dropped"),
    ];

    fn write(&self, row: &mut Writer) {
        row.instants(&self.closed);
        row.instants(&self.censored);
        row.instants(&self.open_since);
        row.instant(self.latest);
        row.count(self.dropped);
    }

    fn read(row: &mut Reader) -> Self {
        Self {
            closed: row.instants(),
            censored: row.instants(),
            open_since: row.instants(),
            latest: row.instant(),
            dropped: row.count(),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn heap_size(&self) -> usize {
        let instants = self.closed.capacity() + self.censored.capacity() + self.open_since.capacity();
        instants * size_of::<i64>()
    }
}

impl State for CompetingSpells {
    const COLUMNS: &'static [Column] = &[
        instants("own_closed"),
        instants("own_censored"),
        instants("own_open_since"),
        Column { name: "own_latest", kind: ColumnKind::Instant, description: "" },
        count("own_dropped"),
        instants("others_closed"),
        instants("others_censored"),
        instants("others_open_since"),
        Column { name: "others_latest", kind: ColumnKind::Instant, description: "" },
        count("others_dropped"),
    ];

    fn write(&self, row: &mut Writer) {
        self.own.write(row);
        self.others.write(row);
    }

    fn read(row: &mut Reader) -> Self {
        Self { own: Spells::read(row), others: Spells::read(row) }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn heap_size(&self) -> usize {
        self.own.heap_size() + self.others.heap_size()
    }
}

impl State for GroupedSpells {
    const COLUMNS: &'static [Column] = &[
        texts("groups"),
        instants("closed_counts"),
        instants("censored_counts"),
        instants("open_counts"),
        instants("closed"),
        instants("censored"),
        instants("open_since"),
        instants("latest"),
        instants("dropped"),
    ];

    fn write(&self, row: &mut Writer) {
        let spells = || self.groups.values();
        let counts = |of: fn(&Spells) -> usize| spells().map(|spells| of(spells) as i64).collect::<Vec<_>>();
        let all = |of: fn(&Spells) -> &Vec<i64>| spells().flat_map(of).copied().collect::<Vec<_>>();
        row.texts(self.groups.keys());
        row.instants(&counts(|spells| spells.closed.len()));
        row.instants(&counts(|spells| spells.censored.len()));
        row.instants(&counts(|spells| spells.open_since.len()));
        row.instants(&all(|spells| &spells.closed));
        row.instants(&all(|spells| &spells.censored));
        row.instants(&all(|spells| &spells.open_since));
        row.instants(&spells().map(|spells| spells.latest.unwrap_or(i64::MIN)).collect::<Vec<_>>());
        row.instants(&counts(|spells| spells.dropped as usize));
    }

    fn read(row: &mut Reader) -> Self {
        let groups = row.texts();
        let counts = [row.instants(), row.instants(), row.instants()];
        let mut all = [row.instants(), row.instants(), row.instants()].map(Vec::into_iter);
        let (latest, dropped) = (row.instants(), row.instants());
        let mut state = Self::default();
        for (i, group) in groups.iter().enumerate() {
            let mut next = |kind: usize| all[kind].by_ref().take(counts[kind][i] as usize).collect::<Vec<i64>>();
            let (closed, censored, open_since) = (next(0), next(1), next(2));
            let seen = !(closed.is_empty() && censored.is_empty() && open_since.is_empty());
            let latest = seen.then_some(latest[i]);
            let spells = Spells { closed, censored, open_since, latest, dropped: dropped[i] as u64 };
            state.change(group, |empty| *empty = spells);
        }
        state
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    /// Vectors grow by doubling.
    fn heap_size(&self) -> usize {
        2 * self.kept * size_of::<i64>() + self.names + self.groups.len() * size_of::<(String, Spells)>()
    }
}

impl State for Histories {
    const COLUMNS: &'static [Column] = &[numbers("repeats"), numbers("recencies"), numbers("ages"), count("dropped")];

    fn write(&self, row: &mut Writer) {
        row.numbers(&self.repeats);
        row.numbers(&self.recencies);
        row.numbers(&self.ages);
        row.count(self.dropped);
    }

    fn read(row: &mut Reader) -> Self {
        Self { repeats: row.numbers(), recencies: row.numbers(), ages: row.numbers(), dropped: row.count() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn heap_size(&self) -> usize {
        (self.repeats.capacity() + self.recencies.capacity() + self.ages.capacity()) * size_of::<f64>()
    }
}

impl State for Spending {
    const COLUMNS: &'static [Column] = &[numbers("repeats"), numbers("values"), count("dropped")];

    fn write(&self, row: &mut Writer) {
        row.numbers(&self.repeats);
        row.numbers(&self.values);
        row.count(self.dropped);
    }

    fn read(row: &mut Reader) -> Self {
        Self { repeats: row.numbers(), values: row.numbers(), dropped: row.count() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn heap_size(&self) -> usize {
        (self.repeats.capacity() + self.values.capacity()) * size_of::<f64>()
    }
}

impl State for Retention {
    const COLUMNS: &'static [Column] =
        &[Column { name: "first", kind: ColumnKind::Instant, description: "" }, instants("last")];

    fn write(&self, row: &mut Writer) {
        row.instant(self.first);
        row.instants(&self.last);
    }

    fn read(row: &mut Reader) -> Self {
        Self { first: row.instant(), last: row.instants() }
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn heap_size(&self) -> usize {
        self.last.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written comes back, row by row, and every column has the type it was declared with.
    fn round_trip<S: State + PartialEq>(states: &[S]) {
        let mut writer = Writer::new(S::COLUMNS, states.len());
        states.iter().for_each(|state| state.write(&mut writer));
        let arrays = writer.finish();
        for (column, array) in S::COLUMNS.iter().zip(&arrays) {
            assert_eq!((array.data_type(), array.len()), (&column.kind.data_type(), states.len()), "{}", column.name);
        }
        let mut reader = Reader::new(S::COLUMNS, &arrays).unwrap();
        for state in states {
            assert_eq!(&S::read(&mut reader), state);
        }
    }

    #[test]
    fn every_state_comes_back_as_it_was_written() {
        round_trip(&[Sum::default(), Sum { n: 3, total: 1.5, lost: -1e-17 }]);
        round_trip(&[Moments { n: 2, mean: 3.5, m2: 0.5 }, Moments::default()]);
        round_trip(&[Proportion { n: 5, reached: 4 }, Proportion::default()]);
        round_trip(&[Promoters { n: 5, promoters: 4, detractors: 1 }, Promoters::default()]);
        let moments = |n, mean| Moments { n, mean, m2: mean * 2.0 };
        let arm = |n| Arm {
            paired: Bivariate { y: moments(n, 1.0), x: moments(n, 3.0), products: 5.0 },
            unpaired: moments(n + 1, 7.0),
        };
        round_trip(&[Arms { treated: arm(6), control: arm(7) }, Arms::default()]);
        let spells =
            Spells { closed: vec![1, 2], censored: vec![], open_since: vec![-7], latest: Some(-3), dropped: 1 };
        round_trip(&[spells.clone(), Spells::default(), spells.clone()]);
        round_trip(&[CompetingSpells { own: Spells::default(), others: spells }, CompetingSpells::default()]);
        let mut grouped = GroupedSpells::default();
        grouped.insert("b", 1, Some(5), None);
        grouped.insert("b", 1, None, Some(4));
        grouped.insert("", 3, None, None);
        grouped.insert("c", 3, Some(1), None);
        round_trip(&[grouped.clone(), GroupedSpells::default(), grouped]);
        let histories =
            Histories { repeats: vec![0.0, 2.0], recencies: vec![0.0, 1.5], ages: vec![3.0, 4.0], dropped: 1 };
        round_trip(&[histories, Histories::default()]);
        round_trip(&[Spending { repeats: vec![2.0], values: vec![1.5], dropped: 3 }, Spending::default()]);
        round_trip(&[Retention { first: Some(-3), last: vec![i64::MIN, 7] }, Retention::default()]);
    }
}
