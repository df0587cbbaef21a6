//! Quantiles of values by partial sorting.

use std::cmp::Ordering;

/// Where a quantile lies: the fraction of the way from the lowest value to the highest, or back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// From 0 to 1.
    pub fraction: f64,
    /// Whether values descend.
    pub descends: bool,
}

impl Place {
    /// The ranks of the two values that it lies between, of so many from 0, and how far beyond the first.
    fn between(self, last: usize) -> ([usize; 2], f64) {
        let place = self.fraction * last as f64;
        let ranks = [place.floor() as usize, place.ceil() as usize];
        (ranks.map(|rank| if self.descends { last - rank } else { rank }), place - place.floor())
    }
}

/// The quantile of each place, interpolated between neighbours as Postgres' `percentile_cont` does; none of no values. NaN is above
/// all numbers. Values are left in another order. Linear in the values, for few places.
pub(super) fn quantiles(values: &mut [f64], places: &[Place]) -> Vec<Option<f64>> {
    let Some(last) = values.len().checked_sub(1) else {
        return vec![None; places.len()];
    };
    let mut ranks: Vec<usize> = places.iter().flat_map(|place| place.between(last).0).collect();
    ranks.sort_unstable();
    ranks.dedup();
    put(values, 0, &ranks);
    let interpolated = places.iter().map(|place| {
        let ([first, second], way) = place.between(last);
        let (first, second) = (values[first], values[second]);
        Some(if way == 0.0 { first } else { first + way * (second - first) })
    });
    interpolated.collect()
}

/// The order of numbers, NaN of either sign above all.
fn order(one: &f64, other: &f64) -> Ordering {
    one.is_nan().cmp(&other.is_nan()).then_with(|| one.total_cmp(other))
}

/// Puts the values of ranks in their places: the middle one parts the values, and the others are looked for in the parts.
/// `from` is the rank of the first value.
fn put(values: &mut [f64], from: usize, ranks: &[usize]) {
    let Some(&middle) = ranks.get(ranks.len() / 2) else { return };
    let (below, _, above) = values.select_nth_unstable_by(middle - from, order);
    put(below, from, &ranks[..ranks.len() / 2]);
    put(above, middle + 1, &ranks[ranks.len() / 2 + 1..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn up(fraction: f64) -> Place {
        Place { fraction, descends: false }
    }

    /// By sorting, in the direction that is asked for.
    fn literal(values: &[f64], place: Place) -> Option<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(order);
        if place.descends {
            sorted.reverse();
        }
        let way = place.fraction * sorted.len().checked_sub(1)? as f64;
        let (first, second) = (sorted[way.floor() as usize], sorted[way.ceil() as usize]);
        Some(if way.fract() == 0.0 { first } else { first + way.fract() * (second - first) })
    }

    #[test]
    fn the_examples_of_postgres() {
        // SELECT percentile_cont(ARRAY[0, .25, .5, .9, 1]) WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2), (4), (8)) t(x)
        let told = quantiles(&mut [8.0, 1.0, 4.0, 2.0], &[0.0, 0.25, 0.5, 0.9, 1.0].map(up));
        let told: Vec<String> = told.into_iter().flatten().map(|value| format!("{value:.6}")).collect();
        assert_eq!(told, ["1.000000", "1.750000", "3.000000", "6.800000", "8.000000"]);
    }

    #[test]
    fn descending_values_are_met_from_above() {
        let mut values: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_eq!(quantiles(&mut values, &[Place { fraction: 0.9, descends: true }]), [Some(1.0)]);
        let negative = -f64::NAN;
        assert_eq!(quantiles(&mut [1.0, negative, 0.0], &[up(0.0), up(0.5)]), [Some(0.0), Some(1.0)]);
    }

    proptest! {
        #[test]
        fn equals_sorting(
            values in prop::collection::vec(prop_oneof![(0..9).prop_map(f64::from), any::<f64>()], 0..60),
            places in prop::collection::vec((prop_oneof![0.0..=1.0, Just(0.5), Just(1.0)], any::<bool>()), 0..5),
        ) {
            let places: Vec<Place> =
                places.into_iter().map(|(fraction, descends)| Place { fraction, descends }).collect();
            let told = quantiles(&mut values.clone(), &places);
            let expected: Vec<Option<f64>> = places.iter().map(|place| literal(&values, *place)).collect();
            let bits = |all: &[Option<f64>]| all.iter().map(|one| one.map(f64::to_bits)).collect::<Vec<_>>();
            prop_assert_eq!(bits(&told), bits(&expected));
        }
    }
}
