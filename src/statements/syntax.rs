//! Statements of a session that the parser of SQL doesn't read, or not in every form that Postgres writes them.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, Expr, Ident, ObjectName, Query, Reset, ResetStatement, SetExpr};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::names::fold;
use super::sequence_syntax::{self, AlterSequence};
use super::statement::Form;
use super::with_syntax;

/// A statement that concerns the session.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// DECLARE name CURSOR.
    Declare(Declare),
    /// FETCH.
    Fetch(Fetch),
    /// MOVE: a FETCH that keeps the rows to itself.
    Move(Fetch),
    /// CLOSE name, or ALL.
    Close(Option<String>),
    /// PREPARE name (types) AS statement.
    Prepare {
        /// Under which name.
        name: String,
        /// The types of the first parameters.
        types: Vec<ast::DataType>,
        /// What.
        statement: Box<ast::Statement>,
    },
    /// EXECUTE name (arguments).
    Execute {
        /// The prepared statement.
        name: String,
        /// Values for its parameters.
        arguments: Vec<Expr>,
    },
    /// DEALLOCATE name, or ALL.
    Deallocate(Option<String>),
    /// ANALYZE, of all tables where it names none.
    Analyze(Vec<ObjectName>),
    /// ALTER VIEW, whose operations are those of ALTER TABLE.
    AlterView(Box<ast::AlterTable>),
    /// ALTER SEQUENCE of how it counts.
    AlterSequence(Box<AlterSequence>),
    /// ALTER SEQUENCE, with an operation of ALTER TABLE.
    AlterSequenceAsTable(Box<ast::AlterTable>),
    /// CHECKPOINT.
    Checkpoint,
    /// SET CONSTRAINTS.
    SetConstraints,
    /// A command that isn't supported, by its name.
    Refused(&'static str),
}

/// DECLARE name CURSOR.
#[derive(Debug, Clone)]
pub(crate) struct Declare {
    /// The cursor's name.
    pub name: String,
    /// Whether its rows go out in the binary format.
    pub binary: bool,
    /// Whether it can go back.
    pub scroll: bool,
    /// Whether it says that it need not.
    pub no_scroll: bool,
    /// Whether it outlives its transaction.
    pub hold: bool,
    /// What it reads.
    pub query: Box<Query>,
}

/// FETCH direction FROM cursor.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    /// From where to where.
    pub direction: Direction,
    /// The cursor's name.
    pub cursor: String,
}

/// Where a cursor goes, and which rows it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The next rows: so many, or all.
    Forward(Option<u64>),
    /// The rows before, the nearest first: so many, or all.
    Backward(Option<u64>),
    /// The row of that number, from 1, or from -1 at the end; 0 stands before the first.
    Absolute(i64),
    /// The row so far from here; 0 is the row it stands on.
    Relative(i64),
}

/// Reads what follows the first word of a command.
type Reader = fn(&mut Parser<'_>) -> Result<Command, ParserError>;

/// Reads a statement of this file, if the parser stands before one.
pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Option<Form>, ParserError> {
    let Token::Word(word) = parser.peek_token().token else { return Ok(None) };
    let command: Reader = match word.value.to_ascii_uppercase().as_str() {
        _ if word.quote_style.is_some() => return Ok(None),
        "DECLARE" => declare,
        "FETCH" => |parser: &mut Parser<'_>| fetch(parser).map(Command::Fetch),
        "MOVE" => |parser: &mut Parser<'_>| fetch(parser).map(Command::Move),
        "CLOSE" => |parser: &mut Parser<'_>| name_or_all(parser).map(Command::Close),
        "PREPARE" => prepare,
        "EXECUTE" => execute,
        "DEALLOCATE" => |parser: &mut Parser<'_>| {
            let name = parser.peek_nth_token(1).token;
            if !ends(&name) {
                let _ = parser.parse_keyword(Keyword::PREPARE);
            }
            name_or_all(parser).map(Command::Deallocate)
        },
        "ALTER" if follows(parser, &["VIEW"]) => alter_view,
        "ALTER" if follows(parser, &["SEQUENCE"]) => sequence_syntax::alter,
        "CREATE" if creates_sequence(parser) => {
            parser.advance_token();
            return sequence_syntax::create(parser).map(Some);
        }
        "ANALYZE" | "ANALYSE" => analyze,
        "CHECKPOINT" => |_: &mut Parser<'_>| Ok(Command::Checkpoint),
        "CLUSTER" => |parser: &mut Parser<'_>| Ok(refused(parser, "CLUSTER")),
        "REINDEX" => |parser: &mut Parser<'_>| Ok(refused(parser, "REINDEX")),
        "DO" => |parser: &mut Parser<'_>| Ok(refused(parser, "DO")),
        "SET" if follows(parser, &["CONSTRAINTS"]) => set_constraints,
        // The parser knows only one of Postgres' two words for it.
        "ABORT" => {
            parser.advance_token();
            return parser.parse_rollback().map(|rollback| Some(Form::Sql(Arc::new(rollback))));
        }
        "RESET" if follows(parser, &["TIME", "ZONE"]) => return Ok(Some(reset_time_zone(parser))),
        _ => return Ok(None),
    };
    parser.advance_token();
    command(parser).map(|command| Some(Form::Command(command)))
}

