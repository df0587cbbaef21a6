//! Which column of a table each field of a file feeds.

use arrow::datatypes::SchemaRef;

use journeydb::{Error, Result, SqlState};

/// `--map column=field`: one column of the table and the field of the file that feeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    column: String,
    field: String,
}

impl std::str::FromStr for Rename {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((column, field)) if !column.is_empty() && !field.is_empty() => {
                Ok(Self { column: column.to_owned(), field: field.to_owned() })
            }
            _ => Err("expected COLUMN=FIELD, as in --map occurred_at=timestamp".to_owned()),
        }
    }
}

/// The table's columns and the renames asked for. Names are compared without regard to case, as SQL compares them.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The table's columns; `None` while the table is still to be made: then every field is a column.
    columns: Option<Vec<String>>,
    renames: Vec<Rename>,
}

/// The fields of one file, by what becomes of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Index of a field in the file and the column it feeds.
    pub fed: Vec<(usize, String)>,
    /// Fields that feed no column.
    pub ignored: Vec<String>,
}

impl Mapping {
    /// A mapping onto the columns of a table; a rename of a column it has not is an error.
    pub fn onto(table: &str, schema: &SchemaRef, renames: &[Rename]) -> Result<Self> {
        let columns: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        for rename in renames {
            if !columns.iter().any(|column| column.eq_ignore_ascii_case(&rename.column)) {
                return Err(Error::new(
                    SqlState::UndefinedColumn,
                    format!("--map names column \"{}\", which {table} does not have", rename.column),
                )
                .with_hint(format!("its columns are {}", columns.join(", "))));
            }
        }
        Ok(Self { columns: Some(columns), renames: renames.to_vec() })
    }

    /// A mapping that makes a column of every field.
    pub fn every_field(renames: &[Rename]) -> Self {
        Self { columns: None, renames: renames.to_vec() }
    }

    /// The column that a field feeds, if any.
    pub fn column(&self, field: &str) -> Option<String> {
        let field = field.trim();
        if let Some(rename) = self.renames.iter().find(|rename| rename.field.eq_ignore_ascii_case(field)) {
            return Some(self.spelled(&rename.column));
        }
        if self.renames.iter().any(|rename| rename.column.eq_ignore_ascii_case(field)) {
            return None;
        }
        match &self.columns {
            Some(columns) => columns.iter().find(|column| column.eq_ignore_ascii_case(field)).cloned(),
            None => Some(field.to_lowercase()),
        }
    }

    /// The columns that fields may feed, where the table is known.
    pub fn columns(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// Matches the fields of a file that names them all up front.
    pub fn matched<'a>(&self, file: &str, fields: impl IntoIterator<Item = &'a str>) -> Result<Matched> {
        let fields: Vec<&str> = fields.into_iter().collect();
        let mut matched = Matched::default();
        for (index, field) in fields.iter().enumerate() {
            match self.column(field) {
                Some(column) if matched.fed.iter().any(|(_, other)| *other == column) => {
                    return Err(Error::new(
                        SqlState::DuplicateColumn,
                        format!("{file}: more than one field feeds column \"{column}\""),
                    )
                    .with_hint("rename one in the file, or choose with --map COLUMN=FIELD"));
                }
                Some(column) => matched.fed.push((index, column)),
                None => matched.ignored.push((*field).to_owned()),
            }
        }
        for rename in &self.renames {
            if !fields.iter().any(|field| field.trim().eq_ignore_ascii_case(&rename.field)) {
                return Err(Error::new(
                    SqlState::UndefinedColumn,
                    format!("{file}: no field \"{}\", which --map names", rename.field),
                )
                .with_hint(format!("its fields are {}", fields.join(", "))));
            }
        }
        if matched.fed.is_empty() {
            return Err(Error::new(
                SqlState::UndefinedColumn,
                format!("{file}: no field is named like a column: {}", fields.join(", ")),
            )
            .with_hint(
                "name the fields' columns with --map COLUMN=FIELD; the first line of a CSV file must hold the names",
            ));
        }
        Ok(matched)
    }

    fn spelled(&self, column: &str) -> String {
        let known = self.columns.iter().flatten().find(|known| known.eq_ignore_ascii_case(column));
        known.cloned().unwrap_or_else(|| column.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn mapping(renames: &[&str]) -> Result<Mapping> {
        let fields = ["contact_id", "occurred_at", "cost"].map(|name| Field::new(name, DataType::Utf8View, true));
        let renames: Vec<Rename> = renames.iter().map(|text| text.parse().unwrap()).collect();
        Mapping::onto("interactions", &Arc::new(Schema::new(fields.to_vec())), &renames)
    }

    #[test]
    fn names_match_without_case_and_strangers_are_ignored() {
        let matched = mapping(&[]).unwrap().matched("f.csv", ["Cost", " CONTACT_ID", "colour"]).unwrap();
        assert_eq!(matched.fed, [(0, "cost".to_owned()), (1, "contact_id".to_owned())]);
        assert_eq!(matched.ignored, ["colour"]);
    }

    #[test]
    fn a_rename_takes_its_column_from_that_field_alone() {
        let matched = mapping(&["occurred_at=when"]).unwrap().matched("f.csv", ["occurred_at", "When"]).unwrap();
        assert_eq!(matched.fed, [(1, "occurred_at".to_owned())]);
        assert_eq!(matched.ignored, ["occurred_at"]);
    }

    #[test]
    fn a_duplicate_field_is_an_error_only_where_it_feeds_a_column() {
        let error = mapping(&[]).unwrap().matched("f.csv", ["cost", "COST"]).unwrap_err();
        assert_eq!(error.message(), "f.csv: more than one field feeds column \"cost\"");
        assert!(mapping(&[]).unwrap().matched("f.csv", ["cost", "x", "x"]).is_ok());
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert!(mapping(&["price=cost"]).unwrap_err().message().contains("\"price\""));
        let error = mapping(&["cost=price"]).unwrap().matched("f.csv", ["contact_id"]).unwrap_err();
        assert_eq!(error.message(), "f.csv: no field \"price\", which --map names");
        let error = mapping(&[]).unwrap().matched("f.csv", ["a", "b"]).unwrap_err();
        assert_eq!(error.message(), "f.csv: no field is named like a column: a, b");
    }

    #[test]
    fn a_rename_needs_both_sides() {
        assert!("cost".parse::<Rename>().is_err());
        assert!("=cost".parse::<Rename>().is_err());
        assert!("cost=".parse::<Rename>().is_err());
        assert_eq!("a=b=c".parse::<Rename>().unwrap().field, "b=c");
    }
}
