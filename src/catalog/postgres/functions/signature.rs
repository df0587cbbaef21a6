//! A system function: its arguments, its result and its answer for one row.

use std::cell::OnceCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{exec_datafusion_err, plan_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::SessionFacts;
use crate::catalog::postgres::listing::{Argument, FunctionEntry, FunctionKind, Listing, Relation, Source};
use crate::catalog::postgres::relations;
use crate::catalog::postgres::types::{self, PgType};
use crate::error::{Error, SqlState};

/// What an argument may be; others are cast to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// An `integer`.
    Int4,
    /// A `bigint`.
    Int8,
    /// The OID of an object.
    Oid,
    /// True or false.
    Boolean,
    /// A relation: its OID, or its name in text.
    Relation,
    /// Anything, as it comes.
    Any,
}

impl Kind {
    /// The OID of the Postgres type that stands for it.
    fn type_oid(self) -> u32 {
        let name = match self {
            Self::Text => "text",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Oid => "oid",
            Self::Boolean => "boolean",
            Self::Relation => "regclass",
            Self::Any => return types::ANY,
        };
        types::by_name(name).map_or(types::ANY, |pg_type| pg_type.oid)
    }
}

/// A system function.
#[derive(Debug)]
pub(super) struct SystemFunction {
    /// Its name.
    pub(super) name: &'static str,
    /// The arguments it needs.
    pub(super) required: &'static [Kind],
    /// The arguments it also takes.
    pub(super) optional: &'static [Kind],
    /// The name of its result's Postgres type.
    pub(super) result: &'static str,
    /// Whether NULL in any argument makes the answer NULL without a call.
    pub(super) strict: bool,
    /// Stable, unless a call changes something.
    pub(super) volatility: Volatility,
    /// Its answer for one row.
    pub(super) answer: fn(&Call) -> crate::Result<Answer>,
}

/// What a system function answers; it is cast to the type of its result.
pub(super) enum Answer {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Texts(Vec<String>),
}

impl<T: Into<Answer>> From<Option<T>> for Answer {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<bool> for Answer {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Answer {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Answer {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<&str> for Answer {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Answer {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// One call of a system function.
pub(super) struct Call<'a> {
    catalog: &'a Latest<'a>,
    pub(super) session: &'a dyn SessionFacts,
    pub(super) arguments: &'a [ScalarValue],
}

/// The listing that all rows of a call see; asked for by the first that needs one, since making it may plan views and
/// ordinary statements call `current_setting()`.
struct Latest<'a> {
    source: &'a Source,
    listing: OnceCell<Arc<Listing>>,
}

impl Call<'_> {
    /// What the catalog holds.
    pub(super) fn listing(&self) -> &Listing {
        self.catalog.listing.get_or_init(|| (self.catalog.source)())
    }

    /// An argument as text; `None` for NULL or where it was not given.
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        match self.arguments.get(index) {
            Some(ScalarValue::Utf8(value)) => value.as_deref(),
            _ => None,
        }
    }

    /// An argument as a whole number; `None` for NULL or where it was not given.
    pub(super) fn integer(&self, index: usize) -> Option<i64> {
        match self.arguments.get(index) {
            Some(ScalarValue::Int64(value)) => *value,
            _ => None,
        }
    }

    /// An argument as an OID; 0, which no object has, for anything that is none.
    pub(super) fn oid(&self, index: usize) -> u32 {
        self.integer(index).and_then(|oid| u32::try_from(oid).ok()).unwrap_or_default()
    }

    /// An argument as true or false.
    pub(super) fn boolean(&self, index: usize) -> Option<bool> {
        match self.arguments.get(index) {
            Some(ScalarValue::Boolean(value)) => *value,
            _ => None,
        }
    }

    /// An argument as a relation: by OID (`None` where there is none), or by name (42P01 where there is none).
    pub(super) fn relation(&self, index: usize) -> crate::Result<Option<&Relation>> {
        let Some(name) = self.text(index) else { return Ok(self.listing().relation(self.oid(index))) };
        if let Ok(oid) = name.trim().parse() {
            return Ok(self.listing().relation(oid));
        }
        let found = super::names::resolve_relation(self, name);
        found
            .map(Some)
            .ok_or_else(|| Error::new(SqlState::UndefinedTable, format!("relation \"{name}\" does not exist")))
    }
}

impl SystemFunction {
    /// The function as DataFusion calls it.
    pub(super) fn bind(&'static self, source: Source, session: Arc<dyn SessionFacts>) -> ScalarUDF {
        let signature = Signature::user_defined(self.volatility);
        ScalarUDF::new_from_impl(Bound { function: self, signature, source, session })
    }

