//! Postgres' spelling of statements about roles, brought into the parser's, token by token; places in the text stay.
//!
//! | Postgres | parser |
//! |---|---|
//! | `CREATE USER a` | `CREATE ROLE a LOGIN` |
//! | `ALTER USER a`, `DROP USER a` | `ALTER ROLE a`, `DROP ROLE a` |
//! | `ENCRYPTED PASSWORD` | `PASSWORD` |
//! | `CONNECTION LIMIT -1`, in three tokens | in two and a number |
//! | `GRANT a, b TO c`, `REVOKE a FROM c` | `GRANT ROLE a, ROLE b TO c`, `REVOKE ROLE a FROM c` |
//! | `RESET SESSION AUTHORIZATION` | `SET SESSION AUTHORIZATION DEFAULT` |

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The tokens of a text as the parser reads them.
pub(super) fn spelled_for_parser(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut spelled = Vec::with_capacity(tokens.len() + 1);
    for statement in tokens.split_inclusive(|token| token.token == Token::SemiColon) {
        let words = words(statement);
        match words.as_slice() {
            [(_, first), (at, second), ..] if is(first, &["CREATE", "ALTER", "DROP"]) && is(second, &["USER"]) => {
                user_as_role(statement, *at, is(first, &["CREATE"]), &mut spelled);
            }
            [(_, first), (_, second), ..] if is(first, &["CREATE", "ALTER"]) && is(second, &["ROLE"]) => {
                let tokens = statement.iter().filter(|token| !is_word(token, "ENCRYPTED")).cloned();
                spelled.extend(with_signs(tokens));
            }
            [(_, first), ..] if is(first, &["GRANT", "REVOKE"]) => grant_of_roles(statement, &mut spelled),
            [(reset, first), (_, second), (_, third)]
                if is(first, &["RESET"]) && is(second, &["SESSION"]) && is(third, &["AUTHORIZATION"]) =>
            {
                let (end, body) = ending(statement);
                spelled.extend(body[..*reset].iter().cloned());
                spelled.push(word("SET", &body[*reset]));
                spelled.extend(body[reset + 1..].iter().cloned());
                spelled.push(blank(&body[*reset]));
                spelled.push(word("DEFAULT", &body[*reset]));
                spelled.extend(end.cloned());
            }
            _ => spelled.extend(statement.iter().cloned()),
        }
    }
    spelled
}

/// A minus and the number behind it as one token.
fn with_signs(tokens: impl Iterator<Item = TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut signed: Vec<TokenWithSpan> = Vec::new();
    for token in tokens {
        match (signed.last_mut().map(|last| &mut last.token), token.token) {
            (Some(minus @ Token::Minus), Token::Number(digits, long)) => {
                *minus = Token::Number(format!("-{digits}"), long);
            }
            (_, other) => signed.push(TokenWithSpan { token: other, span: token.span }),
        }
    }
    signed
}

/// Whether a text sets a password: messages about it quote nothing, and nothing shows it.
pub(super) fn sets_password(tokens: &[TokenWithSpan]) -> bool {
    tokens.split(|token| token.token == Token::SemiColon).any(|statement| {
        let words = words(statement);
        let of_role =
            |words: &[(usize, &Word)]| is(words[0].1, &["CREATE", "ALTER"]) && is(words[1].1, &["USER", "ROLE"]);
        words.len() > 1 && of_role(&words) && words.iter().any(|(_, word)| is(word, &["PASSWORD"]))
    })
}

fn user_as_role(statement: &[TokenWithSpan], user: usize, login: bool, spelled: &mut Vec<TokenWithSpan>) {
    let (end, body) = ending(statement);
    let says_login = body.iter().any(|token| is_word(token, "LOGIN") || is_word(token, "NOLOGIN"));
    let tokens = body.iter().enumerate().filter(|(_, token)| !is_word(token, "ENCRYPTED"));
    spelled.extend(with_signs(tokens.map(|(at, token)| if at == user { word("ROLE", token) } else { token.clone() })));
    if login && !says_login {
        spelled.extend([blank(&body[user]), word("LOGIN", &body[user])]);
    }
    spelled.extend(end.cloned());
}

