//! Advisory locks.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use async_trait::async_trait;
use datafusion::common::exec_datafusion_err;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::SessionFacts;
use super::signature::Kind::{Int4, Int8};
use super::signature::{Answer, Call, SystemFunction};
use crate::catalog::postgres::listing::FunctionEntry;
use crate::catalog::postgres::relations;
use crate::catalog::postgres::types;
use crate::error::Result;

/// What is locked: a number of 64 bits, or two of 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdvisoryKey {
    /// One number.
    One(i64),
    /// Two numbers, which are never the same lock as one.
    Two(i64, i64),
}

/// How it is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdvisoryMode {
    /// Beside others who share it.
    pub shared: bool,
    /// Up to the end of the transaction, and not of the session.
    pub transaction: bool,
}

const fn mode(shared: bool, transaction: bool) -> AdvisoryMode {
    AdvisoryMode { shared, transaction }
}

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    immediate("pg_try_advisory_lock", |call| try_lock(call, mode(false, false))),
    immediate("pg_try_advisory_lock_shared", |call| try_lock(call, mode(true, false))),
    immediate("pg_try_advisory_xact_lock", |call| try_lock(call, mode(false, true))),
    immediate("pg_try_advisory_xact_lock_shared", |call| try_lock(call, mode(true, true))),
    immediate("pg_advisory_unlock", |call| Ok(call.session.unlock(key(call), false).into())),
    immediate("pg_advisory_unlock_shared", |call| Ok(call.session.unlock(key(call), true).into())),
    SystemFunction {
        name: "pg_advisory_unlock_all",
        required: &[],
        optional: &[],
        result: "void",
        strict: true,
        volatility: Volatility::Volatile,
        answer: |call| {
            call.session.unlock_all();
            Ok("".into())
        },
    },
];

/// The functions that wait until a lock is free.
const WAITING: &[(&str, AdvisoryMode)] = &[
    ("pg_advisory_lock", mode(false, false)),
    ("pg_advisory_lock_shared", mode(true, false)),
    ("pg_advisory_xact_lock", mode(false, true)),
    ("pg_advisory_xact_lock_shared", mode(true, true)),
];

/// The functions that wait, bound to a session.
pub(super) fn waiting(session: Arc<dyn SessionFacts>) -> impl Iterator<Item = ScalarUDF> {
    WAITING.iter().map(move |(name, mode)| {
        // The engine asks functions that wait for nothing but their signature.
        let arguments = [1, 2].map(|count| TypeSignature::Exact(vec![DataType::Int64; count]));
        let signature = Signature::one_of(arguments.to_vec(), Volatility::Volatile);
        let function = Waiting { name, mode: *mode, signature, session: Arc::clone(&session) };
        AsyncScalarUDF::new(Arc::new(function)).into_scalar_udf()
    })
}

/// The functions that wait, as listings show them.
pub(super) fn waiting_entries() -> impl Iterator<Item = FunctionEntry> {
    let shown = immediate("", |_| Ok(Answer::Null)).entry();
    WAITING.iter().map(move |(name, _)| FunctionEntry {
        name: (*name).to_owned(),
        result: types::void().oid,
        ..shown.clone()
    })
}

const fn immediate(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    let (required, optional) = (&[Int8], &[Int4]);
    SystemFunction { name, required, optional, result: "bool", strict: true, volatility: Volatility::Volatile, answer }
}

fn try_lock(call: &Call, mode: AdvisoryMode) -> Result<Answer> {
    Ok(call.session.try_lock(key(call), mode).into())
}

fn key(call: &Call) -> AdvisoryKey {
    match (call.integer(0).unwrap_or_default(), call.integer(1)) {
        (one, None) => AdvisoryKey::One(one),
        (one, Some(two)) => AdvisoryKey::Two(one, two),
    }
}

/// Waits off the thread that runs the plan: it may be the one that gives the lock back.
struct Waiting {
    name: &'static str,
    mode: AdvisoryMode,
    signature: Signature,
    session: Arc<dyn SessionFacts>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.session, &other.session)
    }
}

impl Eq for Waiting {}

impl Hash for Waiting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Waiting {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(types::to_arrow(types::void()))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(relations::field(self.name, types::void(), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        Err(exec_datafusion_err!("{} waits, which an expression of constants can't", self.name))
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Waiting {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let columns = args.args.into_iter().map(|argument| argument.into_array(args.number_rows));
        let columns = columns.collect::<EngineResult<Vec<_>>>()?;
        let columns: Vec<_> = columns.iter().map(|column| column.as_primitive::<Int64Type>()).collect();
        for row in 0..args.number_rows {
            if columns.iter().any(|column| column.is_null(row)) {
                continue;
            }
            let key = match columns.as_slice() {
                [one, two] => AdvisoryKey::Two(one.value(row), two.value(row)),
                numbers => AdvisoryKey::One(numbers[0].value(row)),
            };
            self.session.lock(key, self.mode).await?;
        }
        let nothing = StringArray::from_iter_values(std::iter::repeat_n("", args.number_rows));
        Ok(ColumnarValue::Array(Arc::new(nothing)))
    }
}
