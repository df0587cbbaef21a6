//! Weights that halve with age.

/// Terms added up at a time; sums of such blocks are added again, so that a million touches lose no more than a few
/// thousand roundings.
const BLOCK: usize = 1024;

/// Fills `weights` with `2^(-age / half_life)`, normalised to sum 1.
///
/// The age at the conversion cancels in the quotient, so ages count from the latest touch. Its own weight is then 1
/// before normalising: the sum never underflows, however long the window.
///
/// This takes one `exp2` for each touch of each conversion (3 ns). Prefix sums of one factor per touch would not be
/// exact: factors of one scale underflow after a thousand half-lives, and the difference of two sums loses the digits
/// of a window that is light beside what came before it. Factors split into mantissa and exponent are exact, but cost a
/// 64-bit division and an `exp2` per touch (4 ns), which pays only where touches serve two conversions or more.
pub(super) fn weigh(touches: &[i64], half_life: i64, weights: &mut [f64]) {
    let Some(&latest) = touches.last() else { return };
    let half_life = half_life.max(1) as f64;
    for (weight, &touch) in weights.iter_mut().zip(touches) {
        *weight = (-(latest.saturating_sub(touch) as f64) / half_life).exp2();
    }
    let total: f64 = weights.chunks(BLOCK).map(|block| block.iter().sum::<f64>()).sum();
    for weight in weights {
        *weight /= total;
    }
}
