//! CREATE SEQUENCE and ALTER SEQUENCE, whose options may come in any order. The parser reads them in one, of CREATE SEQUENCE alone.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{self, AlterTable, DataType, Ident, ObjectName, SequenceOptions};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::statement::Form;
use super::syntax::{Command, ends};

/// ALTER SEQUENCE of how it counts.
#[derive(Debug, Clone)]
pub(crate) struct AlterSequence {
    /// Which.
    pub name: ObjectName,
    /// Whether there may be none.
    pub if_exists: bool,
    /// What it is to be.
    pub options: Options,
}

/// What is said of a sequence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// AS.
    pub data_type: Option<DataType>,
    /// How it counts.
    pub counting: Vec<SequenceOptions>,
    /// RESTART, and with which number.
    pub restart: Option<Option<ast::Expr>>,
    /// OWNED BY; the name NONE for none.
    pub owned_by: Option<ObjectName>,
}

/// What follows CREATE, from TEMPORARY or SEQUENCE on.
pub(super) fn create(parser: &mut Parser<'_>) -> Result<Form, ParserError> {
    let temporary = parser.parse_one_of_keywords(&[Keyword::TEMPORARY, Keyword::TEMP]).is_some();
    parser.expect_keyword(Keyword::SEQUENCE)?;
    let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
    let name = parser.parse_object_name(false)?;
    let start = parser.peek_token();
    let Options { data_type, counting: sequence_options, restart, owned_by } = options(parser)?;
    if restart.is_some() {
        return parser.expected("an option of a new sequence", start);
    }
    let create =
        ast::Statement::CreateSequence { temporary, if_not_exists, name, data_type, sequence_options, owned_by };
    Ok(Form::Sql(Arc::new(create)))
}

/// What follows ALTER, from SEQUENCE on. RENAME TO and OWNER TO are those of tables.
pub(super) fn alter(parser: &mut Parser<'_>) -> Result<Command, ParserError> {
    parser.expect_keyword(Keyword::SEQUENCE)?;
    let counting = parser.maybe_parse(|parser| {
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let name = parser.parse_object_name(false)?;
        match parser.peek_keyword(Keyword::RENAME) || parser.peek_keyword(Keyword::OWNER) {
            true => parser.expected("options", parser.peek_token()),
            false => Ok((if_exists, name)),
        }
    });
    if let Some((if_exists, name)) = counting? {
        let options = options(parser)?;
        return Ok(Command::AlterSequence(Box::new(AlterSequence { name, if_exists, options })));
    }
    let at = parser.peek_token();
    match parser.parse_alter_table(false)? {
        ast::Statement::AlterTable(alter) => Ok(Command::AlterSequenceAsTable(Box::<AlterTable>::new(alter))),
        _ => parser.expected("an operation on a sequence", at),
    }
}

/// Options to the end of the statement, each at most once.
fn options(parser: &mut Parser<'_>) -> Result<Options, ParserError> {
    let mut options = Options::default();
    let mut said: Vec<&str> = vec![];
    while !ends(&parser.peek_token().token) {
        let what = option(parser, &mut options)?;
        if said.contains(&what) {
            return Err(ParserError::ParserError("conflicting or redundant options".to_owned()));
        }
        said.push(what);
    }
    Ok(options)
}

/// The next option, and which one it is.
fn option(parser: &mut Parser<'_>, options: &mut Options) -> Result<&'static str, ParserError> {
    use Keyword::{AS, BY, CACHE, CYCLE, INCREMENT, MAXVALUE, MINVALUE, NO, NONE, OWNED, RESTART, START, WITH};
    let start = parser.peek_token();
    let counting = match parser.parse_one_of_keywords(&[INCREMENT, MINVALUE, MAXVALUE, START, CACHE, CYCLE]) {
        Some(INCREMENT) => {
            let by = parser.parse_keyword(BY);
            Some(("increment", SequenceOptions::IncrementBy(parser.parse_number()?, by)))
        }
        Some(MINVALUE) => Some(("minvalue", SequenceOptions::MinValue(Some(parser.parse_number()?)))),
        Some(MAXVALUE) => Some(("maxvalue", SequenceOptions::MaxValue(Some(parser.parse_number()?)))),
        Some(START) => {
            let with = parser.parse_keyword(WITH);
            Some(("start", SequenceOptions::StartWith(parser.parse_number()?, with)))
        }
        Some(CACHE) => Some(("cache", SequenceOptions::Cache(parser.parse_number()?))),
        Some(_) => Some(("cycle", SequenceOptions::Cycle(false))),
        None if parser.parse_keywords(&[NO, MINVALUE]) => Some(("minvalue", SequenceOptions::MinValue(None))),
        None if parser.parse_keywords(&[NO, MAXVALUE]) => Some(("maxvalue", SequenceOptions::MaxValue(None))),
        None if parser.parse_keywords(&[NO, CYCLE]) => Some(("cycle", SequenceOptions::Cycle(true))),
        None => None,
    };
    if let Some((what, option)) = counting {
        options.counting.push(option);
        return Ok(what);
    }
    if parser.parse_keyword(AS) {
        options.data_type = Some(parser.parse_data_type()?);
        return Ok("as");
    }
    if parser.parse_keywords(&[OWNED, BY]) {
        let none = parser.parse_keyword(NONE);
        options.owned_by =
            Some(if none { ObjectName::from(vec![Ident::new("NONE")]) } else { parser.parse_object_name(false)? });
        return Ok("owned by");
    }
    if parser.parse_keyword(RESTART) {
        let with = parser.parse_keyword(WITH);
        let number = with || matches!(parser.peek_token().token, Token::Number(..) | Token::Minus | Token::Plus);
        options.restart = Some(if number { Some(parser.parse_number()?) } else { None });
        return Ok("restart");
    }
    parser.expected("an option of a sequence", start)
}

/// The tokens of a text as the parser reads them: the options of identities come in its order; places in the text stay.
pub(super) fn spelled_for_parser(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut from = 0;
    while let Some(identity) = (from..tokens.len()).find(|at| is(&tokens[*at], Keyword::IDENTITY)) {
        from = identity + 1;
        let open = (from..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)));
        let Some(open) = open.filter(|at| tokens[*at].token == Token::LParen) else { continue };
        let Some(close) = (open..tokens.len()).find(|at| tokens[*at].token == Token::RParen) else { continue };
        let sorted = in_order(&tokens[open + 1..close]);
        tokens.splice(open + 1..close, sorted);
        from = close;
    }
    tokens
}

