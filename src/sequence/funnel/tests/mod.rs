//! The cases of the definition, and the definition itself searched by force.

mod case;
mod cases;
mod literal;
mod properties;
