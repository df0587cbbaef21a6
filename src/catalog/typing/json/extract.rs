//! Parts of JSON: an element by its place, a field by its key, and what a path leads to.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::json_type;
use crate::model::json::{Json, Node};
use crate::model::marked;

/// How a path is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Steps {
    /// One step: a text is a key of an object, a number a place in an array.
    One,
    /// Texts, or an array of them: each is a key of an object or a place in an array.
    Path,
}

/// One step of a path.
enum Step {
    Key(String),
    Place(i64),
}

/// `json_extract_path`, `json_extract_path_text` and the operators of the same work.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Extract {
    name: String,
    steps: Steps,
    as_text: bool,
    signature: Signature,
}

/// The function of this name.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    let as_text = match name {
        "json_extract_path" | "jsonb_extract_path" => false,
        "json_extract_path_text" | "jsonb_extract_path_text" => true,
        _ => return None,
    };
    Some(ScalarUDF::from(Extract::new(name, Steps::Path, as_text)))
}

impl Extract {
    fn new(name: &str, steps: Steps, as_text: bool) -> Self {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Self { name: name.to_owned(), steps, as_text, signature }
    }

    /// The part of a value that a path leads to.
    pub fn call(steps: Steps, as_text: bool, value: Expr, path: Expr) -> Expr {
        let name = if as_text { "json_extract_path_text" } else { "json_extract_path" };
        ScalarUDF::from(Self::new(name, steps, as_text)).call(vec![value, path])
    }

    /// What a path leads to; `None` where it leads nowhere, and for `null` as text.
    fn part(&self, text: &str, path: &[Step]) -> Result<Option<String>> {
        let mut node = Node::read(text)?;
        for step in path {
            let part = match (node.json, step) {
                (Json::Object(fields), Step::Key(key)) => {
                    let mut found = None;
                    // Of equal keys the last one counts.
                    for (name, value) in fields {
                        if name.text()? == key.as_str() {
                            found = Some(value);
                        }
                    }
                    found
                }
                (Json::Array(elements), Step::Place(place)) => element(elements, *place),
                (Json::Array(elements), Step::Key(key)) if self.steps == Steps::Path => {
                    key.parse().ok().and_then(|place| element(elements, place))
                }
                _ => None,
            };
            match part {
                Some(part) => node = part,
                None => return Ok(None),
            }
        }
        Ok(match (node.json, self.as_text) {
            (Json::Null, true) => None,
            (Json::String(text), true) => Some(text.text()?.into_owned()),
            _ => Some(node.text.to_owned()),
        })
    }
}

/// The element at a place, from the end where that is negative.
fn element(mut elements: Vec<Node<'_>>, place: i64) -> Option<Node<'_>> {
    let length = i64::try_from(elements.len()).ok()?;
    let place = usize::try_from(if place < 0 { place + length } else { place }).ok()?;
    (place < elements.len()).then(|| elements.swap_remove(place))
}

/// The steps that an argument stands for in a row; `None` for NULL, also among the elements of an array.
fn steps(argument: &ArrayRef, row: usize) -> Result<Option<Vec<Step>>> {
    if argument.is_null(row) {
        return Ok(None);
    }
    Ok(match argument.data_type() {
        DataType::List(_) => {
            let elements = cast(&argument.as_list::<i32>().value(row), &DataType::Utf8View)?;
            elements.as_string_view().iter().map(|step| step.map(|step| Step::Key(step.to_owned()))).collect()
        }
        kind if kind.is_integer() => {
            let places = cast(&argument.slice(row, 1), &DataType::Int64)?;
            Some(vec![Step::Place(places.as_primitive::<Int64Type>().value(0))])
        }
        _ => {
            let keys = cast(&argument.slice(row, 1), &DataType::Utf8View)?;
            Some(vec![Step::Key(keys.as_string_view().value(0).to_owned())])
        }
    })
}

impl ScalarUDFImpl for Extract {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(match call.arg_fields.first().and_then(|value| json_type(value)) {
            Some(json) if !self.as_text => marked(&json, -1).with_name(self.name()),
            _ => Field::new(self.name(), DataType::Utf8View, true),
        }))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arguments = call.args.iter().map(|argument| argument.to_array(call.number_rows));
        let arguments = arguments.collect::<Result<Vec<_>>>()?;
        let values = cast(&arguments[0], &DataType::Utf8View)?;
        let mut parts = StringViewBuilder::with_capacity(call.number_rows);
        for (row, value) in values.as_string_view().iter().enumerate() {
            let path =
                arguments[1..].iter().map(|argument| steps(argument, row)).collect::<Result<Option<Vec<_>>>>()?;
            let part = match value.zip(path) {
                Some((value, path)) => self.part(value, &path.into_iter().flatten().collect::<Vec<_>>())?,
                None => None,
            };
            parts.append_option(part);
        }
        Ok(ColumnarValue::Array(Arc::new(parts.finish())))
    }
}
