//! One parsed statement.

use datafusion::sql::sqlparser::ast;

/// A statement of the user's, exactly as parsed.
#[derive(Debug, Clone)]
pub struct Statement {
    ast: Option<Box<ast::Statement>>,
}

impl Statement {
    /// The parsed form; `None` for an empty statement.
    pub fn ast(&self) -> Option<&ast::Statement> {
        self.ast.as_deref()
    }
}
