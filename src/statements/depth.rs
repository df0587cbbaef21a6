//! How deep a statement nests, told from its tokens, before there is a tree.
//!
//! Whatever walks a tree of statements does so by recursion, and a chain such as `a OR b OR c ...` is a tree as deep as it is long,
//! which the parser builds without a word. And the parser goes back: it reads what stands in the brackets of a call or of
//! a subquery twice, so that each level doubles the time; it stops by itself only at fifty levels, in years.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Result, SqlState};

/// The most links of one chain. A thousand overflowed the stack of 2 MiB that a thread has unless it is told otherwise.
const MOST_LINKS: usize = 500;

/// How often the time to parse may double; eighteen times is half a second.
const MOST_DOUBLINGS: usize = 18;

/// What stands between two brackets.
#[derive(Debug, Default)]
struct Level {
    /// Operators since the last comma.
    operators: usize,
    /// Comparisons since the last comma, AND or OR.
    comparisons: usize,
    /// Set operations and joins.
    relations: usize,
    /// How often what is read here is read again.
    doublings: usize,
    /// Whether it may be a tuple, which the first comma shows.
    may_be_tuple: bool,
    /// Whether a query that it begins with is read twice.
    subquery_doubles: bool,
    /// Whether it is a CASE, whose branches are no chain.
    is_case: bool,
}

/// What has to be left of a stack where the parser and the planner recurse; they take another one where it isn't. Some of
/// their functions take more than the 128 KiB that they ask for by themselves: twelve joins in brackets overflowed 2 MiB.
const LEAST_STACK: usize = 640 << 10;

/// Has the parser and the planner ask in time.
pub(super) fn ask_for_stack() {
    recursive::set_minimum_stack_size(LEAST_STACK);
}

/// Refuses statements that nest too deeply: 54001.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut levels = vec![Level::default()];
    let mut previous = &Token::EOF;
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        let depth = levels.len();
        let Some(level) = levels.last_mut() else { break };
        match &token.token {
            Token::Comma => {
                (level.operators, level.comparisons) = (0, 0);
                level.doublings += usize::from(std::mem::take(&mut level.may_be_tuple));
            }
            Token::SemiColon => levels = vec![Level::default()],
            Token::LParen => {
                let doublings = level.doublings + doublings_after(previous);
                let once = matches!(previous, Token::EOF | Token::SemiColon)
                    || matches!(previous, Token::Word(word) if is_read_once(word.keyword));
                let may_be_tuple = doublings == level.doublings && !once;
                levels.push(Level { doublings, may_be_tuple, subquery_doubles: !once, ..Level::default() });
            }
            Token::LBracket => {
                level.operators += 1;
                let doublings = level.doublings;
                levels.push(Level { doublings, ..Level::default() });
            }
            Token::RParen | Token::RBracket if depth > 1 => {
                levels.pop();
            }
            Token::Word(word) => match word.keyword {
                Keyword::CASE => {
                    let doublings = level.doublings;
                    levels.push(Level { doublings, is_case: true, ..Level::default() });
                }
                Keyword::END if level.is_case && depth > 1 => {
                    levels.pop();
                }
                Keyword::SELECT | Keyword::WITH if *previous == Token::LParen => {
                    level.doublings += usize::from(level.subquery_doubles);
                    level.may_be_tuple = false;
                }
                keyword => level.meet(keyword),
            },
            Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => level.comparisons += 1,
            token if is_operator(token) => level.operators += 1,
            _ => {}
        }
        previous = &token.token;
        if levels.last().is_some_and(Level::is_too_deep) {
            return Err(too_deep().at_place(token.span.start.line, token.span.start.column));
        }
    }
    Ok(())
}

impl Level {
    fn meet(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::WHEN | Keyword::THEN | Keyword::ELSE if self.is_case => {
                (self.operators, self.comparisons) = (0, 0);
            }
            Keyword::AND | Keyword::OR => (self.operators, self.comparisons) = (self.operators + 1, 0),
            Keyword::COLLATE | Keyword::AT => self.operators += 1,
            Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::JOIN => self.relations += 1,
            Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::BETWEEN
            | Keyword::NOTNULL => self.comparisons += 1,
            _ => {}
        }
    }

    fn is_too_deep(&self) -> bool {
        self.operators.max(self.comparisons).max(self.relations) > MOST_LINKS || self.doublings > MOST_DOUBLINGS
    }
}