/// Postgres takes the options in any order.
fn declare(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    let name = fold(&parser.parse_identifier()?);
    let (mut binary, mut scroll, mut no_scroll) = (false, false, false);
    loop {
        if parser.parse_keyword(Keyword::BINARY) {
            binary = true;
        } else if parser.parse_keyword(Keyword::SCROLL) {
            scroll = true;
        } else if parser.parse_keywords(&[Keyword::NO, Keyword::SCROLL]) {
            no_scroll = true;
        } else if parser.parse_one_of_keywords(&[Keyword::INSENSITIVE, Keyword::ASENSITIVE]).is_none() {
            // Cursors read a snapshot: each is insensitive.
            break;
        }
    }
    parser.expect_keyword(Keyword::CURSOR)?;
    let hold = parser.parse_keywords(&[Keyword::WITH, Keyword::HOLD]);
    if !hold {
        let _ = parser.parse_keywords(&[Keyword::WITHOUT, Keyword::HOLD]);
    }
    parser.expect_keyword(Keyword::FOR)?;
    let start = parser.peek_token();
    let query = parser.parse_query()?;
    if let SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) = query.body.as_ref() {
        return parser.expected("SELECT or VALUES", start);
    }
    Ok(Command::Declare(Declare { name, binary, scroll, no_scroll, hold, query }))
}

fn fetch(parser: &mut Parser<'_>) -> Result<Fetch, ParserError> {
    let direction = direction(parser)?;
    let _ = parser.parse_one_of_keywords(&[Keyword::FROM, Keyword::IN]);
    Ok(Fetch { direction, cursor: fold(&parser.parse_identifier()?) })
}

/// A word that nothing follows is the cursor's name, whatever it says.
fn direction(parser: &mut Parser<'_>) -> Result<Direction, ParserError> {
    let word = match parser.peek_token().token {
        Token::Word(word) if word.quote_style.is_none() && !ends(&parser.peek_nth_token(1).token) => {
            word.value.to_ascii_lowercase()
        }
        Token::Number(..) | Token::Plus | Token::Minus => return Ok(forward(signed(parser)?)),
        _ => String::new(),
    };
    let fixed = match word.as_str() {
        "next" => Direction::Forward(Some(1)),
        "prior" => Direction::Backward(Some(1)),
        "first" => Direction::Absolute(1),
        "last" => Direction::Absolute(-1),
        "all" => Direction::Forward(None),
        "absolute" | "relative" | "forward" | "backward" => {
            parser.advance_token();
            return measured(parser, &word);
        }
        _ => return Ok(Direction::Forward(Some(1))),
    };
    parser.advance_token();
    Ok(fixed)
}

/// The directions that take a number, or ALL, or for some of them nothing.
fn measured(parser: &mut Parser<'_>, word: &str) -> Result<Direction, ParserError> {
    match word {
        "absolute" => return signed(parser).map(Direction::Absolute),
        "relative" => return signed(parser).map(Direction::Relative),
        _ => {}
    }
    let all = !ends(&parser.peek_nth_token(1).token) && parser.parse_keyword(Keyword::ALL);
    let count = match parser.peek_token().token {
        _ if all => None,
        Token::Number(..) | Token::Plus | Token::Minus => Some(signed(parser)?),
        _ => Some(1),
    };
    Ok(match (word, count) {
        ("backward", None) => Direction::Backward(None),
        ("backward", Some(count)) => forward(-count),
        (_, None) => Direction::Forward(None),
        (_, Some(count)) => forward(count),
    })
}

/// So many rows forward, or back where it is negative; none is the row it stands on.
fn forward(count: i64) -> Direction {
    match count {
        0 => Direction::Relative(0),
        1.. => Direction::Forward(Some(count.unsigned_abs())),
        _ => Direction::Backward(Some(count.unsigned_abs())),
    }
}

