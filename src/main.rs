//! The `journeydb` command.

fn main() {}
