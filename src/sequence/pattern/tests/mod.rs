//! The cases of the definition, ClickHouse's own, and a search of the definition by brute force.

mod cases;
mod errors;
mod naive;
mod random;
mod rows;
