//! Whether groups come to an event at different rates: the log-rank test (Mantel 1966; Peto & Peto 1972).

use nalgebra::{DMatrix, DVector};

use super::special::chi_squared_tail;

/// The test.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// The statistic.
    pub chi_squared: f64,
    /// Groups less one, of those to which any event was to be expected.
    pub degrees_of_freedom: u64,
    /// The probability of a statistic as large where all groups are alike.
    pub p_value: f64,
}

/// Compares groups of durations (finite and not negative), each with whether the event was seen at its end. At each time of an
/// event, events are dealt to the groups as they are at risk; their variance is the hypergeometric one. A group of which nobody was
/// left at the first event says nothing. `None` of fewer than two others, or where the variance is 0. Memory is that of the
/// durations and of the square of the number of groups, as is the time of each event.
pub fn log_rank(groups: &[Vec<(f64, bool)>]) -> Option<LogRank> {
    let k = groups.len();
    let all = groups.iter().enumerate().flat_map(|(group, rows)| rows.iter().map(move |row| (row.0, group, row.1)));
    let mut all: Vec<(f64, usize, bool)> = all.collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut at_risk: Vec<f64> = groups.iter().map(|rows| rows.len() as f64).collect();
    let (mut seen, mut expected) = (vec![0.0; k], vec![0.0; k]);
    let mut covariance = DMatrix::<f64>::zeros(k, k);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let n: f64 = at_risk.iter().sum();
        let d = tied.iter().filter(|row| row.2).count() as f64;
        tied.iter().filter(|row| row.2).for_each(|row| seen[row.1] += 1.0);
        if d > 0.0 {
            expected.iter_mut().zip(&at_risk).for_each(|(expected, at_risk)| *expected += d * at_risk / n);
        }
        if d > 0.0 && n > 1.0 {
            let spread = d * (n - d) / (n - 1.0);
            for i in 0..k {
                for j in 0..k {
                    let own = if i == j { at_risk[i] / n } else { 0.0 };
                    covariance[(i, j)] += spread * (own - at_risk[i] * at_risk[j] / (n * n));
                }
            }
        }
        tied.iter().for_each(|row| at_risk[row.1] -= 1.0);
    }
    // One of the groups follows from the others.
    let compared: Vec<usize> = (0..k).filter(|group| expected[*group] > 0.0).skip(1).collect();
    let surplus = DVector::from_iterator(compared.len(), compared.iter().map(|i| seen[*i] - expected[*i]));
    let covariance = covariance.select_rows(&compared).select_columns(&compared);
    let degrees_of_freedom = compared.len() as u64;
    if degrees_of_freedom == 0 {
        return None;
    }
    let chi_squared = surplus.dot(&covariance.cholesky()?.solve(&surplus));
    let p_value = chi_squared_tail(chi_squared, degrees_of_freedom as f64);
    Some(LogRank { chi_squared, degrees_of_freedom, p_value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::special::tests::assert_close;
    use crate::stats::survival::tests::{control, treated};

    /// tests/golden/survival.py
    #[test]
    fn waltons_equal_the_reference() {
        let test = log_rank(&[control().collect(), treated().collect()]).unwrap();
        assert_close(test.chi_squared, 122.249125573, 1e-9);
        assert!(test.degrees_of_freedom == 1 && test.p_value < 1e-27);
        let other_way = log_rank(&[treated().collect(), control().collect()]).unwrap();
        assert_close(other_way.chi_squared, test.chi_squared, 1e-9);
    }

    #[test]
    fn groups_that_cannot_be_compared_are_not() {
        let rows = vec![(1.0, true), (2.0, true)];
        assert_eq!(log_rank(&[]), None);
        assert_eq!(log_rank(std::slice::from_ref(&rows)), None);
        assert_eq!(log_rank(&[rows.clone(), vec![]]), None);
        assert_eq!(log_rank(&[vec![(1.0, false)], vec![(2.0, false)]]), None);
        let gone = log_rank(&[rows.clone(), rows.clone(), vec![(0.5, false)]]).unwrap();
        assert_eq!((gone.chi_squared, gone.degrees_of_freedom), (0.0, 1));
        let alike = log_rank(&[rows.clone(), rows.clone(), rows]).unwrap();
        assert!(alike.chi_squared.abs() < 1e-12 && (alike.p_value - 1.0).abs() < 1e-9 && alike.degrees_of_freedom == 2);
    }
}
