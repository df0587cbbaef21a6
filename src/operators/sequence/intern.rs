//! Numbers for the values of a column of few kinds, the same throughout a query.
//!
//! Dictionaries of different batches differ, and one that was made by joining others holds a value more than once, so a
//! value's number is found by the value, never by its place in a dictionary.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Int32Type};
use arrow::row::{OwnedRow, RowConverter, SortField};

use super::function::Slot;
use crate::error::{Error, Result};
use crate::operators::entities::by_entry;

/// The code of NULL.
pub const NULL_CODE: u32 = u32::MAX;

/// Gives values codes and codes their values.
#[derive(Debug)]
pub(super) struct Interner {
    converter: RowConverter,
    known: HashMap<OwnedRow, u32>,
    values: Vec<OwnedRow>,
    /// The dictionary seen last and the codes of its entries: batches of one file share it.
    last: Option<(ArrayRef, Arc<[u32]>)>,
    data_type: DataType,
}

impl Interner {
    /// For a column of this type.
    pub fn new(column: &DataType) -> Result<Self> {
        let data_type = Slot::plain(column);
        let converter = RowConverter::new(vec![SortField::new(data_type.clone())])?;
        Ok(Self { converter, known: HashMap::new(), values: vec![], last: None, data_type })
    }

    /// How many different values it has seen.
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The codes of a column's rows.
    pub fn encode(&mut self, column: &ArrayRef) -> Result<Vec<u32>> {
        let wanted = DataType::Dictionary(Box::new(DataType::Int32), Box::new(self.data_type.clone()));
        let is_text = matches!(self.data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let column = match column.data_type() {
            given if given == &wanted => Arc::clone(column),
            DataType::Dictionary(..) => cast(column, &wanted)?,
            _ if is_text => cast(column, &wanted)?,
            // Arrow packs few other types into dictionaries.
            _ => return Ok(self.entries(column)?.to_vec()),
        };
        let dictionary = column.as_dictionary::<Int32Type>();
        let entries = self.entries(dictionary.values())?;
        let keys = dictionary.keys();
        let mut codes = vec![NULL_CODE; keys.len()];
        match keys.nulls() {
            None => by_entry(&entries, keys.values(), &mut codes, |row, code| *row = code),
            Some(valid) => valid.valid_indices().for_each(|row| codes[row] = entries[keys.value(row) as usize]),
        }
        Ok(codes)
    }

    /// The values of codes.
    pub fn decode(&self, codes: &[u32]) -> Result<ArrayRef> {
        let values = self.converter.convert_rows(self.values.iter().map(OwnedRow::row))?;
        let values = values.into_iter().next().ok_or_else(|| Error::internal("a row of no column"))?;
        let indices = UInt32Array::from_iter(codes.iter().map(|code| (*code != NULL_CODE).then_some(*code)));
        Ok(take(&values, &indices, None)?)
    }

    /// The order of two codes' values; NULL comes last.
    pub fn compare(&self, left: u32, right: u32) -> Ordering {
        match (self.values.get(left as usize), self.values.get(right as usize)) {
            (Some(left), Some(right)) => left.cmp(right),
            (left, right) => left.is_none().cmp(&right.is_none()),
        }
    }

    /// The codes of values one by one: a dictionary's entries, mostly.
    fn entries(&mut self, dictionary: &ArrayRef) -> Result<Arc<[u32]>> {
        if let Some((last, codes)) = &self.last
            && (Arc::ptr_eq(last, dictionary) || last.to_data().ptr_eq(&dictionary.to_data()))
        {
            return Ok(Arc::clone(codes));
        }
        let rows = self.converter.convert_columns(std::slice::from_ref(dictionary))?;
        let codes = (0..dictionary.len()).map(|entry| match dictionary.is_null(entry) {
            true => NULL_CODE,
            false => self.code(rows.row(entry).owned()),
        });
        let codes: Arc<[u32]> = codes.collect();
        self.last = Some((Arc::clone(dictionary), Arc::clone(&codes)));
        Ok(codes)
    }

    fn code(&mut self, value: OwnedRow) -> u32 {
        let next = self.values.len() as u32;
        *self.known.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}