/// A whole number of 32 bits, as Postgres takes it.
fn signed(parser: &mut Parser<'_>) -> Result<i64, ParserError> {
    let negative = parser.consume_token(&Token::Minus);
    if !negative {
        let _ = parser.consume_token(&Token::Plus);
    }
    let token = parser.next_token();
    match &token.token {
        Token::Number(digits, _) => match digits.parse::<i32>() {
            Ok(number) => Ok(if negative { -i64::from(number) } else { number.into() }),
            Err(_) => parser.expected("a whole number", token),
        },
        _ => parser.expected("a whole number", token),
    }
}

fn name_or_all(parser: &mut Parser<'_>) -> Result<Option<String>, ParserError> {
    if parser.parse_keyword(Keyword::ALL) {
        return Ok(None);
    }
    parser.parse_identifier().map(|name| Some(fold(&name)))
}

fn prepare(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    let name = fold(&parser.parse_identifier()?);
    let mut types = Vec::new();
    if parser.consume_token(&Token::LParen) {
        types = parser.parse_comma_separated(Parser::parse_data_type)?;
        parser.expect_token(&Token::RParen)?;
    }
    parser.expect_keyword(Keyword::AS)?;
    let start = parser.peek_token();
    match with_syntax::taken_in(parser.parse_statement()?) {
        statement @ (ast::Statement::Query(_)
        | ast::Statement::Insert(_)
        | ast::Statement::Update(_)
        | ast::Statement::Delete(_)) => Ok(Command::Prepare { name, types, statement: Box::new(statement) }),
        _ => parser.expected("SELECT, INSERT, UPDATE or DELETE", start),
    }
}

fn execute(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    let name = fold(&parser.parse_identifier()?);
    let mut arguments = Vec::new();
    if parser.consume_token(&Token::LParen) {
        arguments = parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(Command::Execute { name, arguments })
}

fn alter_view(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.advance_token();
    let start = parser.peek_token();
    match parser.parse_alter_table(false)? {
        ast::Statement::AlterTable(alter) => Ok(Command::AlterView(Box::new(alter))),
        _ => parser.expected("an operation on a view", start),
    }
}

fn analyze(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    if parser.consume_token(&Token::LParen) {
        parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_token(&Token::RParen)?;
    }
    let _ = parser.parse_keyword(Keyword::VERBOSE);
    if ends(&parser.peek_token().token) {
        return Ok(Command::Analyze(vec![]));
    }
    let table = |parser: &mut Parser<'_>| {
        let name = parser.parse_object_name(false)?;
        if parser.consume_token(&Token::LParen) {
            parser.parse_comma_separated(Parser::parse_identifier)?;
            parser.expect_token(&Token::RParen)?;
        }
        Ok(name)
    };
    parser.parse_comma_separated(table).map(Command::Analyze)
}

fn set_constraints(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.advance_token();
    if !parser.parse_keyword(Keyword::ALL) {
        parser.parse_comma_separated(|parser| parser.parse_object_name(false))?;
    }
    parser.expect_one_of_keywords(&[Keyword::DEFERRED, Keyword::IMMEDIATE])?;
    Ok(Command::SetConstraints)
}

fn reset_time_zone(parser: &mut Parser<'_>) -> Form {
    (0..3).for_each(|_| parser.advance_token());
    let reset = Reset::ConfigurationParameter(ObjectName::from(vec![Ident::new("TimeZone")]));
    Form::Sql(Arc::new(ast::Statement::Reset(ResetStatement { reset })))
}

fn creates_sequence(parser: &Parser<'_>) -> bool {
    let kinds: [&[&str]; 3] = [&["SEQUENCE"], &["TEMPORARY", "SEQUENCE"], &["TEMP", "SEQUENCE"]];
    kinds.iter().any(|words| follows(parser, words))
}

/// The rest of a statement that isn't supported is not read.
fn refused(parser: &mut Parser<'_>, command: &'static str) -> Command {
    while !ends(&parser.peek_token().token) {
        parser.advance_token();
    }
    Command::Refused(command)
}

pub(super) fn ends(token: &Token) -> bool {
    matches!(token, Token::SemiColon | Token::EOF)
}

