//! Which name was probably meant by one that doesn't exist.

/// The candidate that is nearest to a name in edits, letter case aside, if it is near enough to be a slip: one edit in three
/// letters.
pub(super) fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let edits = |candidate: &str| strsim::osa_distance(&name, &candidate.to_lowercase());
    let near = candidates.iter().map(|candidate| (edits(candidate), *candidate)).min()?;
    (near.0 <= name.chars().count() / 3).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let candidates = ["account_id", "contact_id", "occurred_at"];
        assert_eq!(nearest("acount_id", &candidates), Some("account_id"));
        assert_eq!(nearest("occured_at", &candidates), Some("occurred_at"));
        assert_eq!(nearest("Contact_ID", &candidates), Some("contact_id"));
        assert_eq!(nearest("cotnact_id", &candidates), Some("contact_id"));
    }

    #[test]
    fn other_words_are_not() {
        assert_eq!(nearest("revenue", &["account_id", "contact_id"]), None);
        assert_eq!(nearest("id", &["at", "x"]), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
