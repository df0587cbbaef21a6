//! Postgres' SQL as the parser reads it: the parser's own dialect of that name, with the precedences that it has otherwise.
//!
//! | text | Postgres | the parser's own dialect |
//! |---|---|---|
//! | `a IS DISTINCT FROM b AND c` | `(a IS DISTINCT FROM b) AND c` | `a IS DISTINCT FROM (b AND c)` |
//! | `-2 ^ 2` | `(-2) ^ 2` | `-(2 ^ 2)` |
//! | `a ISNULL` | `a IS NULL` | `a`, with a name |
//! | `a BETWEEN SYMMETRIC b AND c` | in either order | an error |
//! | `SELECT a FOR UPDATE` | locks rows | `a`, with a name, and an error |
//!
//! It passes for that dialect wherever the parser asks which one it reads.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};
use datafusion::sql::sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// The dialect of every text that this crate parses.
#[derive(Debug, Default, Clone, Copy)]
pub struct Postgres;

/// That of the parser.
const PARSERS: PostgreSqlDialect = PostgreSqlDialect {};

/// What binds a sign to its operand: tighter than COLLATE, looser than a subscript. The parser's numbers are its own, and steps
/// of ten; that of COLLATE follows AT TIME ZONE's.
fn sign() -> u8 {
    PARSERS.prec_value(Precedence::AtTz) + 10
}

macro_rules! as_the_parsers {
    ($($asked:ident),* $(,)?) => {
        $(fn $asked(&self) -> bool {
            PARSERS.$asked()
        })*
    };
}

impl Dialect for Postgres {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        PARSERS.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, letter: char) -> bool {
        PARSERS.is_delimited_identifier_start(letter)
    }

    fn is_identifier_start(&self, letter: char) -> bool {
        PARSERS.is_identifier_start(letter)
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        PARSERS.is_identifier_part(letter)
    }

    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        PARSERS.is_reserved_for_identifier(word)
    }

    fn is_custom_operator_part(&self, letter: char) -> bool {
        PARSERS.is_custom_operator_part(letter)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PARSERS.prec_value(precedence)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        if is_null_test(&parser.peek_token_ref().token) {
            return Some(Ok(self.prec_value(Precedence::Is)));
        }
        PARSERS.get_next_precedence(parser)
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let op = match parser.peek_token_ref().token {
            Token::Minus => UnaryOperator::Minus,
            Token::Plus => UnaryOperator::Plus,
            _ => return None,
        };
        parser.advance_token();
        Some(parser.parse_subexpr(sign()).map(|operand| Expr::UnaryOp { op, expr: Box::new(operand) }))
    }

    fn parse_infix(&self, parser: &mut Parser, left: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        let left = || Box::new(left.clone());
        if is_null_test(&parser.peek_token_ref().token) {
            parser.advance_token();
            return Some(Ok(Expr::IsNull(left())));
        }
        let is = self.prec_value(Precedence::Is);
        if parser.parse_keywords(&[Keyword::IS, Keyword::DISTINCT, Keyword::FROM]) {
            return Some(parser.parse_subexpr(is).map(|right| Expr::IsDistinctFrom(left(), Box::new(right))));
        }
        if parser.parse_keywords(&[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM]) {
            return Some(parser.parse_subexpr(is).map(|right| Expr::IsNotDistinctFrom(left(), Box::new(right))));
        }
        if parser.parse_keywords(&[Keyword::BETWEEN, Keyword::SYMMETRIC]) {
            return Some(between_either(parser, left(), false));
        }
        if parser.parse_keywords(&[Keyword::NOT, Keyword::BETWEEN, Keyword::SYMMETRIC]) {
            return Some(between_either(parser, left(), true));
        }
        None
    }

    fn is_column_alias(&self, word: &Keyword, parser: &mut Parser) -> bool {
        *word != Keyword::FOR && PARSERS.is_column_alias(word, parser)
    }

    as_the_parsers!(
        supports_unicode_string_literal,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_create_index_with_clause,
        supports_explain_with_utility_options,
        supports_listen_notify,
        supports_factorial_operator,
        supports_bitwise_shift_operators,
        supports_comment_on,
        supports_load_extension,
        supports_named_fn_args_with_colon_operator,
        supports_named_fn_args_with_expr_name,
        supports_empty_projections,
        supports_nested_comments,
        supports_string_escape_constant,
        supports_numeric_literal_underscores,
        supports_array_typedef_with_brackets,
        supports_geometric_types,
        supports_set_names,
        supports_alter_column_type_using,
        supports_notnull_operator,
        supports_interval_options,
        supports_insert_table_alias,
        supports_create_table_like_parenthesized,
        supports_select_wildcard_with_alias,
        supports_comma_separated_trim,
        supports_xml_expressions,
        supports_comment_optimizer_hint,
    );
}

fn is_null_test(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("isnull"))
}

/// What stands behind BETWEEN SYMMETRIC: either order of the two is one to lie between.
fn between_either(parser: &mut Parser, expr: Box<Expr>, negated: bool) -> Result<Expr, ParserError> {
    let between = PARSERS.prec_value(Precedence::Between);
    let low = Box::new(parser.parse_subexpr(between)?);
    parser.expect_keyword_is(Keyword::AND)?;
    let high = Box::new(parser.parse_subexpr(between)?);
    let forth = Expr::Between { expr: expr.clone(), negated, low: low.clone(), high: high.clone() };
    let back = Expr::Between { expr, negated, low: high, high: low };
    let op = if negated { BinaryOperator::And } else { BinaryOperator::Or };
    let either = Expr::BinaryOp { left: Box::new(forth), op, right: Box::new(back) };
    Ok(Expr::Nested(Box::new(either)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Expr {
        Parser::new(&Postgres).try_with_sql(text).unwrap().parse_expr().unwrap()
    }

    #[test]
    fn operators_bind_as_in_postgres() {
        for (text, meant) in [
            ("a IS DISTINCT FROM b AND c", "(a IS DISTINCT FROM b) AND c"),
            ("a IS NOT DISTINCT FROM b || 'x' OR c", "(a IS NOT DISTINCT FROM (b || 'x')) OR c"),
            ("NOT a IS DISTINCT FROM b AND c", "(NOT (a IS DISTINCT FROM b)) AND c"),
            ("-2 ^ 2", "(-2) ^ 2"),
            ("- a * 3", "(- a) * 3"),
            ("a - -b::int", "a - (-(b::int))"),
            ("a ISNULL AND b NOTNULL", "(a ISNULL) AND (b NOTNULL)"),
            ("a = b ISNULL", "(a = b) ISNULL"),
        ] {
            assert_eq!(bare(read(text)), bare(read(meant)), "{text}");
        }
        assert_eq!(read("a ISNULL").to_string(), "a IS NULL");
        assert_eq!(
            read("a NOT BETWEEN SYMMETRIC 3 AND 1 AND b").to_string(),
            "(a NOT BETWEEN 3 AND 1 AND a NOT BETWEEN 1 AND 3) AND b"
        );
    }

    /// An expression without the brackets of its text.
    fn bare(mut expr: Expr) -> Expr {
        use datafusion::sql::sqlparser::ast::visit_expressions_mut;
        use std::ops::ControlFlow;
        let _ = visit_expressions_mut(&mut expr, |part| {
            while let Expr::Nested(inner) = part {
                *part = *inner.clone();
            }
            ControlFlow::<()>::Continue(())
        });
        expr
    }

    #[test]
    fn it_passes_for_the_parsers_own_dialect() {
        let dialect: &dyn Dialect = &Postgres;
        assert!(dialect.is::<PostgreSqlDialect>());
    }
}
