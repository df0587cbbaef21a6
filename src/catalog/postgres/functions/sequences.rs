//! `nextval`, `currval`, `lastval` and `setval`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::scalar::ScalarValue;
use futures::executor::block_on;

use super::SessionFacts;
use super::names::named_relation;
use super::signature::Kind::Relation as RelationKind;
use super::signature::{Answer, SystemFunction};
use crate::catalog::postgres::listing::{FunctionEntry, Listing, Relation, Source};
use crate::catalog::{Privilege, Sequence, SessionSequences};
use crate::error::{Error, Result, SqlState};
use crate::storage::Stand;

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    SystemFunction {
        name: "currval",
        required: &[RelationKind],
        optional: &[],
        result: "int8",
        strict: true,
        volatility: Volatility::Volatile,
        answer: |call| {
            let Some(relation) = call.relation(0)? else { return Ok(Answer::Null) };
            sequence(relation)?;
            let current = call.session.sequences().and_then(|sequences| sequences.current(relation.oid));
            let message = || format!("currval of sequence \"{}\" is not yet defined in this session", relation.name);
            Ok(current.ok_or_else(|| Error::new(SqlState::ObjectNotInPrerequisiteState, message()))?.into())
        },
    },
    SystemFunction {
        name: "lastval",
        required: &[],
        optional: &[],
        result: "int8",
        strict: true,
        volatility: Volatility::Volatile,
        answer: |call| {
            let last = call.session.sequences().and_then(|sequences| sequences.last());
            let message = "lastval is not yet defined in this session";
            Ok(last.ok_or_else(|| Error::new(SqlState::ObjectNotInPrerequisiteState, message))?.into())
        },
    },
];

/// The functions that change a sequence, bound to a session.
pub(super) fn counting(source: Source, session: Arc<dyn SessionFacts>) -> impl Iterator<Item = ScalarUDF> {
    let number = |more: &[DataType]| {
        let named = [DataType::Utf8View, DataType::Int64].map(|kind| [&[kind], more].concat());
        named.map(TypeSignature::Exact).to_vec()
    };
    let next = number(&[]);
    let set = [number(&[DataType::Int64]), number(&[DataType::Int64, DataType::Boolean])].concat();
    [("nextval", next), ("setval", set)].into_iter().map(move |(name, signatures)| {
        let signature = Signature::one_of(signatures, Volatility::Volatile);
        let function = Counting { name, signature, source: Arc::clone(&source), session: Arc::clone(&session) };
        ScalarUDF::new_from_impl(function)
    })
}

/// The same as listings show them.
pub(super) fn counting_entries() -> impl Iterator<Item = FunctionEntry> {
    let shown = FUNCTIONS[0].entry();
    ["nextval", "setval"].into_iter().map(move |name| FunctionEntry { name: name.to_owned(), ..shown.clone() })
}

/// The sequence that a relation is; 42809 for another.
fn sequence(relation: &Relation) -> Result<&Sequence> {
    relation
        .sequence
        .as_ref()
        .ok_or_else(|| Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a sequence", relation.name)))
}

struct Counting {
    name: &'static str,
    signature: Signature,
    source: Source,
    session: Arc<dyn SessionFacts>,
}

impl Counting {
    /// The sequence that an argument means, if the session may count it. One that goes with a column serves whoever may insert there.
    fn counted(&self, listing: &Listing, argument: &ScalarValue) -> Result<Option<(u32, Sequence)>> {
        let relation = match argument {
            ScalarValue::Int64(Some(oid)) => u32::try_from(*oid).ok().and_then(|oid| listing.relation(oid)),
            ScalarValue::Utf8View(Some(name)) => match name.trim().parse() {
                Ok(oid) => listing.relation(oid),
                Err(_) => named_relation(listing, self.session.as_ref(), name),
            },
            _ => return Ok(None),
        };
        let missing = || Error::new(SqlState::UndefinedTable, format!("relation \"{argument}\" does not exist"));
        let relation = relation.ok_or_else(missing)?;
        let sequence = sequence(relation)?;
        let role = self.session.identity().current.oid;
        let may = |privilege, relation: &Relation| listing.roles.may(role, privilege, &relation.access);
        let table = sequence.owner.as_ref().and_then(|(table, _)| listing.relation(*table));
        let allowed = may(Privilege::Update, relation)
            || self.name == "nextval"
                && (may(Privilege::Usage, relation) || table.is_some_and(|table| may(Privilege::Insert, table)));
        match allowed {
            true => Ok(Some((relation.oid, sequence.clone()))),
            false => {
                let message = format!("permission denied for sequence {}", relation.name);
                Err(Error::new(SqlState::InsufficientPrivilege, message))
            }
        }
    }

    fn sequences(&self) -> Result<Arc<SessionSequences>> {
        self.session.sequences().ok_or_else(|| Error::internal("there is no session to count for"))
    }

    async fn next(&self, names: &ArrayRef) -> Result<Int64Array> {
        let (listing, sequences) = ((self.source)(), self.sequences()?);
        let mut numbers: Vec<Option<i64>> = vec![];
        // Rows that name the same sequence, as almost all do, are served at once.
        while numbers.len() < names.len() {
            let first = ScalarValue::try_from_array(names, numbers.len())?;
            let mut count = 1;
            while numbers.len() + count < names.len()
                && ScalarValue::try_from_array(names, numbers.len() + count)? == first
            {
                count += 1;
            }
            match self.counted(&listing, &first)? {
                Some((oid, sequence)) => {
                    numbers.extend(sequences.next(oid, &sequence, count).await?.into_iter().map(Some));
                }
                None => numbers.extend(std::iter::repeat_n(None, count)),
            }
        }
        Ok(Int64Array::from(numbers))
    }

    async fn set(&self, columns: &[ArrayRef]) -> Result<Int64Array> {
        let (listing, sequences) = ((self.source)(), self.sequences()?);
        let values = columns[1].as_primitive::<Int64Type>();
        let called = columns.get(2).map(|called| called.as_boolean());
        let mut set = vec![];
        for row in 0..values.len() {
            let sequence = self.counted(&listing, &ScalarValue::try_from_array(&columns[0], row)?)?;
            let (Some((oid, sequence)), true) = (sequence, columns.iter().all(|column| column.is_valid(row))) else {
                set.push(None);
                continue;
            };
            let (value, steps) = (values.value(row), sequence.steps);
            if !(steps.least..=steps.most).contains(&value) {
                let (least, most) = (steps.least, steps.most);
                let message = format!("setval: value {value} is out of bounds for sequence ({least}..{most})");
                return Err(Error::new(SqlState::NumericValueOutOfRange, message));
            }
            let stand = Stand { value, is_called: called.is_none_or(|called| called.value(row)) };
            sequences.set(oid, &sequence, stand).await?;
            set.push(Some(value));
        }
        Ok(Int64Array::from(set))
    }
}

impl fmt::Debug for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counting").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PartialEq for Counting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.session, &other.session)
    }
}

impl Eq for Counting {}

impl Hash for Counting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Counting {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let columns = args.args.into_iter().map(|argument| argument.into_array(args.number_rows));
        let columns = columns.collect::<EngineResult<Vec<_>>>()?;
        // A file is written once for many numbers: whoever asks for the first of them waits here.
        let numbers = match columns.as_slice() {
            [names] => block_on(self.next(names))?,
            columns => block_on(self.set(columns))?,
        };
        Ok(ColumnarValue::Array(Arc::new(numbers)))
    }
}
