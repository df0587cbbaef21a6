//! Attribution written down as it is defined, touch by touch and conversion by conversion.

use crate::sequence::attribution::{Lookback, Milestones, Model};

/// Rows of the touches of a conversion: `conversion - lookback <= touch <= conversion`, and with reset those that no
/// earlier conversion has behind it.
pub(super) fn window(
    touches: &[i64],
    conversions: &[i64],
    row: usize,
    lookback: Lookback<'_>,
    reset: bool,
) -> Vec<usize> {
    let conversion = conversions[row];
    let start = match lookback {
        Lookback::Fixed(duration) => conversion - duration,
        Lookback::Starts(starts) => starts[row],
    };
    let forgotten = |touch: i64| reset && conversions.iter().any(|&earlier| earlier < conversion && touch <= earlier);
    let counts = |touch: i64| start <= touch && touch <= conversion && !forgotten(touch);
    (0..touches.len()).filter(|&row| counts(touches[row])).collect()
}

/// Weights of the touches of one conversion.
pub(super) fn weights(model: Model, touches: &[i64], conversion: i64, milestones: Milestones) -> Vec<f64> {
    let n = touches.len();
    let between = |first: f64, last: f64| match n {
        0 => vec![],
        1 => vec![1.0],
        2 => vec![first / (first + last), last / (first + last)],
        _ => {
            let mut weights = vec![(1.0 - first - last) / (n as f64 - 2.0); n];
            weights[0] = first;
            weights[n - 1] = last;
            weights
        }
    };
    let holder = |reached: Option<i64>| {
        let reached = reached.filter(|&reached| reached <= conversion)?;
        (0..n).rfind(|&row| touches[row] <= reached)
    };
    let lead = holder(milestones.lead);
    let opportunity = holder(milestones.opportunity);
    match model {
        Model::First => (0..n).map(|row| if row == 0 { 1.0 } else { 0.0 }).collect(),
        Model::Last => (0..n).map(|row| if row == n - 1 { 1.0 } else { 0.0 }).collect(),
        Model::Linear => vec![1.0 / n as f64; n],
        Model::Position => between(0.4, 0.4),
        Model::J => between(0.2, 0.6),
        Model::InverseJ => between(0.6, 0.2),
        Model::TimeDecay { half_life } => {
            // Ages count from the latest touch: from the conversion every power may be 0.
            let power = |&touch: &i64| 0.5f64.powf((touches[n - 1] - touch) as f64 / half_life as f64);
            let powers: Vec<f64> = touches.iter().map(power).collect();
            powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
        }
        Model::W => by_milestones(n, 0.3, &[(n > 0).then_some(0), lead, opportunity]),
        Model::FullPath => by_milestones(n, 0.225, &[(n > 0).then_some(0), lead, opportunity, n.checked_sub(1)]),
        Model::Participation => vec![1.0; n],
    }
}

/// The share for each milestone a touch holds, 0.1 shared by those that hold none, renormalised.
fn by_milestones(n: usize, share: f64, milestones: &[Option<usize>]) -> Vec<f64> {
    let held = |row: usize| milestones.iter().filter(|&&holder| holder == Some(row)).count() as f64;
    let others = (0..n).filter(|&row| held(row) == 0.0).count() as f64;
    let weight = |row: usize| if held(row) > 0.0 { share * held(row) } else { 0.1 / others };
    let total: f64 = (0..n).map(weight).sum();
    (0..n).map(|row| weight(row) / total).collect()
}
