//! The functions behind types: what reads and writes their values, numbered as in PostgreSQL 15. Drivers recognise arrays,
//! and types they can read in binary, by these.

use std::sync::LazyLock;

use datafusion::logical_expr::Volatility;

/// What `regproc` prints for no function.
pub const NONE: &str = "-";

/// One line of `type_functions.txt`.
pub struct TypeFunction {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: &'static str,
    /// Whether it always gives the same.
    pub volatility: Volatility,
    /// The OID of the type it gives.
    pub result: u32,
    /// The OIDs of the types it takes.
    pub arguments: Vec<u32>,
}

/// The OID of a function behind a type; 0 for `-` and for names of others.
pub fn oid(name: &str) -> u32 {
    all().iter().find(|function| function.name == name).map_or(0, |function| function.oid)
}

/// The name of a function behind a type, `-` for none (OID 0).
pub fn name(oid: u32) -> Option<&'static str> {
    if oid == 0 {
        return Some(NONE);
    }
    all().iter().find(|function| function.oid == oid).map(|function| function.name)
}

/// All of them, by OID.
pub fn all() -> &'static [TypeFunction] {
    static ALL: LazyLock<Vec<TypeFunction>> =
        LazyLock::new(|| include_str!("type_functions.txt").lines().map(read).collect());
    &ALL
}

/// Reads a line: OID, name, volatility, result, arguments by commas.
fn read(line: &'static str) -> TypeFunction {
    let words: Vec<&'static str> = line.split(' ').collect();
    let number = |text: &str| text.parse::<u32>().expect("type_functions.txt has numbers where numbers belong");
    TypeFunction {
        oid: number(words[0]),
        name: words[1],
        volatility: match words[2] {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        result: number(words[3]),
        arguments: words[4].split(',').map(number).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_numbered_as_in_postgres() {
        // SELECT 'array_in'::regproc::oid, 'boolrecv'::regproc::oid in PostgreSQL 15.
        assert_eq!((oid("array_in"), oid("boolrecv"), oid("-"), oid("nosuch")), (750, 2436, 0, 0));
        assert_eq!((name(750), name(0), name(999_999)), (Some("array_in"), Some("-"), None));
    }
}
