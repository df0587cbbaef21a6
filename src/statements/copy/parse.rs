//! The grammar of COPY: the options in parentheses, those of the years before them (`WITH CSV HEADER`), and those before that
//! (`COPY BINARY t ... USING DELIMITERS '|'`), which Postgres still reads too.

use datafusion::sql::sqlparser::ast::{CopySource, CopyTarget, Expr, Ident};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token};

use super::super::names::fold;
use super::super::statement::{near, parser_error};
use crate::error::{Error, Result, SqlState};

/// A COPY as it was written. The parser's own tree has no place for `HEADER MATCH`, `FORCE_QUOTE *` and WHERE.
#[derive(Debug, Clone)]
pub(crate) struct CopyStatement {
    /// The table or the query whose rows go out, or the table they come into.
    pub source: CopySource,
    /// Where the rows go.
    pub direction: CopyDirection,
    /// What is at the other end.
    pub target: CopyTarget,
    pub(super) options: Vec<Clause>,
    pub(super) condition: Option<Expr>,
}

/// Where the rows of a COPY go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyDirection {
    /// FROM: into a table.
    In,
    /// TO: out of a table or a query.
    Out,
}

/// One option as it was written.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    pub name: String,
    pub argument: Argument,
    pub place: Location,
}

/// What stands behind an option's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    Text(String),
    Star,
    List(Vec<String>),
}

/// Reads a COPY; `None` where another statement stands.
pub(in crate::statements) fn parse(parser: &mut Parser<'_>, sql: &str) -> Result<Option<CopyStatement>> {
    let mut grammar = Grammar { parser, sql };
    if grammar.word("copy") { grammar.copy().map(Some) } else { Ok(None) }
}

struct Grammar<'p, 'a> {
    parser: &'p mut Parser<'a>,
    sql: &'p str,
}