    /// The function as listings show it.
    pub(super) fn entry(&self) -> FunctionEntry {
        let argument = |kind: &Kind, optional| Argument {
            name: String::new(),
            type_oid: kind.type_oid(),
            optional,
            variadic: false,
        };
        let required = self.required.iter().map(|kind| argument(kind, false));
        let optional = self.optional.iter().map(|kind| argument(kind, true));
        FunctionEntry {
            schema: relations::PG_CATALOG.to_owned(),
            name: self.name.to_owned(),
            kind: FunctionKind::Scalar,
            volatility: self.volatility,
            arguments: required.chain(optional).collect(),
            result: self.result_type().oid,
            comment: None,
            oid: None,
        }
    }

    fn result_type(&self) -> &'static PgType {
        types::by_name(self.result).expect("system functions have results of types we serve")
    }

    fn result_field(&self) -> Field {
        relations::field(self.name, self.result_type(), true)
    }
}

struct Bound {
    function: &'static SystemFunction,
    signature: Signature,
    source: Source,
    session: Arc<dyn SessionFacts>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemFunction").field("name", &self.function.name).finish_non_exhaustive()
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.function, other.function) && Arc::ptr_eq(&self.session, &other.session)
    }
}

impl Eq for Bound {}

impl Hash for Bound {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Bound {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let kinds = || self.function.required.iter().chain(self.function.optional);
        if given.len() < self.function.required.len() || given.len() > kinds().count() {
            return Err(plan_datafusion_err!(
                "No function matches the given name and argument types '{}' with {} arguments",
                self.function.name,
                given.len()
            ));
        }
        Ok(kinds().zip(given).map(|(kind, given)| accepted(*kind, given)).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.function.result_field().data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(self.function.result_field()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let catalog = Latest { source: &self.source, listing: OnceCell::new() };
        let result = args.return_field.data_type();
        let answer = |arguments: &[ScalarValue]| {
            if self.function.strict && arguments.iter().any(ScalarValue::is_null) {
                return ScalarValue::try_from(result);
            }
            let call = Call { catalog: &catalog, session: self.session.as_ref(), arguments };
            scalar((self.function.answer)(&call)?, result)
        };
        let constants: Option<Vec<ScalarValue>> = args
            .args
            .iter()
            .map(|value| match value {
                ColumnarValue::Scalar(scalar) => Some(scalar.clone()),
                ColumnarValue::Array(_) => None,
            })
            .collect();
        if let Some(arguments) = constants {
            return answer(&arguments).map(ColumnarValue::Scalar);
        }
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let rows = (0..args.number_rows).map(|row| {
            let arguments = columns.iter().map(|column| ScalarValue::try_from_array(column, row));
            answer(&arguments.collect::<Result<Vec<_>>>()?)
        });
        let values = rows.collect::<Result<Vec<_>>>()?;
        if values.is_empty() {
            return Ok(ColumnarValue::Array(arrow::array::new_empty_array(result)));
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(values)?))
    }
}

/// The type an argument is cast to.
fn accepted(kind: Kind, given: &DataType) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Int4 | Kind::Int8 | Kind::Oid => DataType::Int64,
        Kind::Boolean => DataType::Boolean,
        Kind::Relation if given.is_string() => DataType::Utf8,
        Kind::Relation => DataType::Int64,
        Kind::Any => given.clone(),
    }
}

fn scalar(answer: Answer, data_type: &DataType) -> Result<ScalarValue> {
    let value = match answer {
        Answer::Null => return ScalarValue::try_from(data_type),
        Answer::Boolean(value) => ScalarValue::Boolean(Some(value)),
        Answer::Integer(value) => ScalarValue::Int64(Some(value)),
        Answer::Text(value) => ScalarValue::Utf8(Some(value)),
        Answer::Texts(values) => {
            let values: Vec<ScalarValue> = values.into_iter().map(|v| ScalarValue::Utf8(Some(v))).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8))
        }
    };
    value.cast_to(data_type).map_err(|error| exec_datafusion_err!("{error}"))
}
