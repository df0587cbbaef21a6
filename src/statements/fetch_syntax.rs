//! `FETCH FIRST (2) ROWS ONLY` as `LIMIT (2)`: the parser takes a literal alone after FETCH, Postgres anything in parentheses.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// The tokens of a text as the parser reads them; places in the text stay.
pub(super) fn spelled_for_parser(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut from = 0;
    while let Some((fetch, end)) = next(&tokens, from) {
        for token in &mut tokens[fetch..end.open] {
            token.token = blank();
        }
        for token in &mut tokens[end.close + 1..=end.only] {
            token.token = blank();
        }
        tokens[fetch].token = Token::make_keyword("LIMIT");
        from = fetch + 1;
    }
    tokens
}

/// Where the parts of a FETCH stand.
struct Parts {
    open: usize,
    close: usize,
    only: usize,
}

/// The next FETCH of an expression in parentheses.
fn next(tokens: &[TokenWithSpan], from: usize) -> Option<(usize, Parts)> {
    let fetches = (from..tokens.len()).filter(|at| is(&tokens[*at], &[Keyword::FETCH]));
    fetches.filter_map(|fetch| Some((fetch, parts(tokens, fetch)?))).next()
}

fn parts(tokens: &[TokenWithSpan], fetch: usize) -> Option<Parts> {
    let first = following(tokens, fetch).filter(|at| is(&tokens[*at], &[Keyword::FIRST, Keyword::NEXT]))?;
    let open = following(tokens, first).filter(|at| tokens[*at].token == Token::LParen)?;
    let mut depth = 0;
    let close = (open..tokens.len()).find(|at| {
        match tokens[*at].token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let rows = following(tokens, close).filter(|at| is(&tokens[*at], &[Keyword::ROW, Keyword::ROWS]))?;
    let only = following(tokens, rows).filter(|at| is(&tokens[*at], &[Keyword::ONLY]))?;
    Some(Parts { open, close, only })
}

/// The place of the next token that is no blank.
fn following(tokens: &[TokenWithSpan], at: usize) -> Option<usize> {
    (at + 1..tokens.len()).find(|at| !matches!(tokens[*at].token, Token::Whitespace(_)))
}

fn is(token: &TokenWithSpan, words: &[Keyword]) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && words.contains(&word.keyword))
}

fn blank() -> Token {
    Token::Whitespace(datafusion::sql::sqlparser::tokenizer::Whitespace::Space)
}