impl<'a> Grammar<'_, 'a> {
    fn copy(&mut self) -> Result<CopyStatement> {
        let mut options = Vec::new();
        let place = self.place();
        let binary = self.word("binary");
        if binary {
            options.push(Clause { name: "format".into(), argument: text("binary"), place });
        }
        let source = if !binary && self.parser.consume_token(&Token::LParen) {
            let query = self.sub(Parser::parse_query)?;
            self.token(&Token::RParen)?;
            CopySource::Query(query)
        } else {
            let table_name = self.sub(|parser| parser.parse_object_name(false))?;
            let mut columns = Vec::new();
            if self.parser.consume_token(&Token::LParen) {
                columns = self.columns()?;
                self.token(&Token::RParen)?;
            }
            CopySource::Table { table_name, columns }
        };
        let from_query = matches!(source, CopySource::Query(_));
        let direction = match self.word("to") {
            true => CopyDirection::Out,
            false if !from_query && self.word("from") => CopyDirection::In,
            false => return Err(self.unexpected()),
        };
        let target = self.target(direction)?;
        let place = self.place();
        if !from_query && (self.words(&["using", "delimiters"]) || self.word("delimiters")) {
            let argument = Argument::Text(self.string()?);
            options.push(Clause { name: "delimiter".into(), argument, place });
        }
        self.word("with");
        if self.parser.consume_token(&Token::LParen) {
            self.options(&mut options)?;
        } else {
            while let Some(option) = self.old_option()? {
                options.push(option);
            }
        }
        if direction == CopyDirection::Out && self.is_word(0, "where") {
            let error = Error::new(SqlState::SyntaxError, "WHERE clause not allowed with COPY TO");
            let place = self.place();
            return Err(error.at_place(place.line, place.column).in_text(self.sql));
        }
        let condition = match self.word("where") {
            true => Some(self.sub(Parser::parse_expr)?),
            false => None,
        };
        Ok(CopyStatement { source, direction, target, options, condition })
    }

    /// STDIN and STDOUT mean the same, the direction decides, as in Postgres.
    fn target(&mut self, direction: CopyDirection) -> Result<CopyTarget> {
        if self.word("program") {
            return Ok(CopyTarget::Program { command: self.string()? });
        }
        if self.word("stdin") || self.word("stdout") {
            return Ok(match direction {
                CopyDirection::In => CopyTarget::Stdin,
                CopyDirection::Out => CopyTarget::Stdout,
            });
        }
        Ok(CopyTarget::File { filename: self.string()? })
    }

    /// `(name [argument], ...)`, the parenthesis already open.
    fn options(&mut self, options: &mut Vec<Clause>) -> Result<()> {
        loop {
            let place = self.place();
            let name = fold(&self.identifier()?);
            let argument = self.argument()?;
            options.push(Clause { name, argument, place });
            if !self.parser.consume_token(&Token::Comma) {
                return self.token(&Token::RParen);
            }
        }
    }

    fn argument(&mut self) -> Result<Argument> {
        if self.parser.consume_token(&Token::Mul) {
            return Ok(Argument::Star);
        }
        if self.parser.consume_token(&Token::LParen) {
            let mut items = vec![self.item()?];
            while self.parser.consume_token(&Token::Comma) {
                items.push(self.item()?);
            }
            self.token(&Token::RParen)?;
            return Ok(Argument::List(items));
        }
        match self.parser.peek_token().token {
            Token::Comma | Token::RParen => Ok(Argument::None),
            _ => self.item().map(Argument::Text),
        }
    }

    /// A word, a string or a number.
    fn item(&mut self) -> Result<String> {
        let sign = match self.parser.peek_token().token {
            Token::Minus => "-",
            Token::Plus => "",
            Token::Word(_) => return self.identifier().map(|word| fold(&word)),
            Token::Number(number, _) => {
                self.parser.next_token();
                return Ok(number);
            }
            _ => return self.string(),
        };
        self.parser.next_token();
        let Token::Number(number, _) = self.parser.peek_token().token else { return Err(self.unexpected()) };
        self.parser.next_token();
        Ok(format!("{sign}{number}"))
    }

    /// An option without parentheses around it; `None` where none stands.
    fn old_option(&mut self) -> Result<Option<Clause>> {
        let place = self.place();
        let clause = |name: &str, argument| Ok(Some(Clause { name: name.to_owned(), argument, place }));
        for format in ["binary", "csv"] {
            if self.word(format) {
                return clause("format", text(format));
            }
        }
        for name in ["freeze", "header"] {
            if self.word(name) {
                return clause(name, Argument::None);
            }
        }
        for name in ["delimiter", "null", "quote", "escape"] {
            if self.word(name) {
                self.word("as");
                return clause(name, Argument::Text(self.string()?));
            }
        }
        if self.word("encoding") {
            return clause("encoding", Argument::Text(self.string()?));
        }
        if !self.word("force") {
            return Ok(None);
        }
        if self.word("quote") {
            return match self.parser.consume_token(&Token::Mul) {
                true => clause("force_quote", Argument::Star),
                false => clause("force_quote", list(&self.columns()?)),
            };
        }
        if self.words(&["not", "null"]) {
            return clause("force_not_null", list(&self.columns()?));
        }
        if self.word("null") {
            return clause("force_null", list(&self.columns()?));
        }
        Err(self.unexpected())
    }

    fn columns(&mut self) -> Result<Vec<Ident>> {
        let mut columns = vec![self.identifier()?];
        while self.parser.consume_token(&Token::Comma) {
            columns.push(self.identifier()?);
        }
        Ok(columns)
    }

    fn identifier(&mut self) -> Result<Ident> {
        match self.parser.peek_token().token {
            Token::Word(_) => self.sub(Parser::parse_identifier),
            _ => Err(self.unexpected()),
        }
    }

    /// A string; a word is none, unlike for the parser's own function of that name.
    fn string(&mut self) -> Result<String> {
        match self.parser.peek_token().token {
            Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_) | Token::UnicodeStringLiteral(_) => {
                self.sub(Parser::parse_literal_string)
            }
            Token::DollarQuotedString(string) => {
                self.parser.next_token();
                Ok(string.value)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Consumes a word that isn't quoted, if it is the next.
    fn word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(0, wanted);
        if found {
            self.parser.next_token();
        }
        found
    }

    fn words(&mut self, wanted: &[&str]) -> bool {
        let found = wanted.iter().enumerate().all(|(at, word)| self.is_word(at, word));
        if found {
            wanted.iter().for_each(|_| drop(self.parser.next_token()));
        }
        found
    }

    fn is_word(&self, at: usize, wanted: &str) -> bool {
        let token = self.parser.peek_nth_token(at).token;
        matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted))
    }

    fn token(&mut self, wanted: &Token) -> Result<()> {
        if self.parser.consume_token(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A part that the parser knows how to read.
    fn sub<T>(&mut self, read: impl FnOnce(&mut Parser<'a>) -> Result<T, ParserError>) -> Result<T> {
        read(self.parser).map_err(|error| parser_error(self.sql, error, Some(self.place())))
    }

    fn place(&self) -> Location {
        self.parser.peek_token().span.start
    }

    fn unexpected(&self) -> Error {
        let next = self.parser.peek_token();
        near(self.sql, &next.token, next.span.start)
    }
}

fn list(columns: &[Ident]) -> Argument {
    Argument::List(columns.iter().map(fold).collect())
}

fn text(text: &str) -> Argument {
    Argument::Text(text.to_owned())
}
