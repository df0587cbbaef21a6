//! What is made of a `jsonb`: joined with another (`||`), without some of its parts (`-`, `#-`); and whether it has some keys of many
//! (`?|`, `?&`).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use crate::error::{Error, SqlState};
use crate::model::json::Tree;
use crate::model::marked;

/// What is done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Change {
    /// `||`
    Concat,
    /// `-`: without a key, an element, or several keys.
    Delete,
    /// `#-`: without what a path leads to.
    DeletePath,
    /// `?|`: whether it has one of some keys.
    HasAny,
    /// `?&`: whether it has all of them.
    HasAll,
}

const NAMES: [(&str, Change); 5] = [
    ("jsonb_concat", Change::Concat),
    ("jsonb_delete", Change::Delete),
    ("jsonb_delete_path", Change::DeletePath),
    ("jsonb_exists_any", Change::HasAny),
    ("jsonb_exists_all", Change::HasAll),
];

/// The function of this name.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    let (name, change) = NAMES.iter().find(|(known, _)| *known == name)?;
    let signature = Signature::any(2, Volatility::Immutable);
    Some(ScalarUDF::from(Changed { name, change: *change, signature }))
}

impl Change {
    /// The change as a call.
    pub fn call(self, value: Expr, by: Expr) -> Option<Expr> {
        let (name, _) = NAMES.iter().find(|(_, known)| *known == self)?;
        let by = match self {
            Self::DeletePath | Self::HasAny | Self::HasAll => {
                datafusion::logical_expr::cast(by, DataType::new_list(DataType::Utf8View, true))
            }
            Self::Concat | Self::Delete => by,
        };
        Some(function(name)?.call(vec![value, by]))
    }

    fn is_question(self) -> bool {
        matches!(self, Self::HasAny | Self::HasAll)
    }

    fn of(self, value: Tree, by: &By) -> Result<ScalarValue> {
        let changed = match (self, by) {
            (Self::Concat, By::Text(other)) => joined(value, Tree::read(other)?),
            (Self::Delete, By::Text(key)) => without_keys(value, std::slice::from_ref(key))?,
            (Self::Delete, By::Texts(keys)) => {
                without_keys(value, &keys.iter().flatten().cloned().collect::<Vec<_>>())?
            }
            (Self::Delete, By::Place(place)) => without_element(value, *place)?,
            (Self::DeletePath, By::Texts(path)) => without_path(value, path)?,
            (Self::HasAny, By::Texts(keys)) => return Ok(keys.iter().flatten().any(|key| value.has(key)).into()),
            (Self::HasAll, By::Texts(keys)) => return Ok(keys.iter().flatten().all(|key| value.has(key)).into()),
            (change, by) => return Err(Error::internal(format!("{change:?} of a jsonb by {by:?}")).into()),
        };
        Ok(ScalarValue::Utf8View(Some(changed.to_string())))
    }
}

/// The other operand in a row.
#[derive(Debug)]
enum By {
    Text(String),
    Place(i64),
    Texts(Vec<Option<String>>),
}

/// Fields with fields, the later of equal ones; anything else as elements of one array.
fn joined(one: Tree, other: Tree) -> Tree {
    match (one, other) {
        (Tree::Object(mut fields), Tree::Object(more)) => {
            fields.extend(more);
            Tree::Object(fields)
        }
        (one, other) => {
            let elements = |tree| match tree {
                Tree::Array(elements) => elements,
                single => vec![single],
            };
            Tree::Array(elements(one).into_iter().chain(elements(other)).collect())
        }
    }
}

fn without_keys(value: Tree, keys: &[String]) -> Result<Tree> {
    match value {
        Tree::Object(mut fields) => {
            fields.retain(|key, _| !keys.contains(&key.0));
            Ok(Tree::Object(fields))
        }
        Tree::Array(mut elements) => {
            elements.retain(|element| !matches!(element, Tree::String(text) if keys.contains(text)));
            Ok(Tree::Array(elements))
        }
        _ => refused("cannot delete from scalar"),
    }
}

