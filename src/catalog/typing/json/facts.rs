//! What a value of JSON is: its kind, its length, what it has and contains.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, SqlState};
use crate::model::json::{Json, Node, Tree};

/// What is asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    /// `jsonb_typeof`
    Kind,
    /// `jsonb_array_length`
    Length,
    /// `?`: whether an object has a key, or an array a string.
    Has,
    /// `@>`
    Contains,
}

/// The function of this name.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    let fact = match name {
        "json_typeof" | "jsonb_typeof" => Fact::Kind,
        "json_array_length" | "jsonb_array_length" => Fact::Length,
        "jsonb_exists" => Fact::Has,
        "jsonb_contains" => Fact::Contains,
        _ => return None,
    };
    Some(fact.named(name))
}

impl Fact {
    fn named(self, name: &str) -> ScalarUDF {
        let arguments = if matches!(self, Self::Kind | Self::Length) { 1 } else { 2 };
        let signature = Signature::any(arguments, Volatility::Immutable);
        ScalarUDF::from(Asked { name: name.to_owned(), fact: self, signature })
    }

    /// The question as a call.
    pub fn call(self, arguments: Vec<Expr>) -> Expr {
        self.named(if self == Self::Has { "jsonb_exists" } else { "jsonb_contains" }).call(arguments)
    }

    fn of(self, value: &str, asked: &str) -> Result<ScalarValue> {
        let answer = match self {
            Self::Kind => ScalarValue::Utf8View(Some(kind(&Node::read(value)?).to_owned())),
            Self::Length => ScalarValue::Int32(Some(length(&Node::read(value)?)?)),
            Self::Has => ScalarValue::Boolean(Some(Tree::read(value)?.has(asked))),
            Self::Contains => ScalarValue::Boolean(Some(Tree::read(value)?.contains(&Tree::read(asked)?))),
        };
        Ok(answer)
    }
}

fn kind(node: &Node<'_>) -> &'static str {
    match node.json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn length(node: &Node<'_>) -> Result<i32> {
    let what = match &node.json {
        Json::Array(elements) => return Ok(i32::try_from(elements.len()).unwrap_or(i32::MAX)),
        Json::Object(_) => "non-array",
        _ => "scalar",
    };
    let message = format!("cannot get array length of a {what}");
    Err(Error::new(SqlState::InvalidParameterValue, message).into())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Asked {
    name: String,
    fact: Fact,
    signature: Signature,
}

impl ScalarUDFImpl for Asked {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.fact {
            Fact::Kind => DataType::Utf8View,
            Fact::Length => DataType::Int32,
            Fact::Has | Fact::Contains => DataType::Boolean,
        })
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let texts = |argument: &ColumnarValue| Ok(cast(&argument.to_array(call.number_rows)?, &DataType::Utf8View)?);
        let arguments = call.args.iter().map(texts).collect::<Result<Vec<_>>>()?;
        let unknown = ScalarValue::try_from(call.return_type())?;
        if call.number_rows == 0 {
            return Ok(ColumnarValue::Scalar(unknown));
        }
        let answers = (0..call.number_rows).map(|row| match arguments.iter().any(|argument| argument.is_null(row)) {
            true => Ok(unknown.clone()),
            false => {
                let text = |at: usize| arguments.get(at).map_or("", |argument| argument.as_string_view().value(row));
                self.fact.of(text(0), text(1))
            }
        });
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(answers.collect::<Result<Vec<_>>>()?)?))
    }
}
