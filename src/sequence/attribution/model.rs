//! The attribution models, and the weights each gives to the touches of one conversion.

use super::decay;
use super::shares::Shares;

/// How the credit of a conversion is split among its touches. The weights of each model sum to 1, but for
/// `Participation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// All to the first touch.
    First,
    /// All to the last touch.
    Last,
    /// The same to each touch.
    Linear,
    /// 0.4 to the first, 0.4 to the last, 0.2 shared by those between.
    Position,
    /// 0.2 to the first, 0.6 to the last, 0.2 shared by those between.
    J,
    /// 0.6 to the first, 0.2 to the last, 0.2 shared by those between.
    InverseJ,
    /// In proportion to `2^(-age / half_life)`, continuously.
    TimeDecay {
        /// The age that halves a touch's weight, in the unit of the times; less than 1 counts as 1.
        half_life: i64,
    },
    /// 0.3 to the first, 0.3 to the touch of the lead, 0.3 to that of the opportunity, 0.1 shared by the others.
    W,
    /// 0.225 to the first, the touch of the lead, that of the opportunity and the last, 0.1 shared by the others.
    FullPath,
    /// 1 to each touch: how often it took part, not a split.
    Participation,
}

/// When a journey reached the states that W and full path reward; `None` where it has not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Milestones {
    /// When it became a lead.
    pub lead: Option<i64>,
    /// When it became an opportunity.
    pub opportunity: Option<i64>,
}

/// The way to one conversion.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    /// The times of the touches in its window, ascending.
    pub touches: &'a [i64],
    /// When it happened, at or after every touch.
    pub conversion: i64,
    /// When its journey reached the milestones.
    pub milestones: Milestones,
}

impl Model {
    /// Fills `weights`, as many as the path has touches, with the weight of each.
    ///
    /// The cost is that of filling a slice, but for time decay, which pays an `exp2` per touch.
    pub fn weigh(self, path: &Path<'_>, weights: &mut [f64]) {
        match self.rule() {
            Rule::Shares(shares) => shares.split(path).fill(weights),
            Rule::Same(weight) => weights.fill(weight),
            Rule::Halving(half_life) => decay::weigh(path.touches, half_life, weights),
        }
    }

    pub(super) fn rule(self) -> Rule {
        Rule::Shares(match self {
            Self::First => Shares { first: 1.0, ..Shares::default() },
            Self::Last => Shares { last: 1.0, ..Shares::default() },
            Self::Linear => Shares { rest: 1.0, ..Shares::default() },
            Self::Position => Shares { first: 0.4, last: 0.4, rest: 0.2, ..Shares::default() },
            Self::J => Shares { first: 0.2, last: 0.6, rest: 0.2, ..Shares::default() },
            Self::InverseJ => Shares { first: 0.6, last: 0.2, rest: 0.2, ..Shares::default() },
            Self::W => Shares { first: 0.3, lead: 0.3, opportunity: 0.3, last: 0.0, rest: 0.1 },
            Self::FullPath => Shares { first: 0.225, lead: 0.225, opportunity: 0.225, last: 0.225, rest: 0.1 },
            Self::TimeDecay { half_life } => return Rule::Halving(half_life),
            Self::Participation => return Rule::Same(1.0),
        })
    }
}

/// The three ways in which the models arrive at their weights.
pub(super) enum Rule {
    /// By place on the path.
    Shares(Shares),
    /// The same weight for each touch, whatever their number.
    Same(f64),
    /// By age, with this half-life.
    Halving(i64),
}
