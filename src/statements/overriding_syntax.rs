//! `INSERT INTO t OVERRIDING SYSTEM VALUE ...`, which the parser does not know, as an INSERT with a mark that Postgres does not know:
//! `INSERT OVERWRITE INTO t ...`, and with USER `INSERT OVERWRITE INTO TABLE t ...`.

use datafusion::sql::sqlparser::ast::Insert;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

/// Whose values go into identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overriding {
    /// The statement's, into those that are GENERATED ALWAYS too.
    System,
    /// The sequences', whatever the statement gives.
    User,
}

/// What an INSERT is marked with.
pub(super) fn of(insert: &Insert) -> Option<Overriding> {
    insert.overwrite.then_some(if insert.has_table_keyword { Overriding::User } else { Overriding::System })
}

/// The tokens of a text as the parser reads them; places in the text stay.
pub(super) fn spelled_for_parser(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is(token, "overriding") || is(token, "overwrite")) {
        return tokens;
    }
    let mut spelled = Vec::with_capacity(tokens.len() + 4);
    // Where the INTO of the statement's INSERT stands.
    let mut into = None;
    let (mut skip, mut depth, mut inserts) = (0, 0, false);
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::SemiColon => into = None,
            _ => {}
        }
        if skip > 0 {
            skip -= usize::from(!matches!(token.token, Token::Whitespace(_)));
            spelled.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: token.span });
            continue;
        }
        let overriding = into
            .filter(|_| depth == 0 && is(token, "overriding"))
            .and_then(|place| Some((place, overriding(&tokens[at + 1..])?)));
        if let Some((place, overriding)) = overriding {
            let words: &[&str] = match overriding {
                Overriding::System => &["OVERWRITE", "INTO"],
                Overriding::User => &["OVERWRITE", "INTO", "TABLE"],
            };
            spelled.splice(place..=place, marks(words, &tokens[at]));
            spelled.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: token.span });
            (into, skip) = (None, 2);
            continue;
        }
        // A mark that is written out is no word of an INSERT.
        let token = match inserts && is(token, "overwrite") {
            true => TokenWithSpan { token: Token::make_word("overwrite", Some('"')), span: token.span },
            false => token.clone(),
        };
        if depth == 0 && is(&token, "into") {
            into = Some(spelled.len());
        }
        if !matches!(token.token, Token::Whitespace(_)) {
            inserts = is(&token, "insert");
        }
        spelled.push(token);
    }
    spelled
}

fn marks(words: &[&str], at: &TokenWithSpan) -> Vec<TokenWithSpan> {
    let mut marks = vec![];
    for word in words {
        marks.push(TokenWithSpan { token: Token::make_keyword(word), span: at.span });
        marks.push(TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: at.span });
    }
    marks
}

/// What follows the word OVERRIDING, if it is whose values go in.
fn overriding(tokens: &[TokenWithSpan]) -> Option<Overriding> {
    let mut words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let (whose, value) = (words.next()?, words.next()?);
    match is(value, "value") {
        true if is(whose, "system") => Some(Overriding::System),
        true if is(whose, "user") => Some(Overriding::User),
        _ => None,
    }
}

fn is(token: &TokenWithSpan, word: &str) -> bool {
    matches!(&token.token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use super::super::statement::Form;
    use super::*;
    use datafusion::sql::sqlparser::ast;

    fn read(sql: &str) -> Option<Overriding> {
        match Statement::parse_all(sql).unwrap().remove(0).form() {
            Form::Sql(ast) => match ast.as_ref() {
                ast::Statement::Insert(insert) => of(insert),
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn overriding_is_read() {
        assert_eq!(read("INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1)"), Some(Overriding::System));
        assert_eq!(read("insert into s.t (a, b) overriding user value select 1, 2"), Some(Overriding::User));
        assert_eq!(read("INSERT INTO t AS x (a) OVERRIDING SYSTEM VALUE VALUES (1)"), Some(Overriding::System));
        assert_eq!(read("INSERT INTO t (overriding) VALUES (1)"), None);
        assert!(Statement::parse_all("INSERT OVERWRITE INTO t VALUES (1)").is_err());
        assert!(Statement::parse_all("INSERT INTO t OVERRIDING VALUE VALUES (1)").is_err());
    }
}
