//! `TABLE t` as `SELECT * FROM t`, wherever a query may stand; places in the text stay.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

/// The words that a query may follow.
const BEFORE: [Keyword; 9] = [
    Keyword::UNION,
    Keyword::EXCEPT,
    Keyword::INTERSECT,
    Keyword::ALL,
    Keyword::DISTINCT,
    Keyword::FOR,
    Keyword::EXPLAIN,
    Keyword::ANALYZE,
    Keyword::VERBOSE,
];

/// The tokens of a text as the parser reads them.
pub(super) fn spelled_for_parser(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(is_table) {
        return tokens;
    }
    let mut spelled = Vec::with_capacity(tokens.len() + 8);
    let (mut query, mut selects) = (true, false);
    for (at, token) in tokens.iter().enumerate() {
        if query && is_table(token) && is_named(&tokens[at + 1..]) {
            let blank = Token::Whitespace(Whitespace::Space);
            let words = [Token::make_keyword("SELECT"), blank.clone(), Token::Mul, blank, Token::make_keyword("FROM")];
            spelled.extend(words.map(|word| TokenWithSpan { token: word, span: token.span }));
            query = false;
            continue;
        }
        match &token.token {
            Token::Whitespace(_) => {}
            Token::SemiColon => (query, selects) = (true, false),
            Token::LParen | Token::RParen => query = true,
            Token::Word(word) => {
                // In a select list, what follows AS is a name.
                let defines = word.keyword == Keyword::AS && !selects;
                query = word.quote_style.is_none() && (BEFORE.contains(&word.keyword) || defines);
                selects |= word.keyword == Keyword::SELECT;
            }
            _ => query = false,
        }
        spelled.push(token.clone());
    }
    spelled
}

/// Whether a name follows: `TABLE(t)` is an argument.
fn is_named(rest: &[TokenWithSpan]) -> bool {
    let next = rest.iter().map(|token| &token.token).find(|token| !matches!(token, Token::Whitespace(_)));
    matches!(next, Some(Token::Word(_)))
}

fn is_table(token: &TokenWithSpan) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::TABLE)
}

#[cfg(test)]
mod tests {
    use super::super::Statement;

    fn parsed(sql: &str) -> String {
        let mut statements = Statement::parse_all(sql).unwrap();
        match statements.remove(0).form() {
            super::super::statement::Form::Sql(ast) => ast.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_table_stands_where_a_query_may() {
        for (sql, expected) in [
            ("TABLE t", "SELECT * FROM t"),
            ("table \"T\" ORDER BY a LIMIT 1", "SELECT * FROM \"T\" ORDER BY a LIMIT 1"),
            ("SELECT 1 UNION ALL TABLE s.t", "SELECT 1 UNION ALL SELECT * FROM s.t"),
            ("WITH q AS (TABLE t) TABLE q", "WITH q AS (SELECT * FROM t) SELECT * FROM q"),
            ("CREATE VIEW v AS TABLE t", "CREATE VIEW v AS SELECT * FROM t"),
            ("SELECT a AS table FROM t", "SELECT a AS table FROM t"),
            ("SELECT n FROM f(TABLE(t))", "SELECT n FROM f(TABLE(t))"),
            ("DROP TABLE t", "DROP TABLE t"),
            ("TRUNCATE TABLE t", "TRUNCATE TABLE t"),
        ] {
            assert_eq!(parsed(sql), expected, "{sql}");
        }
    }
}
