//! What a query asks of a funnel, and which requests make no sense.

use std::fmt;

/// The most steps and the most exclusions: each is a bit of a row's mask.
pub const MOST: usize = 64;

/// A funnel as a query describes it. Steps are numbered from 1, times are in the unit of [`Events::times`].
///
/// [`Events::times`]: super::Events::times
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Number of steps, 1 to 64.
    pub steps: usize,
    /// What the order of the chosen rows must be.
    pub mode: Mode,
    /// Which rows may open an attempt, and which attempts are told.
    pub entry: Entry,
    /// How long an attempt stays open.
    pub window: Window,
    /// Rows that void an attempt: bit `i` of [`Events::excluded`](super::Events::excluded) belongs to `excludes[i]`.
    pub excludes: Vec<Exclusion>,
    /// Steps that may be missing: bit `k - 1` is step `k`. Neither the first nor the last.
    pub optional: u64,
    /// Two consecutive steps no farther apart than this may come in either order. Two, not three: every other pair of
    /// steps keeps its order. Where the steps have no order anyway it changes nothing.
    pub grace: Option<i64>,
    /// The instant of observation: an attempt whose window ends later may still go on.
    pub as_of: i64,
}

/// What the order of the chosen rows must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Distinct rows, times not decreasing.
    #[default]
    Ordered,
    /// As ordered, and no other row lies between the first and the last of them.
    Strict,
    /// Distinct rows in any order.
    Any,
    /// Distinct rows, times strictly increasing.
    Increase,
    /// As ordered, but one row may fill several steps.
    Reuse,
}

/// Which rows may open an attempt, and which attempts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Entry {
    /// Every row of step 1 opens one; the best is told.
    #[default]
    Best,
    /// Only the first row of step 1 opens one.
    First,
    /// Attempts follow one another without overlap; each is told.
    Each,
}

/// How long an attempt stays open after its first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// Up to and including this much later.
    Fixed(i64),
    /// Up to and including the instant that [`Events::ends`](super::Events::ends) gives for the row of step 1.
    PerRow,
}

/// Rows that void an attempt when they lie strictly between two of its chosen rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Exclusion {
    /// Only between rows chosen for these steps and those between them (both required, the first one less); `None` is the
    /// whole funnel.
    pub between: Option<(usize, usize)>,
}

/// Why a funnel can't be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingsError {
    /// Fewer than 1 or more than 64 steps.
    Steps(usize),
    /// More than 64 exclusions.
    Exclusions(usize),
    /// The first, the last or an unknown step is optional.
    Optional(usize),
    /// A window of negative length.
    Window(i64),
    /// A negative grace.
    Grace(i64),
    /// An exclusion's range that is not of two steps of the funnel, the earlier first.
    Range(usize, usize),
    /// An exclusion's range that ends at an optional step: where the step is missing it would have no end.
    RangeAtOptional(usize),
    /// An exclusion's range in a funnel whose steps come in any order: nothing lies between two steps there.
    RangeInAny,
}

impl Settings {
    /// An ordered funnel of so many steps without options, told at its best attempt.
    pub fn new(steps: usize, window: Window) -> Self {
        let (mode, entry) = (Mode::default(), Entry::default());
        Self { steps, mode, entry, window, excludes: Vec::new(), optional: 0, grace: None, as_of: i64::MAX }
    }

    /// Refuses what has no meaning.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !(1..=MOST).contains(&self.steps) {
            return Err(SettingsError::Steps(self.steps));
        }
        if self.excludes.len() > MOST {
            return Err(SettingsError::Exclusions(self.excludes.len()));
        }
        if let Some(step) = (1..=MOST).find(|&step| self.is_optional(step) && (step == 1 || step >= self.steps)) {
            return Err(SettingsError::Optional(step));
        }
        match (self.window, self.grace) {
            (Window::Fixed(length), _) if length < 0 => return Err(SettingsError::Window(length)),
            (_, Some(grace)) if grace < 0 => return Err(SettingsError::Grace(grace)),
            _ => {}
        }
        self.excludes.iter().filter_map(|exclusion| exclusion.between).try_for_each(|range| self.check_range(range))
    }

    fn check_range(&self, (from, to): (usize, usize)) -> Result<(), SettingsError> {
        if from < 1 || from >= to || to > self.steps {
            return Err(SettingsError::Range(from, to));
        }
        if let Some(step) = [from, to].into_iter().find(|&step| self.is_optional(step)) {
            return Err(SettingsError::RangeAtOptional(step));
        }
        if self.mode == Mode::Any { Err(SettingsError::RangeInAny) } else { Ok(()) }
    }

    fn is_optional(&self, step: usize) -> bool {
        self.optional >> (step - 1) & 1 == 1
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "a funnel has 1 to {MOST} steps, not {steps}"),
            Self::Exclusions(count) => write!(f, "a funnel has at most {MOST} exclusions, not {count}"),
            Self::Optional(step) => {
                write!(f, "step {step} can't be optional: only steps between the first and the last can")
            }
            Self::Window(length) => write!(f, "the window must not be negative: {length}"),
            Self::Grace(grace) => write!(f, "the grace must not be negative: {grace}"),
            Self::Range(from, to) => {
                write!(f, "an exclusion lies between an earlier and a later step, not {from} and {to}")
            }
            Self::RangeAtOptional(step) => {
                write!(f, "an exclusion can't begin or end at step {step}, which is optional")
            }
            Self::RangeInAny => write!(f, "an exclusion can't name steps where they come in any order"),
        }
    }
}

impl std::error::Error for SettingsError {}
