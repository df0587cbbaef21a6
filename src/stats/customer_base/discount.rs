//! The present value of what is expected.

/// The present value of purchases of the same value, expected as `until(t)` in all up to time `t` from now: those of each of
/// `periods` periods of this length, discounted by `rate` a period as of its end. A rate of .01 is one per cent.
pub fn present_value(until: impl Fn(f64) -> f64, value: f64, periods: u32, length: f64, rate: f64) -> f64 {
    let mut before = 0.0;
    let of_period = |period: u32| {
        let all = until(f64::from(period) * length);
        let new = all - std::mem::replace(&mut before, all);
        value * new / (1.0 + rate).powi(period as i32)
    };
    (1..=periods).map(of_period).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::customer_base::bg_nbd::BgNbd;
    use crate::stats::customer_base::cdnow;
    use crate::stats::customer_base::fit::{PurchaseModel, fit};

    #[test]
    fn a_purchase_a_period_is_an_annuity() {
        let value = present_value(|t| t, 100.0, 12, 1.0, 0.01);
        assert!((value - 100.0 * (1.0 - 1.01f64.powi(-12)) / 0.01).abs() < 1e-9);
        assert_eq!(present_value(|t| t, 100.0, 0, 1.0, 0.01), 0.0);
    }

    /// lifetimes 0.11.3, BG/NBD with Gamma-Gamma, a month of 4.345 weeks.
    #[test]
    fn cdnow_over_a_year_is_worth_what_others_say() {
        let (buying, spending) =
            (fit::<BgNbd>(&cdnow::histories()).unwrap().model, cdnow::spending().fit().unwrap().model);
        let values: Vec<f64> = cdnow::with_values()
            .map(|(history, mean)| {
                let value = spending.expected_value(history.repeats, mean).unwrap();
                present_value(|t| buying.expected_purchases(&history, t), value, 12, 4.345, 0.01)
            })
            .collect();
        for (found, expected) in values.iter().zip([36.2785, 4.6375, 8.3441, 8.3441, 8.3441]) {
            assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
        }
        assert!((values.iter().sum::<f64>() / values.len() as f64 - 30.339372).abs() < 1e-3);
    }
}