fn without_element(value: Tree, place: i64) -> Result<Tree> {
    match value {
        Tree::Array(mut elements) => {
            if let Some(at) = place_among(&elements, place) {
                elements.remove(at);
            }
            Ok(Tree::Array(elements))
        }
        Tree::Object(_) => refused("cannot delete from object using integer index"),
        _ => refused("cannot delete from scalar"),
    }
}

/// A place in an array, from the end where it is negative.
fn place_among(elements: &[Tree], place: i64) -> Option<usize> {
    let length = i64::try_from(elements.len()).ok()?;
    usize::try_from(if place < 0 { place + length } else { place }).ok().filter(|at| *at < elements.len())
}

fn without_path(mut value: Tree, path: &[Option<String>]) -> Result<Tree> {
    if !matches!(value, Tree::Object(_) | Tree::Array(_)) {
        return refused("cannot delete path in scalar");
    }
    if let Some(at) = path.iter().position(Option::is_none) {
        let message = format!("path element at position {} is null", at + 1);
        return Err(Error::new(SqlState::NullValueNotAllowed, message).into());
    }
    let path: Vec<&str> = path.iter().flatten().map(String::as_str).collect();
    let mut inside = &mut value;
    for (at, step) in path.iter().enumerate() {
        let is_last = at + 1 == path.len();
        let next = match inside {
            Tree::Object(fields) => {
                if is_last {
                    fields.retain(|key, _| key.0 != *step);
                    break;
                }
                fields.iter_mut().find(|(key, _)| key.0 == *step).map(|(_, value)| value)
            }
            Tree::Array(elements) => {
                let place = step.parse().map_err(|_| {
                    let message = format!("path element at position {} is not an integer: \"{step}\"", at + 1);
                    Error::new(SqlState::InvalidTextRepresentation, message)
                })?;
                let place = place_among(elements, place);
                if let (true, Some(place)) = (is_last, place) {
                    elements.remove(place);
                    break;
                }
                place.filter(|_| !is_last).and_then(|place| elements.get_mut(place))
            }
            _ => None,
        };
        match next {
            Some(part) => inside = part,
            None => break,
        }
    }
    Ok(value)
}

fn refused<T>(message: &str) -> Result<T> {
    Err(Error::new(SqlState::InvalidParameterValue, message).into())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Changed {
    name: &'static str,
    change: Change,
    signature: Signature,
}

impl ScalarUDFImpl for Changed {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.change.is_question() { DataType::Boolean } else { DataType::Utf8View })
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(match self.change.is_question() {
            true => Field::new(self.name, DataType::Boolean, true),
            false => marked(&Type::JSONB, -1).with_name(self.name),
        }))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [values, by] = [0, 1].map(|at| call.args[at].to_array(call.number_rows));
        let (values, by) = (cast(&values?, &DataType::Utf8View)?, by?);
        let unknown = ScalarValue::try_from(call.return_type())?;
        if call.number_rows == 0 {
            return Ok(ColumnarValue::Scalar(unknown));
        }
        let rows = values.as_string_view().iter().enumerate().map(|(row, value)| match value.zip(operand(&by, row)?) {
            Some((value, by)) => self.change.of(Tree::read(value)?, &by),
            None => Ok(unknown.clone()),
        });
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(rows.collect::<Result<Vec<_>>>()?)?))
    }
}

/// The other operand of a row; `None` for NULL.
fn operand(by: &ArrayRef, row: usize) -> Result<Option<By>> {
    if by.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match by.data_type() {
        DataType::List(_) => {
            let elements = cast(&by.as_list::<i32>().value(row), &DataType::Utf8View)?;
            By::Texts(elements.as_string_view().iter().map(|text| text.map(str::to_owned)).collect())
        }
        kind if kind.is_integer() => {
            By::Place(cast(&by.slice(row, 1), &DataType::Int64)?.as_primitive::<Int64Type>().value(0))
        }
        _ => By::Text(cast(&by.slice(row, 1), &DataType::Utf8View)?.as_string_view().value(0).to_owned()),
    }))
}
