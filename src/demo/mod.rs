//! The demo journey: a seeded simulator of a B2B company whose every law is known.
//!
//! | room | what it makes |
//! |---|---|
//! | `simulator` | the front door: [`Plan`], [`Demo`], and the batches it streams |
//! | `truth` | [`Truth`]: what was planted, in numbers, for tests to recover |
//! | `expectation` | the planted laws' exact medians and probabilities, by quadrature over fit |
//! | `calendar`, `chance` | the window of observation; one random stream per subject and room |
//! | `world` | what all accounts share: contents, tracks, rates, the ideal journey, benchmarks |
//! | `spend` | weekly spend by lever, and the response of arrivals to it (adstock, Hill, power law) |
//! | `states` | demand states, the routes through them, and the law of time and of moving on in each |
//! | `accounts`, `journeys`, `money`, `experiments`, `satisfaction`, `adoption` | one account's life |
//! | `plays`, `touches` | every interaction that life is made of |
//! | `story` | one account's life put together; `rows` writes it into the tables, `observer` counts what it holds |
//! | `batches` | rows to Arrow batches of the journey tables |
//!
//! The laws are chosen apart from the families that estimators fit: times in a state are lognormal above a floor, touches
//! follow fit, and who is unhappy answers less. Recovering the truth from the rows therefore shows something.

mod accounts;
mod adoption;
mod batches;
mod calendar;
mod chance;
mod expectation;
mod experiments;
mod journeys;
mod money;
mod observer;
mod plays;
mod rows;
mod satisfaction;
mod simulator;
mod spend;
mod states;
mod story;
mod touches;
mod truth;
mod world;

#[cfg(test)]
mod tests;

pub use simulator::{Batches, Demo, Plan};
pub use truth::*;
