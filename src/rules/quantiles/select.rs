//! Quantiles of values by partial sorting.

/// The quantile of each fraction, `0.0..=1.0`, interpolated between neighbours as Postgres' `percentile_cont` does; none of no
/// values. NaN is above all numbers. Values are left in another order. Linear in the values, for few fractions.
pub(super) fn quantiles(values: &mut [f64], fractions: &[f64]) -> Vec<Option<f64>> {
    let Some(last) = values.len().checked_sub(1) else {
        return vec![None; fractions.len()];
    };
    let places: Vec<f64> = fractions.iter().map(|fraction| fraction * last as f64).collect();
    let mut ranks: Vec<usize> =
        places.iter().flat_map(|place| [place.floor() as usize, place.ceil() as usize]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    put(values, 0, &ranks);
    let interpolated = places.iter().map(|place| {
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        let way = place - place.floor();
        Some(if way == 0.0 { below } else { below + way * (above - below) })
    });
    interpolated.collect()
}

/// Puts the values of ranks in their places: the middle one parts the values, and the others are looked for in the parts.
/// `from` is the rank of the first value.
fn put(values: &mut [f64], from: usize, ranks: &[usize]) {
    let Some(&middle) = ranks.get(ranks.len() / 2) else { return };
    let (below, _, above) = values.select_nth_unstable_by(middle - from, f64::total_cmp);
    put(below, from, &ranks[..ranks.len() / 2]);
    put(above, middle + 1, &ranks[ranks.len() / 2 + 1..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By sorting.
    fn literal(values: &[f64], fraction: f64) -> Option<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let place = fraction * sorted.len().checked_sub(1)? as f64;
        let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        Some(if place.fract() == 0.0 { below } else { below + place.fract() * (above - below) })
    }

    #[test]
    fn the_examples_of_postgres() {
        // SELECT percentile_cont(ARRAY[0, .25, .5, .9, 1]) WITHIN GROUP (ORDER BY x) FROM (VALUES (1), (2), (4), (8)) t(x)
        let told = quantiles(&mut [8.0, 1.0, 4.0, 2.0], &[0.0, 0.25, 0.5, 0.9, 1.0]);
        let told: Vec<String> = told.into_iter().flatten().map(|value| format!("{value:.6}")).collect();
        assert_eq!(told, ["1.000000", "1.750000", "3.000000", "6.800000", "8.000000"]);
    }

    proptest! {
        #[test]
        fn equals_sorting(
            values in prop::collection::vec(prop_oneof![(0..9).prop_map(f64::from), any::<f64>()], 0..60),
            fractions in prop::collection::vec(prop_oneof![0.0..=1.0, Just(0.5), Just(1.0)], 0..5),
        ) {
            let told = quantiles(&mut values.clone(), &fractions);
            let expected: Vec<Option<f64>> = fractions.iter().map(|fraction| literal(&values, *fraction)).collect();
            let bits = |all: &[Option<f64>]| all.iter().map(|one| one.map(f64::to_bits)).collect::<Vec<_>>();
            prop_assert_eq!(bits(&told), bits(&expected));
        }
    }
}