fn too_deep() -> Error {
    let text = format!(
        "the statement nests more than {MOST_DOUBLINGS} calls and subqueries, or has more than {MOST_LINKS} operators in a row"
    );
    let hint = "take steps with WITH, IN (...) for many values, a table for many rows";
    Error::new(SqlState::StatementTooComplex, text).with_hint(hint)
}

/// How often the time doubles for what is in the brackets after a token, whatever that is.
fn doublings_after(before: &Token) -> usize {
    let Token::Word(word) = before else { return 0 };
    match word.keyword {
        Keyword::POSITION => 3,
        // Their brackets group, list, or are read once.
        Keyword::CAST | Keyword::EXTRACT | Keyword::SUBSTRING | Keyword::TRIM => 0,
        keyword if is_read_once(keyword) => 0,
        Keyword::SELECT | Keyword::WHERE | Keyword::HAVING | Keyword::ON | Keyword::BY | Keyword::EXISTS => 0,
        Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::WHEN | Keyword::THEN | Keyword::ELSE => 0,
        _ => 1,
    }
}

/// What subqueries follow that are read once: derived tables, those of WITH and IN, lists.
fn is_read_once(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::FROM | Keyword::JOIN | Keyword::LATERAL | Keyword::AS | Keyword::VALUES | Keyword::IN)
}

/// Whatever stands between operands and is no word.
fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Word(_)
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::RParen
            | Token::RBracket
            | Token::LBrace
            | Token::RBrace
    )
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;
    use crate::model::Postgres;

    fn admitted(sql: &str) -> bool {
        check(&Tokenizer::new(&Postgres, sql).tokenize_with_location().unwrap()).is_ok()
    }

    fn refused(sql: &str) -> bool {
        Statement::parse_all(sql)
            .is_err_and(|error| error.state() == SqlState::StatementTooComplex && error.position().is_some())
    }

    #[test]
    fn long_chains_are_refused_and_lists_are_not() {
        let repeated = |link: &str, count: usize| format!("SELECT 1 FROM t WHERE a = 1{}", link.repeat(count));
        for link in [" OR a = 1", " AND a IS NULL", " + 1", "::text::int", " IS NULL IS NULL", " = 1", " || a[1]"] {
            assert!(refused(&repeated(link, 100_000)), "{link}");
        }
        for link in [" UNION ALL SELECT 1, 2", " CROSS JOIN t AS u"] {
            assert!(refused(&format!("SELECT 1, 2 FROM t{}", link.repeat(1000))), "{link}");
        }
        assert!(admitted(&repeated(" OR a = 1", 400)));
        let list = ["-1 + 2"; 5000].join(", ");
        assert!(admitted(&format!("SELECT a IN ({list}) FROM t; SELECT {list}")));
        let branches = " WHEN a = 1 THEN 2 + 3".repeat(2000);
        assert!(admitted(&format!("SELECT CASE {branches} ELSE 0 END FROM t")));
        assert!(refused(&format!("SELECT {} FROM t", ["CASE WHEN a = 1 THEN 1 END"; 600].join(" + "))));
    }

    #[test]
    fn what_is_read_twice_nests_no_deeper_than_time_allows() {
        let nested =
            |open: &str, close: &str, depth: usize| format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
        for (open, close) in [
            ("abs(", ")"),
            ("(SELECT ", ")"),
            ("EXISTS (SELECT ", ")"),
            ("(1, ", ")"),
            ("coalesce(2, ", ")"),
            ("position('a' IN ", ")"),
        ] {
            assert!(refused(&nested(open, close, 30)), "{open}");
            assert!(admitted(&nested(open, close, 5)), "{open}");
        }
        for (open, close) in [("CAST(", " AS int)"), ("ARRAY[", "]"), ("(", ")"), ("(1 + ", ")")] {
            assert!(admitted(&nested(open, close, 30)), "{open}");
        }
        let tables = format!("{}SELECT 1{}", "SELECT * FROM (".repeat(20), ") AS t".repeat(20));
        assert!(admitted(&tables));
        let calls = ["replace(lower(a), 'b', 'c')"; 3000].join(", ");
        assert!(admitted(&format!("SELECT {calls} FROM t")));
    }
}
