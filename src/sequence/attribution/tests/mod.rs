//! The cases of the definition, and equality with it on random journeys full of ties.

mod literal;
mod properties;
