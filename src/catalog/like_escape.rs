//! `LIKE 'a/_b' ESCAPE '/'`: any escape character, as in Postgres.
//!
//! The engine knows the backslash alone, so a pattern with another is brought into one with backslashes: while the statement
//! is read where it is a literal, else by `like_escape`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    Statement, Value, ValueWithSpan, visit_expressions_mut,
};

const BACKSLASH: char = '\\';

/// Brings the patterns of LIKE and ILIKE with an escape of their own into ones with backslashes.
pub(super) fn escape_by_backslash(statement: &mut Statement) {
    let _ = visit_expressions_mut(statement, |expr| {
        if let Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } = expr
            && let Some(ValueWithSpan { value: Value::SingleQuotedString(escape), .. }) = escape_char.as_ref()
            && escape.chars().ne([BACKSLASH])
        {
            let escape = escape.clone();
            let literal = match pattern.as_ref() {
                Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
                _ => None,
            };
            **pattern = match literal.and_then(|text| with_backslashes(text, &escape)) {
                Some(text) => string(text),
                None => like_escape(pattern.as_ref().clone(), escape),
            };
            *escape_char = None;
        }
        ControlFlow::<()>::Continue(())
    });
}

/// A pattern whose escape is another character, with backslashes in place of it; an empty escape is none. `None` for an
/// escape of several characters.
pub fn with_backslashes(pattern: &str, escape: &str) -> Option<String> {
    let mut letters = escape.chars();
    let escape = letters.next();
    if letters.next().is_some() {
        return None;
    }
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        match letter {
            letter if Some(letter) == escape => out.extend(std::iter::once(BACKSLASH).chain(rest.next())),
            BACKSLASH => out.extend([BACKSLASH, BACKSLASH]),
            letter => out.push(letter),
        }
    }
    Some(out)
}

fn string(text: String) -> Expr {
    Expr::Value(Value::SingleQuotedString(text).into())
}

fn like_escape(pattern: Expr, escape: String) -> Expr {
    let arguments = [pattern, string(escape)].map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("like_escape")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_like_escape() {
        // like_escape(pattern, escape) in PostgreSQL 15.
        for (pattern, escape, expected) in [
            ("pg/_%", "/", Some("pg\\_%")),
            ("a//b", "/", Some("a\\/b")),
            ("a\\b", "/", Some("a\\\\b")),
            ("a_b\\", "", Some("a_b\\\\")),
            ("x", "ab", None),
            ("x/", "/", Some("x\\")),
        ] {
            assert_eq!(with_backslashes(pattern, escape).as_deref(), expected, "{pattern}");
        }
    }
}