/// Options in the order that the parser reads them in.
fn in_order(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    use Keyword::{CACHE, CYCLE, INCREMENT, MAXVALUE, MINVALUE, NO, START};
    const ORDER: [Keyword; 6] = [INCREMENT, MINVALUE, MAXVALUE, START, CACHE, CYCLE];
    let place = |token: &TokenWithSpan| ORDER.iter().position(|word| is(token, *word));
    let mut options: Vec<(usize, Vec<TokenWithSpan>)> = vec![];
    let mut negated: Option<Vec<TokenWithSpan>> = None;
    for token in tokens {
        match (place(token), &mut negated) {
            (Some(at), no) => {
                let mut option = no.take().unwrap_or_default();
                option.push(token.clone());
                options.push((at, option));
            }
            (None, Some(no)) => no.push(token.clone()),
            (None, None) if is(token, NO) => negated = Some(vec![token.clone()]),
            (None, None) => match options.last_mut() {
                Some((_, option)) => option.push(token.clone()),
                // What comes first and is no option stays there, for the parser to refuse.
                None => options.push((0, vec![token.clone()])),
            },
        }
    }
    options.sort_by_key(|(at, _)| *at);
    options.into_iter().flat_map(|(_, option)| option).chain(negated.into_iter().flatten()).collect()
}

fn is(token: &TokenWithSpan, word: Keyword) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.keyword == word)
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use super::*;

    fn form(sql: &str) -> Form {
        Statement::parse_all(sql).unwrap().remove(0).form().clone()
    }

    #[test]
    fn options_come_in_any_order() {
        for (sql, meant) in [
            (
                "CREATE SEQUENCE s START 5 INCREMENT BY 2 NO CYCLE AS integer CACHE 3",
                "CREATE SEQUENCE s AS INTEGER START 5 INCREMENT BY 2 NO CYCLE CACHE 3",
            ),
            (
                "create temp sequence if not exists s owned by t.a maxvalue 9",
                "CREATE TEMPORARY SEQUENCE IF NOT EXISTS s MAXVALUE 9 OWNED BY t.a",
            ),
            (
                "CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY ( start WITH 3 NO MAXVALUE INCREMENT 2 ))",
                "CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY ( INCREMENT 2 NO MAXVALUE START WITH 3 ))",
            ),
        ] {
            match form(sql) {
                Form::Sql(ast) => assert_eq!(ast.to_string(), meant),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn alter_sequence_is_read_in_every_form() {
        let Form::Command(Command::AlterSequence(alter)) =
            form("ALTER SEQUENCE IF EXISTS s.t RESTART WITH -3 MINVALUE -5 OWNED BY NONE INCREMENT -1")
        else {
            panic!("no ALTER SEQUENCE")
        };
        assert!(alter.if_exists && alter.options.counting.len() == 2 && alter.options.owned_by.is_some());
        assert_eq!(alter.options.restart.flatten().unwrap().to_string(), "-3");
        assert!(matches!(form("ALTER SEQUENCE s RESTART"), Form::Command(Command::AlterSequence(_))));
        assert!(matches!(form("ALTER SEQUENCE s RENAME TO t"), Form::Command(Command::AlterSequenceAsTable(_))));
        for wrong in ["CREATE SEQUENCE s START 1 START 2", "ALTER SEQUENCE s NONSENSE", "CREATE SEQUENCE s RESTART"] {
            assert!(Statement::parse_all(wrong).is_err(), "{wrong}");
        }
    }
}
