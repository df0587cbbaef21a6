//! Texts that are no patterns, and what is said of them.

use super::rows::compiled;

#[test]
fn errors_say_where_and_what() {
    let start = "(?N), ., .* or a time clause such as (?t<=60)";
    let number = "a condition's number from 1 to 3";
    let cases = [
        ("(?4)", 3, number, "\"4)\""),
        ("(?1)(?0)", 7, number, "\"0)\""),
        ("(?99999999999999999999)", 3, number, "\"99999999999999999999)\""),
        ("(?)", 3, number, "\")\""),
        ("(?-1)", 3, number, "\"-1)\""),
        ("(?1", 4, ")", "the end of the pattern"),
        ("(?1 )", 4, ")", "\" )\""),
        ("(?1) (?2)", 5, start, "\" (?2)\""),
        ("(1)", 1, start, "\"(1)\""),
        ("(?1)*", 5, start, "\"*\""),
        ("(?1)é", 5, start, "\"é\""),
        ("é(?1)", 1, start, "\"é(?1)\""),
        ("(?1)(?t=5)(?2)", 8, "<, <=, >, >= or ==", "\"=5)(?2)\""),
        ("(?1)(?t!5)(?2)", 8, "<, <=, >, >= or ==", "\"!5)(?2)\""),
        ("(?1)(?t<)(?2)", 9, "a whole number of seconds", "\")(?2)\""),
        ("(?1)(?t<-5)(?2)", 9, "a whole number of seconds", "\"-5)(?2)\""),
        ("(?1)(?t<1.5)(?2)", 10, ")", "\".5)(?2)\""),
        ("(?t<5)(?1)", 1, "(?N) or . before a time clause", "\"(?t<5)(?1)\""),
        (".*(?t<5)(?1)", 3, "(?N) or . before a time clause", "\"(?t<5)(?1)\""),
        ("(?1)(?t<5)", 11, "(?N) or . after a time clause", "the end of the pattern"),
        ("(?1)(?t<5).*", 13, "(?N) or . after a time clause", "the end of the pattern"),
    ];
    for (text, position, expected, found) in cases {
        let error = compiled(text, 3).unwrap_err();
        assert_eq!((error.position, &*error.expected, &*error.found), (position, expected, found), "{text}");
    }
}

#[test]
fn an_error_reads_as_a_sentence() {
    let error = compiled("(?1)(?t<5)(?3)", 2).unwrap_err();
    assert_eq!(error.to_string(), "at position 13: expected a condition's number from 1 to 2, found \"3)\"");
}
