//! The columns of a table that `--create` makes: the narrowest types that every value of every file fits.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use journeydb::model::instant;
use journeydb::{Error, Result, SqlState};

use super::chunk::Source;
use super::fit::cast;
use super::sql_type::sql_type;

/// The types that text is tried for, narrowest first; what fits none is text.
fn candidates() -> Vec<DataType> {
    vec![DataType::Int64, DataType::Float64, DataType::Boolean, DataType::Date32, instant()]
}

/// What is known of one column so far.
struct Column {
    name: String,
    /// The type that a binary file gives it.
    typed: Option<DataType>,
    /// The types that every text so far fits.
    fits: Vec<DataType>,
    seen: bool,
}

/// The columns of the files, in the order in which they first appear.
#[derive(Default)]
pub struct Inference {
    columns: Vec<Column>,
}

impl Inference {
    /// Reads a file to its end. Rows that have no shape are left for the load to refuse.
    pub fn read(&mut self, source: &mut dyn Source) -> Result<()> {
        while let Some(chunk) = source.next()? {
            for (field, array) in chunk.columns.schema().fields().iter().zip(chunk.columns.columns()) {
                self.column(field.name()).learn(array)?;
            }
        }
        Ok(())
    }

    /// The schema of the table.
    pub fn schema(self) -> Result<SchemaRef> {
        if self.columns.is_empty() {
            return Err(Error::new(SqlState::InvalidParameterValue, "the files hold no row to make a table from"));
        }
        let fields = self.columns.into_iter().map(|column| Field::new(&column.name, column.data_type(), true));
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }

    fn column(&mut self, name: &str) -> &mut Column {
        let at = self.columns.iter().position(|column| column.name == name).unwrap_or_else(|| {
            self.columns.push(Column { name: name.to_owned(), typed: None, fits: candidates(), seen: false });
            self.columns.len() - 1
        });
        &mut self.columns[at]
    }
}

impl Column {
    fn learn(&mut self, array: &ArrayRef) -> Result<()> {
        let Some(text) = array.as_string_view_opt() else {
            let given = array.data_type().clone();
            // Two files that differ are held together by text, which every type can be cast to.
            self.typed = Some(match self.typed.take() {
                Some(before) if before != given => DataType::Utf8View,
                _ => given,
            });
            return Ok(());
        };
        self.seen |= text.null_count() < text.len();
        let mut fits = Vec::new();
        for data_type in self.fits.drain(..) {
            let cast = cast(array, &Field::new(&self.name, data_type.clone(), true))?;
            if cast.null_count() == text.null_count() && !loses(text, &data_type) {
                fits.push(data_type);
            }
        }
        self.fits = fits;
        Ok(())
    }

    fn data_type(&self) -> DataType {
        match &self.typed {
            Some(typed) => typed.clone(),
            None if self.seen => self.fits.first().cloned().unwrap_or(DataType::Utf8View),
            None => DataType::Utf8View,
        }
    }
}

/// Whether a type takes the texts but drops a part of one: the leading zeros of postal codes, the hours of a time.
fn loses(text: &StringViewArray, data_type: &DataType) -> bool {
    text.iter().flatten().any(|text| match data_type {
        DataType::Date32 => text.contains(':'),
        number if number.is_numeric() => {
            let digits = text.trim().trim_start_matches(['-', '+']).as_bytes();
            digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
        }
        _ => false,
    })
}

/// The statement that makes the table.
pub fn create_table(table: &str, schema: &SchemaRef) -> String {
    let columns = schema.fields().iter();
    let columns = columns.map(|field| format!("\"{}\" {}", field.name().replace('"', "\"\""), sql_type(field)));
    format!("CREATE TABLE {table} ({})", columns.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inferred(values: &[Option<&str>]) -> DataType {
        let mut inference = Inference::default();
        for chunk in values.chunks(2) {
            let array: StringViewArray = chunk.iter().copied().collect();
            inference.column("x").learn(&(Arc::new(array) as ArrayRef)).unwrap();
        }
        inference.schema().unwrap().field(0).data_type().clone()
    }

    #[test]
    fn the_narrowest_type_that_fits_all_values_is_taken() {
        for (values, expected) in [
            (vec![Some("1"), None, Some("-20")], DataType::Int64),
            (vec![Some("1"), Some("2"), Some("2.5")], DataType::Float64),
            (vec![Some("0"), Some("1")], DataType::Int64),
            (vec![Some("true"), Some("f")], DataType::Boolean),
            (vec![Some("2024-01-02"), None, Some("2023-12-31")], DataType::Date32),
            (vec![Some("1"), Some("2"), Some("x")], DataType::Utf8View),
            (vec![Some("1"), Some("true")], DataType::Boolean),
            (vec![Some("01234"), Some("98765")], DataType::Utf8View),
            (vec![Some("0.5"), Some("0")], DataType::Float64),
            (vec![None, None], DataType::Utf8View),
        ] {
            assert_eq!(inferred(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_time_of_day_makes_a_date_an_instant() {
        assert_eq!(inferred(&[Some("2024-01-02"), Some("2024-01-03 10:00:00")]), instant());
    }

    #[test]
    fn names_are_quoted() {
        let schema =
            Arc::new(Schema::new(vec![Field::new("a\"b", DataType::Int64, true), Field::new("at", instant(), true)]));
        assert_eq!(create_table("t", &schema), "CREATE TABLE t (\"a\"\"b\" bigint, \"at\" timestamptz)");
    }
}
