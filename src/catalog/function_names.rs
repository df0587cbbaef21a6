//! The names that functions have for clients, and those that they have for the engine.

/// The name of a function without its schema: clients list ours in `journey`.
pub(super) fn bare(name: &str) -> &str {
    name.strip_prefix("journey.").unwrap_or(name)
}

/// The engine's name of a function that Postgres has under another; where both have a name for different functions, Postgres'
/// meaning.
pub(super) fn of_engine(name: &str) -> &str {
    match name {
        "array_remove" => "array_remove_all",
        "array_replace" => "array_replace_all",
        "ceiling" => "ceil",
        "clock_timestamp" | "statement_timestamp" | "transaction_timestamp" => "now",
        "every" => "bool_and",
        "gen_random_uuid" => "uuid",
        "sign" => "signum",
        "variance" => "var",
        name => name,
    }
}
