//! Planted violations: each has to be found, and nothing else.

use std::path::Path;

use super::{LINES, check};

fn lines(file: &str, text: &str) -> Vec<usize> {
    check(Path::new(file), &format!("//! A file.\n{text}")).into_iter().map(|violation| violation.line).collect()
}

#[test]
fn every_way_to_name_a_part_is_found() {
    for planted in [
        "use crate::server::Listener;",
        "use crate::{stats::special::erf, server::Listener};",
        "use crate::{\n    server,\n};",
        "pub use crate::server as other;",
        "use journeydb::server::Listener;",
        "use super::super::server::Listener;",
        "use super::{super::server::Listener, funnel};",
        "use super :: super :: server;",
        "fn f() { crate::server::listen() }",
        "fn f(x: &dyn crate::server::Listen) {}",
        "mod tests { use super::super::super::server::Listener; }",
        "#[cfg(test)] mod tests { mod inner { use super::super::super::super::server; } }",
        "use crate::Session;",
        "macro_rules! m { () => { $crate::server::listen() } }",
    ] {
        assert_eq!(lines("src/stats/moments.rs", planted).len(), 1, "{planted}");
    }
}

#[test]
fn what_is_allowed_or_not_a_path_is_not_reported() {
    for innocent in [
        "use crate::stats::special;",
        "use super::special;",
        "use super::super::stats::special;",
        "mod tests { use std::path::Path;

use super::{LINES, check}; use super::super::special; }",
        "// crate::server::Listener",
        "/* crate::server /* crate::server */ crate::server */",
        "const TEXT: &str = \"crate::server\";",
        "const RAW: &str = r#\"a \" crate::server \"#;",
        "const QUOTE: char = '\"'; fn lifetime<'a>(x: &'a str) -> &'a str { x }",
        "fn f(server: u8) -> u8 { server }",
        "use other::crate_server::x;",
        "pub(crate) fn f() {}",
        "pub(super) fn f() {}",
    ] {
        assert_eq!(lines("src/stats/moments.rs", innocent), [0; 0], "{innocent}");
    }
    assert_eq!(lines("src/cli/serve.rs", "use crate::{server::Listener, Error, Session};"), [0; 0]);
    assert_eq!(lines("src/lib.rs", "use crate::server::Listener;"), [0; 0]);
}

#[test]
fn the_line_is_named() {
    assert_eq!(lines("src/stats/moments.rs", "\nfn f() {}\n\nuse crate::server;\n"), [5]);
    let violation = &check(Path::new("src/demo/x.rs"), "//! A.\nuse crate::storage::Table;")[0];
    assert_eq!(violation.to_string(), "src/demo/x.rs:2: demo may not use storage");
}

#[test]
fn unknown_parts_are_refused() {
    assert_eq!(lines("src/surprise/x.rs", ""), [1]);
    assert_eq!(lines("src/demo/x.rs", "use crate::surprise::y;"), [2]);
}

#[test]
fn mathematics_knows_no_engine() {
    for planted in
        ["use arrow::array::Array;", "fn f() { datafusion::common::x() }", "use tokio;", "use arrow_schema::Field;"]
    {
        assert_eq!(lines("src/sequence/funnel.rs", planted), [2], "{planted}");
    }
    assert_eq!(lines("src/functions/levers/clv.rs", "use arrow::array::Array;"), [0; 0]);
    assert_eq!(lines("src/stats/arrows.rs", "fn arrow(x: f64) -> f64 { x }"), [0; 0]);
}

#[test]
fn a_module_list_holds_no_code() {
    for planted in [
        "pub struct A;",
        "impl A {}",
        "fn f() -> u8 { let x = 1; x }",
        "fn f() -> u8 { if true { 1 } else { 2 } }",
        "pub static A: u8 = 1;",
        "macro_rules! m { () => {} }",
    ] {
        assert!(!lines("src/functions/mod.rs", planted).is_empty(), "{planted}");
    }
    for innocent in [
        "mod a;\nmod b;\npub use a::{A, B};",
        "pub fn functions() -> Vec<ScalarUDF> {\n    vec![a::function(), b::function()]\n}",
        "pub fn functions() -> impl Iterator<Item = ScalarUDF> {\n    [a::functions(), b::functions()].into_iter().flatten()\n}",
        "pub const FAMILY: &str = \"levers\";",
    ] {
        assert_eq!(lines("src/functions/mod.rs", innocent), [0; 0], "{innocent}");
    }
}

#[test]
fn files_say_what_they_are_and_stay_short() {
    assert_eq!(check(Path::new("src/demo/x.rs"), "fn f() {}").len(), 1);
    assert_eq!(lines("src/demo/x.rs", &"\n".repeat(LINES)), [LINES]);
    for name in ["src/demo/utils.rs", "src/demo/common/x.rs", "src/demo/table_helpers.rs", "tests/suite/util.rs"] {
        assert_eq!(lines(name, "").len(), 1, "{name}");
    }
}