/// Whether these words stand behind the next one.
fn follows(parser: &Parser<'_>, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(at, word)| match parser.peek_nth_token(at + 1).token {
        Token::Word(found) => found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::Statement;

    fn command(sql: &str) -> Command {
        match Statement::parse_all(sql).unwrap().remove(0).form() {
            Form::Command(command) => command.clone(),
            Form::Sql(_) | Form::Copy(_) => panic!("{sql} is no command"),
        }
    }

    fn fetched(sql: &str) -> (Direction, String) {
        match command(sql) {
            Command::Fetch(fetch) | Command::Move(fetch) => (fetch.direction, fetch.cursor),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fetch_is_read_in_every_form() {
        use Direction::{Absolute, Backward, Forward, Relative};
        for (sql, direction) in [
            ("FETCH c", Forward(Some(1))),
            ("FETCH FROM c", Forward(Some(1))),
            ("fetch in c", Forward(Some(1))),
            ("FETCH NEXT c", Forward(Some(1))),
            ("FETCH PRIOR FROM c", Backward(Some(1))),
            ("FETCH FIRST FROM c", Absolute(1)),
            ("FETCH LAST IN c", Absolute(-1)),
            ("FETCH ABSOLUTE 3 FROM c", Absolute(3)),
            ("FETCH ABSOLUTE -3 FROM c", Absolute(-3)),
            ("FETCH RELATIVE +2 c", Relative(2)),
            ("FETCH 500 in c", Forward(Some(500))),
            ("FETCH -2 FROM c", Backward(Some(2))),
            ("FETCH 0 FROM c", Relative(0)),
            ("FETCH ALL FROM c", Forward(None)),
            ("FETCH FORWARD c", Forward(Some(1))),
            ("FETCH FORWARD FROM c", Forward(Some(1))),
            ("FETCH FORWARD 5 FROM c", Forward(Some(5))),
            ("FETCH FORWARD ALL FROM c", Forward(None)),
            ("FETCH BACKWARD FROM c", Backward(Some(1))),
            ("FETCH BACKWARD 5 FROM c", Backward(Some(5))),
            ("MOVE BACKWARD -5 c", Forward(Some(5))),
            ("MOVE BACKWARD ALL c", Backward(None)),
        ] {
            assert_eq!(fetched(sql), (direction, "c".to_owned()), "{sql}");
        }
        assert_eq!(fetched("FETCH next"), (Forward(Some(1)), "next".to_owned()));
        assert_eq!(fetched("FETCH \"Next\""), (Forward(Some(1)), "Next".to_owned()));
        assert_eq!(fetched("FETCH FORWARD all"), (Forward(Some(1)), "all".to_owned()));
        for sql in ["FETCH", "FETCH ABSOLUTE FROM c", "FETCH 1.5 FROM c", "FETCH 3000000000 FROM c", "MOVE 1 FROM"] {
            assert!(Statement::parse_all(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn options_of_a_cursor_come_in_any_order() {
        for sql in [
            "DECLARE C BINARY INSENSITIVE SCROLL CURSOR WITH HOLD FOR SELECT 1",
            "declare c scroll asensitive binary cursor with hold for values (1)",
        ] {
            let Command::Declare(declare) = command(sql) else { panic!("{sql}") };
            assert!(declare.binary && declare.scroll && declare.hold && declare.name == "c", "{sql}");
        }
        let Command::Declare(plain) = command("DECLARE \"C\" NO SCROLL CURSOR WITHOUT HOLD FOR SELECT 1") else {
            panic!()
        };
        assert!(!plain.binary && !plain.scroll && !plain.hold && plain.name == "C");
        assert!(Statement::parse_all("DECLARE c CURSOR FOR DELETE FROM t").is_err());
    }

    #[test]
    fn other_commands_of_a_session() {
        assert!(matches!(command("CLOSE ALL"), Command::Close(None)));
        assert!(matches!(command("CLOSE \"all\""), Command::Close(Some(name)) if name == "all"));
        assert!(matches!(command("DEALLOCATE PREPARE ALL"), Command::Deallocate(None)));
        assert!(matches!(command("DEALLOCATE p"), Command::Deallocate(Some(name)) if name == "p"));
        assert!(matches!(command("DEALLOCATE prepare"), Command::Deallocate(Some(name)) if name == "prepare"));
        assert!(
            matches!(command("PREPARE p (int, text) AS SELECT $1"), Command::Prepare { types, .. } if types.len() == 2)
        );
        assert!(matches!(command("EXECUTE p (1, 'a')"), Command::Execute { arguments, .. } if arguments.len() == 2));
        assert!(matches!(command("ANALYZE VERBOSE t (a, b), s.u"), Command::Analyze(tables) if tables.len() == 2));
        assert!(matches!(command("DO $$ begin end; $$ LANGUAGE plpgsql; SELECT 1"), Command::Refused("DO")));
        assert!(matches!(command("ALTER VIEW IF EXISTS v RENAME TO w"), Command::AlterView(alter) if alter.if_exists));
        assert!(matches!(command("SET CONSTRAINTS ALL DEFERRED"), Command::SetConstraints));
        assert!(Statement::parse_all("PREPARE p AS BEGIN").is_err());
    }
}
