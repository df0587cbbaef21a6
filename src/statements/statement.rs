//! One parsed statement.

use std::ops::Range;
use std::str::CharIndices;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::copy::{self, CopyDirection, CopyStatement};
use super::place::{place, place_of_operator};
use super::syntax::{self, Command};
use super::{depth, fetch_syntax, overriding_syntax, role_syntax, sequence_syntax, table_syntax, with_syntax};
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;

/// All that is said of a mistake in a statement with a password.
const SECRET: &str = "syntax error in a statement with a password";

/// A statement of the user's, exactly as parsed.
#[derive(Debug, Clone)]
pub struct Statement {
    form: Form,
    /// The text it was parsed from, with its neighbours: places in it count from its beginning.
    text: Arc<str>,
    /// Its own part of that, in bytes.
    span: Range<usize>,
}

/// What a statement was parsed to.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// By the parser of SQL. Shared, since a copy recurses with the depth of the statement wherever it is made.
    Sql(Arc<ast::Statement>),
    /// By ours.
    Command(Command),
    /// A COPY, by ours too.
    Copy(Box<CopyStatement>),
}

impl Statement {
    /// The parsed form.
    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// Its text, without its neighbours.
    pub fn text(&self) -> &str {
        &self.text[self.span.clone()]
    }

    /// The command that it is, in capitals: SELECT for every query, else the word that it begins with.
    pub fn command(&self) -> String {
        if let Form::Sql(ast) = &self.form
            && matches!(ast.as_ref(), ast::Statement::Query(_))
        {
            return "SELECT".to_owned();
        }
        let word = self.text().split(|letter: char| !letter.is_ascii_alphabetic()).next();
        word.unwrap_or_default().to_ascii_uppercase()
    }

    /// A statement that is a part of this one: what PREPARE prepares, what a cursor reads.
    pub(crate) fn part(&self, ast: ast::Statement) -> Self {
        Self { form: Form::Sql(Arc::new(ast)), ..self.clone() }
    }

    /// Where the rows of a COPY go; `None` for other statements.
    pub fn copies(&self) -> Option<CopyDirection> {
        match &self.form {
            Form::Copy(copy) => Some(copy.direction),
            Form::Sql(_) | Form::Command(_) => None,
        }
    }

    /// Says where in the text an error is that knows only its line and column, or the name of what is wrong.
    pub(crate) fn place(&self, error: Error) -> Error {
        let error = error.in_text(&self.text);
        let (Form::Sql(ast), None) = (&self.form, error.position()) else { return error };
        if let Some(at) = place(ast, &error) {
            return error.at_place(at.line, at.column).in_text(&self.text);
        }
        match place_of_operator(ast, &error, &self.text) {
            Some(position) => error.at(position),
            None => error,
        }
    }

    /// Cuts SQL text into statements; text of only blanks, comments and semicolons gives none.
    pub fn parse_all(sql: &str) -> Result<Vec<Self>> {
        depth::ask_for_stack();
        let tokens = Tokenizer::new(&Postgres, sql).tokenize_with_location();
        let tokens = tokens.map_err(|e| syntax_error(sql, &e.message, Some(e.location)))?;
        depth::check(&tokens).map_err(|error| error.in_text(sql))?;
        let secret = role_syntax::sets_password(&tokens);
        let tokens = fetch_syntax::spelled_for_parser(role_syntax::spelled_for_parser(tokens));
        let tokens = sequence_syntax::spelled_for_parser(table_syntax::spelled_for_parser(tokens));
        let tokens = overriding_syntax::spelled_for_parser(tokens);
        let parsed = Self::parse_tokens(sql, tokens);
        // What the parser says of a mistake quotes the text, and that may be the password.
        parsed.map_err(|error| if secret { syntax_error(sql, SECRET, None) } else { error })
    }

