//! Pure mathematics on numbers: what is estimated, with its uncertainty. Knows nothing of the rest of the crate.
//!
//! | module | estimates | interval |
//! |---|---|---|
//! | `proportion` | a share of yes among yes and no | Wilson |
//! | `moments` | mean, variance, covariance, by one pass and exact merges | Student t |
//! | `difference` | difference of two arms' means, relative lift, CUPED, sample-ratio mismatch | Welch, delta method |
//! | `satisfaction` | net promoter score | adjusted Wald |
//! | `spells` | which durations are complete and which are still running | |
//! | `incidence` | how many come to one outcome among several, with some rows still waiting | log-log |
//! | `survival` | time to an event with some rows still waiting | log-log, Brookmeyer-Crowley |
//! | `log_rank` | whether groups come to an event at different rates | |
//! | `sum` | a sum that keeps the digits a plain one loses | |
//! | `customer_base` | who still buys, how often, and for how much | observed information |
//! | `maximum` | parameters of a likelihood | observed information |
//! | `hypergeometric` | Gauss' function | |
//! | `special` | quantiles and tails of the normal, t and chi-squared distributions | |
//!
//! Every accumulating type has `insert`, one observation more, and `merge`, another's observations more; merging is
//! associative up to rounding, and the default value is its neutral element.

pub mod customer_base;
pub mod difference;
pub mod hypergeometric;
pub mod incidence;
pub mod interval;
pub mod log_rank;
pub mod maximum;
pub mod moments;
pub mod proportion;
pub mod satisfaction;
pub mod special;
pub mod spells;
pub mod sum;
pub mod survival;