/// A GRANT or REVOKE that names nothing to be ON is one of roles.
fn grant_of_roles(statement: &[TokenWithSpan], spelled: &mut Vec<TokenWithSpan>) {
    let to = statement.iter().position(|token| is_word(token, "TO") || is_word(token, "FROM"));
    let to = to.unwrap_or(statement.len());
    let named = words(&statement[..to]);
    if named.iter().any(|(_, word)| is(word, &["ON"])) || named.get(1).is_none_or(|(_, word)| is(word, &["ROLE"])) {
        return spelled.extend(statement.iter().cloned());
    }
    let mut next_is_role = false;
    for (at, token) in statement.iter().enumerate() {
        if next_is_role && at < to && matches!(token.token, Token::Word(_)) {
            spelled.extend([word("ROLE", token), blank(token)]);
            next_is_role = false;
        }
        next_is_role |= at == named[0].0 || token.token == Token::Comma;
        spelled.push(token.clone());
    }
}

/// A statement without its semicolon, and that.
fn ending(statement: &[TokenWithSpan]) -> (Option<&TokenWithSpan>, &[TokenWithSpan]) {
    match statement.split_last() {
        Some((last, body)) if last.token == Token::SemiColon => (Some(last), body),
        _ => (None, statement),
    }
}

/// The words of a statement with their places.
fn words(statement: &[TokenWithSpan]) -> Vec<(usize, &Word)> {
    let word = |(at, token): (usize, &'_ TokenWithSpan)| match &token.token {
        Token::Word(_) => Some(at),
        _ => None,
    };
    let places = statement.iter().enumerate().filter_map(word);
    places.filter_map(|at| if let Token::Word(word) = &statement[at].token { Some((at, word)) } else { None }).collect()
}

fn is(word: &Word, keywords: &[&str]) -> bool {
    word.quote_style.is_none() && keywords.iter().any(|keyword| word.value.eq_ignore_ascii_case(keyword))
}

fn is_word(token: &TokenWithSpan, keyword: &str) -> bool {
    matches!(&token.token, Token::Word(word) if is(word, &[keyword]))
}

fn word(text: &str, at: &TokenWithSpan) -> TokenWithSpan {
    TokenWithSpan { token: Token::make_keyword(text), span: at.span }
}

fn blank(at: &TokenWithSpan) -> TokenWithSpan {
    let space = datafusion::sql::sqlparser::tokenizer::Whitespace::Space;
    TokenWithSpan { token: Token::Whitespace(space), span: at.span }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;
    use crate::model::Postgres;

    fn tokens(sql: &str) -> Vec<TokenWithSpan> {
        Tokenizer::new(&Postgres, sql).tokenize_with_location().unwrap()
    }

    fn spelled(sql: &str) -> String {
        spelled_for_parser(tokens(sql)).iter().map(|token| token.token.to_string()).collect()
    }

    #[test]
    fn users_are_roles_that_log_in() {
        assert_eq!(spelled("create user a password 'x';"), "create ROLE a password 'x' LOGIN;");
        assert_eq!(spelled("CREATE USER a NOLOGIN"), "CREATE ROLE a NOLOGIN");
        assert_eq!(spelled("ALTER USER a ENCRYPTED PASSWORD 'x'; SELECT 1"), "ALTER ROLE a  PASSWORD 'x'; SELECT 1");
        assert_eq!(spelled("DROP USER \"user\""), "DROP ROLE \"user\"");
    }

    #[test]
    fn roles_are_granted_by_name() {
        assert_eq!(spelled("GRANT reader, \"B c\" TO d, e"), "GRANT ROLE reader, ROLE \"B c\" TO d, e");
        assert_eq!(spelled("REVOKE select FROM d"), "REVOKE ROLE select FROM d");
        for plain in ["GRANT SELECT, INSERT ON t TO d", "REVOKE ALL ON SCHEMA s FROM PUBLIC", "GRANT"] {
            assert_eq!(spelled(plain), plain);
        }
    }

    #[test]
    fn other_statements_stay_as_they_are() {
        for plain in ["SELECT user, 'CREATE USER a' FROM t", "create table user_role (grant int);", " ; ;"] {
            assert_eq!(spelled(plain), plain);
        }
        assert_eq!(spelled("reset session authorization;"), "SET session authorization DEFAULT;");
    }

    #[test]
    fn passwords_are_seen_coming() {
        assert!(sets_password(&tokens("SELECT 1; alter role a with password 'x'")));
        assert!(!sets_password(&tokens("SELECT password FROM users; CREATE ROLE a")));
    }
}