    fn parse_tokens(sql: &str, tokens: Vec<TokenWithSpan>) -> Result<Vec<Self>> {
        let mut parser = Parser::new(&Postgres).with_tokens_with_locations(tokens);
        let (text, mut offsets) = (Arc::<str>::from(sql), Offsets::of(sql));
        let mut statements = Vec::new();
        loop {
            while parser.consume_token(&Token::SemiColon) {}
            let first = parser.peek_token();
            if first.token == Token::EOF {
                return Ok(statements);
            }
            let form = match copy::parse(&mut parser, sql)? {
                Some(copy) => Ok(Form::Copy(Box::new(copy))),
                None => match syntax::parse(&mut parser) {
                    Ok(None) => parser.parse_statement().map(|ast| Form::Sql(Arc::new(with_syntax::taken_in(ast)))),
                    Ok(Some(form)) => Ok(form),
                    Err(error) => Err(error),
                },
            };
            let form = form.map_err(|e| parser_error(sql, e, Some(parser.peek_token().span.start)))?;
            let next = parser.peek_token();
            let start = offsets.find(first.span.start);
            let end = match next.token {
                Token::SemiColon => offsets.find(next.span.start),
                Token::EOF => sql.len(),
                token => return Err(near(sql, &token, next.span.start)),
            };
            let end = start + sql[start..end].trim_end().len();
            statements.push(Self { form, text: text.clone(), span: start..end });
        }
    }
}

/// Turns places of a text, which must come in order, into counts of bytes.
struct Offsets<'a> {
    rest: CharIndices<'a>,
    here: Location,
}

impl<'a> Offsets<'a> {
    fn of(sql: &'a str) -> Self {
        Self { rest: sql.char_indices(), here: Location { line: 1, column: 1 } }
    }

    fn find(&mut self, place: Location) -> usize {
        while self.here < place {
            match self.rest.next() {
                Some((_, '\n')) => self.here = Location { line: self.here.line + 1, column: 1 },
                Some(_) => self.here.column += 1,
                None => break,
            }
        }
        self.rest.offset()
    }
}

/// A parser's error: its text names what it expected and, at its end, where.
pub(super) fn parser_error(sql: &str, error: ParserError, reached: Option<Location>) -> Error {
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
            let error = Error::new(SqlState::StatementTooComplex, "the statement is nested too deeply");
            error.with_hint("split it with CTEs")
        }
    }
}

pub(super) fn near(sql: &str, token: &Token, at: Location) -> Error {
    match token {
        Token::EOF => syntax_error(sql, "syntax error at end of input", None).at(sql.chars().count() + 1),
        token => syntax_error(sql, &format!("syntax error at or near \"{token}\""), Some(at)),
    }
}

fn syntax_error(sql: &str, message: &str, at: Option<Location>) -> Error {
    let message = match message.strip_prefix("Expected: ") {
        Some(expected) => format!("syntax error: expected {expected}"),
        None => message.to_owned(),
    };
    let error = Error::new(SqlState::SyntaxError, message);
    match at {
        Some(at) if at.line > 0 => error.at_place(at.line, at.column).in_text(sql),
        // The parser has no place for the end.
        _ => error.at(sql.chars().count() + 1),
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
    fn a_statement_knows_its_own_text() {
        let statements = Statement::parse_all(" SELECT 'ä';\n\n FETCH ALL\nFROM c ;-- nothing\nSELECT 2\n").unwrap();
        let texts: Vec<_> = statements.iter().map(Statement::text).collect();
        assert_eq!(texts, ["SELECT 'ä'", "FETCH ALL\nFROM c", "SELECT 2"]);
    }

    #[test]
    fn syntax_errors_say_where() {
        assert_eq!(failure("SELEC 1").position(), Some(1));
        assert_eq!(failure("SELECT 1 FRM t WHERE").state(), SqlState::SyntaxError);
        assert_eq!(failure("SELECT 1;\nSELECT 1 1").position(), Some(20));
        assert_eq!(failure("SELECT 'ä', 1 1").position(), Some(15));
        assert_eq!(failure("SELECT 'open").state(), SqlState::SyntaxError);
        assert_eq!(failure("SELECT * FROM t WHERE").position(), Some(22));
        assert_eq!(failure("SELECT (1").position(), Some(10));
    }

    #[test]
    fn missing_relations_are_pointed_at() {
        let sql = "SELECT 1 FROM a JOIN \"B\".c ON true";
        let statement = Statement::parse_all(sql).unwrap().remove(0);
        let missing = |name: &str| {
            let error = Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist"));
            statement.place(error).position()
        };
        assert_eq!((missing("a"), missing("B.c"), missing("d")), (Some(15), Some(22), None));
    }

    #[test]
    fn joins_in_brackets_fit_a_small_stack() {
        let joins = (0..12).fold("a".to_owned(), |inner, n| format!("({inner} JOIN b{n} ON true)"));
        let parse = move || Statement::parse_all(&format!("SELECT 1 FROM {joins}")).map(|statements| statements.len());
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(parse).unwrap();
        assert_eq!(thread.join().unwrap().unwrap(), 1);
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(failure(&deep).state(), SqlState::StatementTooComplex);
    }
}
