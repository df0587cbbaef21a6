//! Identifiers, folded as Postgres folds them.

use datafusion::sql::sqlparser::ast::Ident;

/// The name an identifier means: as it stands in quotes, else in lower case.
pub fn fold(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}
