//! JSON from text, and the normal form that `jsonb` keeps.

use serde_json::Value;

/// Whether a text is JSON.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The text that Postgres prints for a `jsonb`: keys by length and then by bytes, the last of equal ones, one space after
/// colons and commas; `None` for text that is no JSON.
pub(super) fn normal_form(text: &str) -> Option<String> {
    let mut out = String::new();
    print(&serde_json::from_str(text).ok()?, &mut out);
    Some(out)
}

fn print(value: &Value, out: &mut String) {
    match value {
        Value::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                print(element, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| (name.len(), name.as_bytes()));
            out.push('{');
            for (at, (name, value)) in fields.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                print(&Value::String(name.clone()), out);
                out.push_str(": ");
                print(value, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_form_is_that_of_postgres() {
        let text = r#"{"b": 1,  "aa": [1, null], "a": {"x":"y\"ü"}, "b": 2}"#;
        assert_eq!(normal_form(text).as_deref(), Some(r#"{"a": {"x": "y\"ü"}, "b": 2, "aa": [1, null]}"#));
        assert_eq!(normal_form("{"), None);
        assert!(is_json("[1]") && !is_json("{'a': 1}") && !is_json(""));
    }
}
