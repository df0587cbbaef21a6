//! Gauss' hypergeometric function, which the expectations of purchase models need.

/// Terms after which a series is given up; at `z = .999` about 40,000 are summed.
const TERMS: u32 = 100_000;

/// `ln 2F1(a, b; c; z)` for positive `a`, `b`, `c` and `0 <= z < 1`, where the function is positive; NaN elsewhere.
///
/// The series of `2F1(a, b; c; z)` has positive terms, so that nothing cancels. Where it would converge slowly, and all of its
/// parameters stay positive, Euler's transformation `(1 - z)^(c-a-b) 2F1(c-a, c-b; c; z)` (Abramowitz & Stegun 15.3.3) has smaller
/// ones. It is summed about its largest term, as that can be beyond what a double holds.
pub fn ln_hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let defined = a > 0.0 && b > 0.0 && c > 0.0 && (0.0..1.0).contains(&z);
    if !defined {
        return f64::NAN;
    }
    let (a2, b2) = (c - a, c - b);
    if a2 > 0.0 && b2 > 0.0 && a2 + b2 < a + b {
        return (c - a - b) * (-z).ln_1p() + ln_series(a2, b2, c, z);
    }
    ln_series(a, b, c, z)
}

fn ln_series(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut sum, mut term, mut scale) = (1.0, 1.0, 0.0);
    for n in 0..TERMS {
        let n = f64::from(n);
        let ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        term *= ratio;
        sum += term;
        // The rest is at most a geometric series.
        if ratio < 1.0 && term < sum * f64::EPSILON / 4.0 * (1.0 - ratio.max(z)) {
            return scale + sum.ln();
        }
        if sum > 1e200 {
            (sum, term, scale) = (sum * 1e-200, term * 1e-200, scale + 200.0 * std::f64::consts::LN_10);
        }
    }
    f64::NAN
}

#[cfg(test)]
mod tests {
    use super::ln_hypergeometric;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    #[test]
    fn special_cases_are_elementary_functions() {
        for z in [0.0f64, 1e-6, 0.3, 0.9, 0.99, 0.999] {
            // A&S 15.1.3, 15.1.8.
            let expected = if z == 0.0 { 0.0 } else { (-(-z).ln_1p() / z).ln() };
            assert_near(ln_hypergeometric(1.0, 1.0, 2.0, z), expected);
            assert_near(ln_hypergeometric(2.5, 0.7, 0.7, z), -2.5 * (-z).ln_1p());
        }
    }

    #[test]
    fn large_parameters_do_not_overflow() {
        assert_near(ln_hypergeometric(900.0, 1.5, 1.5, 0.9), -900.0 * 0.1f64.ln());
    }

    #[test]
    fn what_is_not_defined_is_no_number() {
        for (a, b, c, z) in
            [(-1.0, 1.0, 1.0, 0.5), (1.0, 1.0, 0.0, 0.5), (1.0, 1.0, 1.0, 1.0), (1.0, f64::NAN, 1.0, 0.5)]
        {
            assert!(ln_hypergeometric(a, b, c, z).is_nan());
        }
    }
}
