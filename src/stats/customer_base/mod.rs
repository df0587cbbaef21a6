//! Customer-base analysis: who still buys, how often, and for how much.
//!
//! | module | model | of |
//! |---|---|---|
//! | `bg_nbd` | BG/NBD: Fader, Hardie & Lee 2005 | purchases without a contract; customers leave after a purchase |
//! | `mbg_nbd` | MBG/NBD: Batislam, Denizel & Filiztekin 2007 | the same, and after the first purchase too |
//! | `pareto_nbd` | Pareto/NBD: Schmittlein, Morrison & Colombo 1987 | the same; customers leave at any time |
//! | `gamma_gamma` | Gamma-Gamma: Fader & Hardie 2013 | the value of a purchase |
//! | `histories` | what those without a contract are fitted to | |
//! | `fit` | their maximum likelihood | |
//! | `discount` | the present value of what is to come | |

pub mod bg_nbd;
#[cfg(test)]
mod cdnow;
pub mod discount;
pub mod fit;
pub mod gamma_gamma;
pub mod histories;
pub mod mbg_nbd;
pub mod pareto_nbd;
