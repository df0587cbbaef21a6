//! Quantiles and tails of the distributions that intervals and tests need.
//!
//! Tails are computed as tails, never as `1 - cdf`, which loses all digits beyond 1e-16. Error function, gamma and
//! incomplete beta come from `statrs`. Its Student quantile does not: version 0.19 is off by 3e-7 at 36,671 degrees of
//! freedom and does not return at 1e8 (a test below holds the former, so that a repaired library is noticed).

use std::f64::consts::{PI, SQRT_2};

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// Degrees of freedom from which expansions in `1 / df` are exact to rounding, while the incomplete beta function loses
/// digits, because its argument `df / (df + t^2)` rounds to 1.
const MANY: f64 = 1e4;

/// The `p` quantile of the standard normal distribution, `p` strictly between 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    if p < 0.5 { -upper_normal_quantile(p) } else { upper_normal_quantile(1.0 - p) }
}

fn upper_normal_quantile(tail: f64) -> f64 {
    SQRT_2 * erfc_inv(2.0 * tail)
}

/// P(X > x) for a chi-squared X with one degree of freedom, `x >= 0`: X is the square of a standard normal.
pub fn chi_squared_upper(x: f64) -> f64 {
    erfc((x / 2.0).sqrt())
}

/// P(X > x) for a chi-squared X with `df > 0` degrees of freedom; NaN of a negative `x`.
pub fn chi_squared_tail(x: f64, df: f64) -> f64 {
    if x == 0.0 { 1.0 } else { checked_gamma_ur(df / 2.0, x / 2.0).unwrap_or(f64::NAN) }
}

/// The `p` quantile of Student's t with `df > 0` degrees of freedom, `p` strictly between 0 and 1.
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 {
        return -student_t_quantile(1.0 - p, df);
    }
    let z = normal_quantile(p);
    if df >= MANY { expanded_quantile(z, df) } else { newton_quantile(1.0 - p, z, df) }
}

/// P(|T| > |t|) for Student's t with `df > 0` degrees of freedom; NaN where an argument is, as overflowed sums can make it.
pub fn student_t_two_sided(t: f64, df: f64) -> f64 {
    if df >= MANY {
        return expanded_two_sided(t, df);
    }
    checked_beta_reg(df / 2.0, 0.5, df / (df + t * t)).unwrap_or(f64::NAN)
}

/// The Cornish-Fisher expansion of a t quantile about the normal one (Abramowitz & Stegun 26.7.5).
fn expanded_quantile(z: f64, df: f64) -> f64 {
    let z2 = z * z;
    let g1 = (z2 + 1.0) / 4.0;
    let g2 = ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let g3 = (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    z * (1.0 + (g1 + (g2 + g3 / df) / df) / df)
}

/// Hill (1970, "Algorithm 395: Student's t-distribution", Communications of the ACM 13): a normal deviate of equal tail.
fn expanded_two_sided(t: f64, df: f64) -> f64 {
    let a = df - 0.5;
    let b = 48.0 * a * a;
    let y = a * (t * t / df).ln_1p();
    let correction = ((-0.4 * y - 3.3) * y - 24.0) * y - 85.5;
    erfc(y.sqrt() * (1.0 + (correction / (0.8 * y * y + 100.0 + b) + y + 3.0) / b) / SQRT_2)
}

/// Newton's method on the tail, which falls ever more slowly: from the normal quantile, which is always below, every step
/// stops short of the root, so that it can't overshoot.
fn newton_quantile(tail: f64, z: f64, df: f64) -> f64 {
    let ln_scale = ln_gamma((df + 1.0) / 2.0) - ln_gamma(df / 2.0) - 0.5 * (df * PI).ln();
    let mut t = z;
    loop {
        let density = (ln_scale - (df + 1.0) / 2.0 * (t * t / df).ln_1p()).exp();
        let step = (student_t_two_sided(t, df) / 2.0 - tail) / density;
        t += step;
        // A step that is no number ends the search too.
        if step.is_nan() || step <= 1e-14 * t {
            return t;
        }
    }
}

#[cfg(test)]
#[expect(clippy::excessive_precision, reason = "reference values stand as their source prints them")]
pub(crate) mod tests {
    use super::*;

    /// Equal within a relative tolerance.
    #[track_caller]
    pub(crate) fn assert_close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance * expected.abs(), "got {got}, expected {expected}");
    }

    /// tests/golden/special.py
    #[test]
    fn student_quantiles_equal_the_reference() {
        for (p, df, expected) in [
            (0.975, 1.0, 12.706204736174705),
            (0.975, 2.0, 4.3026527297494639),
            (0.975, 6.0, 2.44691185114497),
            (0.95, 2.5, 2.5582186141359366),
            (0.975, 30.0, 2.0422724563012383),
            (0.995, 1000.0, 2.5807546980659511),
            (0.975, 36671.16, 1.9600286770177398),
            (0.9995, 36671.16, 3.2907920747025873),
            (0.975, 1e6, 1.959966356814107),
            (0.975, 1e8, 1.9599640082627668),
        ] {
            assert_close(student_t_quantile(p, df), expected, 1e-12);
            assert_close(student_t_quantile(1.0 - p, df), -expected, 1e-12);
        }
    }

    /// tests/golden/special.py
    #[test]
    fn student_tails_equal_the_reference() {
        for (t, df, expected) in [
            (2.0, 3.0, 0.13932596855884318),
            (-12.0, 5.5, 3.7480500629233416e-5),
            (0.01, 7.0, 0.99230031764362177),
            (5.3, 36671.16, 1.1647093370666506e-7),
            (22.6, 36671.16, 2.5418376419094441e-112),
            (1.5, 1e8, 0.13361440569470752),
            (30.0, 1e8, 9.833364285883265e-198),
        ] {
            assert_close(student_t_two_sided(t, df), expected, 1e-9);
        }
    }

    #[test]
    fn extreme_quantiles_of_heavy_tails_are_found() {
        // One degree of freedom is the Cauchy distribution, whose quantile is tan(pi (p - 1/2)).
        assert_close(student_t_quantile(1.0 - 1e-9, 1.0), 1.0 / (PI * 1e-9), 1e-6);
    }

    /// tests/golden/special.py
    #[test]
    fn normal_and_chi_squared_equal_the_reference() {
        for (p, expected) in [
            (0.75, 0.67448975019608174),
            (0.9, 1.2815515655446005),
            (0.975, 1.9599639845400542),
            (0.995, 2.5758293035489008),
        ] {
            assert_close(normal_quantile(p), expected, 1e-14);
            assert_close(normal_quantile(1.0 - p), -expected, 1e-14);
        }
        for (x, expected) in [
            (0.0, 1.0),
            (0.1, 0.75182963404584928),
            (3.84, 0.050043521248705099),
            (100.0, 1.5239706048321052e-23),
            (1000.0, 1.7958327848007262e-219),
        ] {
            assert_close(chi_squared_upper(x), expected, 1e-9);
        }
    }

    #[test]
    fn the_library_still_lacks_a_precise_student_quantile() {
        use statrs::distribution::{ContinuousCDF, StudentsT};
        let library = StudentsT::new(0.0, 1.0, 36671.16).unwrap().inverse_cdf(0.975);
        assert!((library / 1.9600286770177398 - 1.0).abs() > 1e-9, "statrs is precise now: use it");
    }
}
