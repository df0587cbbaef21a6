//! One parsed statement.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::error::{Error, Result, SqlState};

/// A statement of the user's, exactly as parsed.
#[derive(Debug, Clone)]
pub struct Statement {
    ast: Box<ast::Statement>,
    /// The text it was parsed from, with its neighbours: places in it count from its beginning.
    text: Arc<str>,
}

impl Statement {
    /// The parsed form.
    pub fn ast(&self) -> &ast::Statement {
        &self.ast
    }

    /// Says where in the text an error is that knows only its line and column.
    pub(crate) fn place(&self, error: Error) -> Error {
        error.in_text(&self.text)
    }

    /// Cuts SQL text into statements; text of only blanks, comments and semicolons gives none.
    pub(crate) fn parse_all(sql: &str) -> Result<Vec<Self>> {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
        let tokens = tokens.map_err(|e| syntax_error(sql, &e.message, Some(e.location)))?;
        let mut parser = Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens);
        let text: Arc<str> = sql.into();
        let mut statements = Vec::new();
        loop {
            while parser.consume_token(&Token::SemiColon) {}
            if parser.peek_token().token == Token::EOF {
                return Ok(statements);
            }
            let at = |parser: &Parser<'_>| Some(parser.peek_token().span.start);
            let ast = parser.parse_statement().map_err(|e| parser_error(sql, e, at(&parser)))?;
            statements.push(Self { ast: Box::new(insert_under_with(ast)), text: text.clone() });
            let next = parser.peek_token();
            if !matches!(next.token, Token::SemiColon | Token::EOF) {
                return Err(near(sql, &next.token, next.span.start));
            }
        }
    }
}

/// `WITH q AS (...) INSERT ...`, which is parsed as a query, as the INSERT it is: its source takes the WITH.
fn insert_under_with(statement: ast::Statement) -> ast::Statement {
    match statement {
        ast::Statement::Query(mut query) => match (query.with.take(), *query.body) {
            (Some(mut with), ast::SetExpr::Insert(ast::Statement::Insert(mut insert))) => {
                if let Some(source) = &mut insert.source {
                    with.cte_tables.extend(source.with.take().into_iter().flat_map(|inner| inner.cte_tables));
                    source.with = Some(with);
                }
                ast::Statement::Insert(insert)
            }
            (with, body) => ast::Statement::Query(Box::new(ast::Query { with, body: Box::new(body), ..*query })),
        },
        other => other,
    }
}

/// A parser's error: its text names what it expected and, at its end, where.
fn parser_error(sql: &str, error: ParserError, reached: Option<Location>) -> Error {
    match error {
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            let (message, place) = match text.split_once(" at Line: ") {
                Some((message, place)) => (message.to_owned(), place.split_once(", Column: ")),
                None => (text, None),
            };
            let place = place.and_then(|(line, column)| {
                Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
            });
            syntax_error(sql, &message, place.or(reached))
        }
        ParserError::RecursionLimitExceeded => {
            Error::new(SqlState::SyntaxError, "the statement is nested too deeply").with_hint("split it with CTEs")
        }
    }
}

fn near(sql: &str, token: &Token, at: Location) -> Error {
    syntax_error(sql, &format!("syntax error at or near \"{token}\""), Some(at))
}

fn syntax_error(sql: &str, message: &str, at: Option<Location>) -> Error {
    let message = match message.strip_prefix("Expected: ") {
        Some(expected) => format!("syntax error: expected {expected}"),
        None => message.to_owned(),
    };
    let error = Error::new(SqlState::SyntaxError, message);
    match at {
        Some(at) => error.at_place(at.line, at.column).in_text(sql),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(sql: &str) -> Error {
        Statement::parse_all(sql).unwrap_err()
    }

    #[test]
    fn text_is_cut_at_semicolons() {
        assert_eq!(Statement::parse_all("SELECT 1; SELECT ';'; ").unwrap().len(), 2);
        assert!(Statement::parse_all(" ;; -- nothing\n").unwrap().is_empty());
    }

    #[test]
    fn syntax_errors_say_where() {
        assert_eq!(failure("SELEC 1").position(), Some(1));
        assert_eq!(failure("SELECT 1 FRM t WHERE").state(), SqlState::SyntaxError);
        assert_eq!(failure("SELECT 1;\nSELECT 1 1").position(), Some(20));
        assert_eq!(failure("SELECT 'ä', 1 1").position(), Some(15));
        assert_eq!(failure("SELECT 'open").state(), SqlState::SyntaxError);
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(failure(&deep).state(), SqlState::SyntaxError);
    }
}
