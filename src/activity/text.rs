//! A statement's text as others may see it.

/// The text without a password, cut to a length in bytes.
///
/// Whatever follows the word PASSWORD is left out where the text also speaks of a user or a role: no parser can be argued
/// into showing more.
pub fn presentable(statement: &str, most: usize) -> String {
    const SECRET: &str = "password";
    let shown = &statement[..statement.floor_char_boundary(most)];
    let lower = shown.to_ascii_lowercase();
    match lower.find(SECRET).filter(|_| ["user", "role"].iter().any(|word| lower.contains(word))) {
        Some(at) => format!("{} ***", &shown[..at + SECRET.len()]),
        None => shown.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for secret in [
            "CREATE USER anna WITH PASSWORD 'geheim'",
            "alter role anna password E'geh\\'eim' valid until 'geheim'",
            "CREATE USER anna ENCRYPTED PASSWORD\n$$geheim$$; SELECT 'geheim'",
            "/* 'PASSWORD' */ CREATE ROLE anna PASSWORD 'geheim'",
        ] {
            let shown = presentable(secret, 1000);
            assert!(!shown.contains("geheim") && !shown.contains("eim'"), "{shown}");
            assert!(shown.ends_with(" ***"), "{shown}");
        }
        assert_eq!(presentable("SELECT 'password'", 1000), "SELECT 'password'");
    }

    #[test]
    fn long_statements_are_cut_between_letters() {
        assert_eq!(presentable("SELECT 'ää'", 9), "SELECT '");
        assert_eq!(presentable("SELECT 1", 1000), "SELECT 1");
        assert_eq!(presentable("CREATE USER anna PASSWORD 'geheim'", 10), "CREATE USE");
    }
}
