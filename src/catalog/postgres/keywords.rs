//! The words of SQL as PostgreSQL 15 sorts them: which need quotes as names, and `pg_get_keywords()`.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::Result;

use super::relations::field;
use super::types;

/// A keyword.
struct Keyword {
    word: &'static str,
    /// U unreserved, C a name of columns, T a name of types or functions, R reserved.
    category: &'static str,
    /// Whether it may name an output without AS.
    bare_label: bool,
}

/// Whether a word needs quotes to name something.
pub fn needs_quotes(word: &str) -> bool {
    keywords().iter().any(|keyword| keyword.word == word && keyword.category != "U")
}

/// The table function `pg_get_keywords()`.
#[derive(Debug)]
pub struct Keywords;

impl TableFunctionImpl for Keywords {
    fn call_with_args(&self, _: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let text = |of: fn(&Keyword) -> &'static str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(keywords().iter().map(of)))
        };
        let columns = [
            ("word", "text", text(|k| k.word)),
            ("catcode", "char", text(|k| k.category)),
            ("barelabel", "bool", Arc::new(BooleanArray::from_iter(keywords().iter().map(|k| Some(k.bare_label))))),
            ("catdesc", "text", text(|k| category(k.category))),
            ("baredesc", "text", text(|k| if k.bare_label { "can be bare label" } else { "requires AS" })),
        ];
        let fields = columns.iter().map(|(name, type_name, _)| column(name, type_name));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let arrays = columns.into_iter().map(|(.., array)| array).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays)?;
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
    }
}

fn column(name: &str, type_name: &str) -> Field {
    let pg_type = types::types().iter().find(|t| t.name == type_name);
    field(name, pg_type.expect("keywords have columns of types we serve"), false)
}

fn category(code: &str) -> &'static str {
    match code {
        "U" => "unreserved",
        "C" => "unreserved (cannot be function or type name)",
        "T" => "reserved (can be function or type name)",
        _ => "reserved",
    }
}

fn keywords() -> &'static [Keyword] {
    static KEYWORDS: LazyLock<Vec<Keyword>> =
        LazyLock::new(|| include_str!("keywords.txt").lines().map(read).collect());
    &KEYWORDS
}

/// Reads a line: word, category, 1 where it may be a bare label.
fn read(line: &'static str) -> Keyword {
    let words: Vec<&'static str> = line.split(' ').collect();
    Keyword { word: words[0], category: words[1], bare_label: words[2] == "1" }
}
