//! `clv_forecast` and `clv_model`: what customers who buy without a contract will still buy, and what that is worth.
//!
//! ```text
//! transactions -> days (customer, day) -> customers (x, t_x, t, mean value) -+-> fit (one row) -> clv_model
//!                                                                           |         |
//!                                                                           +---------+-> forecast -> clv_forecast
//! ```
//!
//! | file | what |
//! |---|---|
//! | `histories` | the arguments that both take, and the rows per customer |
//! | `fit` | the models fitted to them |
//! | `forecast` | one customer's forecast |
//! | `clv_forecast`, `clv_model` | the functions |

pub(super) mod clv_forecast;
pub(super) mod clv_model;
mod fit;
mod forecast;
mod histories;
