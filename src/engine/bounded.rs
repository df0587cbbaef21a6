//! Functions of the engine whose results are as long as they are told to be: `repeat`, `lpad`, `array_repeat` and series.
//!
//! No pool of memory sees them coming: `repeat('x', 2000000000)` takes 2 GB at once, of each client that asks. What the rows of
//! one batch take is bounded, and known before anything is made: 54000 beyond it, as in Postgres beyond 1 GB for a value.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, TimeUnit};
use datafusion::common::Result;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::error::{Error, SqlState};

/// The most bytes that the results of one batch take.
const MOST: u64 = 256 << 20;

/// Bytes of a number, and at least of a text, in an array.
const ELEMENT: u64 = 16;

/// Microseconds of a day, and of the shortest month.
const DAY: i64 = 86_400_000_000;
const MONTH: i64 = 28 * DAY;

/// The bytes that results take, told from the arguments.
type Size = fn(&[ArrayRef]) -> Result<u64>;

/// The functions, and how long their results are.
const FUNCTIONS: [(&str, Size); 6] = [
    ("repeat", repeated),
    ("lpad", padded),
    ("rpad", padded),
    ("array_repeat", repeated_elements),
    ("range", series),
    ("generate_series", series),
];

/// The engine's functions, bounded.
pub(super) fn functions(engine: &SessionState) -> Vec<ScalarUDF> {
    let known = |(name, size): (&str, Size)| {
        let inner = Arc::clone(engine.scalar_functions().get(name)?);
        Some(ScalarUDF::from(Bounded { inner, size }))
    };
    FUNCTIONS.into_iter().filter_map(known).collect()
}

#[derive(Debug)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    size: Size,
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(call)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(arguments, info)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = call.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { call.number_rows };
        let arguments = call.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let size = (self.size)(&arguments)?;
        if size > MOST {
            let message = format!("requested length too large: results of {} would take {size} bytes", self.name());
            return Err(Error::new(SqlState::ProgramLimitExceeded, message)
                .with_hint(format!("ask for at most {MOST} bytes at once"))
                .into());
        }
        self.inner.invoke_with_args(call)
    }
}

/// Numbers of a column; what is none is nothing.
fn numbers(array: &ArrayRef) -> Result<Int64Array> {
    Ok(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// The sum of what each row takes: the second argument's count of so many bytes.
fn counted(counts: &ArrayRef, bytes: impl Fn(usize) -> u64) -> Result<u64> {
    let counts = numbers(counts)?;
    let sizes = counts.iter().enumerate().map(|(row, count)| {
        let count = count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        count.saturating_mul(bytes(row))
    });
    Ok(sizes.fold(0, u64::saturating_add))
}

fn repeated(arguments: &[ArrayRef]) -> Result<u64> {
    let [text, count] = arguments else { return Ok(0) };
    let lengths = numbers(&length(text)?)?;
    counted(count, |row| if lengths.is_null(row) { 0 } else { lengths.value(row) as u64 })
}

fn padded(arguments: &[ArrayRef]) -> Result<u64> {
    arguments.get(1).map_or(Ok(0), |count| counted(count, |_| 1))
}

fn repeated_elements(arguments: &[ArrayRef]) -> Result<u64> {
    let [element, count] = arguments else { return Ok(0) };
    // An element may be long itself: all of them together are at least as long as any.
    let most = ELEMENT.max(element.get_array_memory_size() as u64 / element.len().max(1) as u64);
    counted(count, |_| most)
}

fn series(arguments: &[ArrayRef]) -> Result<u64> {
    let (start, stop, step) = match arguments {
        [stop] => (None, stop, None),
        [start, stop] => (Some(start), stop, None),
        [start, stop, step] => (Some(start), stop, Some(step)),
        _ => return Ok(0),
    };
    let (start, stop) = (start.map(place).transpose()?, place(stop)?);
    let step = step.map(stride).transpose()?;
    let elements = (0..stop.len()).map(|row| {
        let at = |column: &Option<Int64Array>, other: i64| column.as_ref().map_or(other, |column| column.value(row));
        let (from, stride) = (at(&start, 0), at(&step, 1));
        let span = i128::from(stop.value(row)).abs_diff(i128::from(from));
        let count = span / u128::from(stride.unsigned_abs().max(1));
        u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(ELEMENT)
    });
    Ok(elements.fold(0, u64::saturating_add))
}

/// Where a series begins or ends: a number, or microseconds.
fn place(array: &ArrayRef) -> Result<Int64Array> {
    match array.data_type() {
        kind if kind.is_temporal() => numbers(&cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?),
        _ => numbers(array),
    }
}

/// How far a series goes at a time.
fn stride(array: &ArrayRef) -> Result<Int64Array> {
    let Some(intervals) = array.as_primitive_opt::<IntervalMonthDayNanoType>() else { return numbers(array) };
    let micros = intervals.values().iter().map(|interval| {
        let days = i64::from(interval.months).saturating_mul(MONTH).saturating_add(i64::from(interval.days) * DAY);
        days.saturating_add(interval.nanoseconds / 1000)
    });
    Ok(micros.collect())
}
