//! SQL functions as `\df` lists them, read from their signatures and documentation.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::logical_expr::{
    AggregateUDF, Coercion, Documentation, ReturnFieldArgs, ScalarUDF, Signature, TypeSignature, TypeSignatureClass,
    Volatility,
};

use super::listing::{Argument, FunctionEntry, FunctionKind};
use super::types::{self, ANY, RECORD};
use crate::relations::{self, TableFunction};

/// The entries of functions, one a variant. Arguments of any type, and results that depend on them, are `"any"`.
pub fn function_entries(
    schema: &str,
    scalars: &[Arc<ScalarUDF>],
    aggregates: &[Arc<AggregateUDF>],
) -> Vec<FunctionEntry> {
    let scalars = scalars.iter().flat_map(|function| {
        let about = About {
            schema,
            name: function.name(),
            kind: FunctionKind::Scalar,
            signature: function.signature(),
            documentation: function.documentation(),
            coerce: &|given| function.coerce_types(given).ok(),
        };
        about.entries(|arguments| {
            let constants = vec![None; arguments.len()];
            let given = ReturnFieldArgs { arg_fields: arguments, scalar_arguments: &constants };
            function.return_field_from_args(given).ok()
        })
    });
    let aggregates = aggregates.iter().flat_map(|function| {
        let about = About {
            schema,
            name: function.name(),
            kind: FunctionKind::Aggregate,
            signature: function.signature(),
            documentation: function.documentation(),
            coerce: &|given| function.coerce_types(given).ok(),
        };
        about.entries(|arguments| function.return_field(arguments).ok())
    });
    scalars.chain(aggregates).collect()
}

/// The entries of table functions: every argument of any type, a set of rows as the result.
pub fn table_function_entries(schema: &str, functions: &[TableFunction]) -> Vec<FunctionEntry> {
    let entry = |function: &TableFunction| FunctionEntry {
        schema: schema.to_owned(),
        name: function.entry.name.to_owned(),
        kind: FunctionKind::Table,
        volatility: Volatility::Immutable,
        arguments: function.entry.arguments.iter().map(argument).collect(),
        result: RECORD,
        comment: Some(first_sentence(function.entry.description)),
        oid: None,
    };
    functions.iter().map(entry).collect()
}

fn argument(argument: &relations::Argument) -> Argument {
    Argument { name: argument.name.to_owned(), type_oid: ANY, optional: !argument.required, variadic: false }
}

struct About<'a> {
    schema: &'a str,
    name: &'a str,
    kind: FunctionKind,
    signature: &'a Signature,
    documentation: Option<&'a Documentation>,
    /// What arguments of a user-defined signature are cast to.
    coerce: &'a dyn Fn(&[DataType]) -> Option<Vec<DataType>>,
}

/// The types of one variant's arguments, `None` for any type.
struct Variant {
    types: Vec<Option<DataType>>,
    /// How many of them every call gives.
    required: usize,
    /// Whether the last may be repeated.
    variadic: bool,
}

impl About<'_> {
    fn entries(&self, result: impl Fn(&[FieldRef]) -> Option<FieldRef>) -> Vec<FunctionEntry> {
        let documented = self.documented().len();
        let variants = match &self.signature.type_signature {
            TypeSignature::UserDefined => match self.user_defined(documented, &result) {
                Some(variant) => vec![variant],
                None => fixed(vec![None; documented]),
            },
            told => variants(told, documented),
        };
        variants.iter().map(|variant| self.entry(variant, &result)).collect()
    }

    /// A user-defined signature tells its types by what it casts NULLs to, and its numbers of arguments by what it takes.
    fn user_defined(&self, documented: usize, result: impl Fn(&[FieldRef]) -> Option<FieldRef>) -> Option<Variant> {
        let types = |count: usize| {
            let types = (self.coerce)(&vec![DataType::Null; count]).filter(|types| types.len() == count)?;
            let types: Vec<Option<DataType>> = types.into_iter().map(|t| Some(t).filter(|t| !t.is_null())).collect();
            result(&fields(&types))?;
            Some(types)
        };
        let fewest = (0..=documented).find(|count| types(*count).is_some())?;
        let variadic = types(documented + 1).is_some();
        Some(Variant { types: (fewest..=documented).rev().find_map(types)?, required: fewest, variadic })
    }

    fn entry(&self, variant: &Variant, result: impl Fn(&[FieldRef]) -> Option<FieldRef>) -> FunctionEntry {
        let names = self.signature.parameter_names.clone().unwrap_or_else(|| self.documented());
        let last = variant.types.len().saturating_sub(1);
        let arguments = variant.types.iter().enumerate().map(|(index, data_type)| Argument {
            name: names.get(index).cloned().unwrap_or_default(),
            type_oid: data_type.as_ref().map_or(ANY, |t| types::of_arrow(t).oid),
            optional: index >= variant.required,
            variadic: variant.variadic && index == last,
        });
        let result = result(&fields(&variant.types)).map_or(ANY, |field| types::of_arrow(field.data_type()).oid);
        FunctionEntry {
            schema: self.schema.to_owned(),
            name: self.name.to_owned(),
            kind: self.kind,
            volatility: self.signature.volatility,
            arguments: arguments.collect(),
            result,
            comment: self.documentation.map(|documentation| first_sentence(&documentation.description)),
            oid: None,
        }
    }

    /// The names of the arguments in the documentation.
    fn documented(&self) -> Vec<String> {
        let arguments = self.documentation.and_then(|documentation| documentation.arguments.as_ref());
        arguments.map(|all| all.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default()
    }
}

/// Arguments of these types; one of any type is tried as a number.
fn fields(types: &[Option<DataType>]) -> Vec<FieldRef> {
    types.iter().map(|t| Arc::new(Field::new("", t.clone().unwrap_or(DataType::Float64), true)) as FieldRef).collect()
}

/// The one variant that takes just these types.
fn fixed(types: Vec<Option<DataType>>) -> Vec<Variant> {
    vec![Variant { required: types.len(), types, variadic: false }]
}

/// The variants of a signature. One that does not tell its arguments has as many as are documented.
fn variants(signature: &TypeSignature, documented: usize) -> Vec<Variant> {
    match signature {
        TypeSignature::Exact(types) => fixed(types.iter().cloned().map(Some).collect()),
        TypeSignature::OneOf(all) => all.iter().flat_map(|one| variants(one, documented)).collect(),
        TypeSignature::Uniform(count, types) => {
            types.iter().flat_map(|t| fixed(vec![Some(t.clone()); *count])).collect()
        }
        TypeSignature::Coercible(coercions) => fixed(coercions.iter().map(coerced).collect()),
        TypeSignature::Numeric(count) => fixed(vec![Some(DataType::Float64); *count]),
        TypeSignature::String(count) => fixed(vec![Some(DataType::Utf8); *count]),
        TypeSignature::Any(count) | TypeSignature::Comparable(count) => fixed(vec![None; *count]),
        TypeSignature::Nullary => fixed(vec![]),
        TypeSignature::Variadic(types) => {
            types.iter().map(|t| Variant { types: vec![Some(t.clone())], required: 1, variadic: true }).collect()
        }
        TypeSignature::VariadicAny => vec![Variant { types: vec![None], required: 1, variadic: true }],
        TypeSignature::UserDefined | TypeSignature::ArraySignature(_) => fixed(vec![None; documented]),
    }
}

/// The type an argument is brought to; `None` for any.
fn coerced(coercion: &Coercion) -> Option<DataType> {
    match coercion.desired_type() {
        TypeSignatureClass::Numeric | TypeSignatureClass::Float => Some(DataType::Float64),
        TypeSignatureClass::Integer => Some(DataType::Int64),
        TypeSignatureClass::Native(native) => native.default_cast_for(&DataType::Null).ok(),
        TypeSignatureClass::Timestamp => Some(crate::model::instant()),
        _ => None,
    }
}

/// A description's first sentence, on one line.
fn first_sentence(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").map_or(line.len(), |dot| dot + 1);
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use datafusion::functions::math;
    use datafusion::functions_aggregate::{average, count, stddev};

    use super::*;

    fn names(entry: &FunctionEntry) -> Vec<(&str, u32)> {
        entry.arguments.iter().map(|a| (a.name.as_str(), a.type_oid)).collect()
    }

    #[test]
    fn types_and_comments_come_from_the_function() {
        let entries = function_entries("journey", &[math::signum(), math::random()], &[stddev::stddev_udaf()]);
        let random = entries.iter().find(|e| e.name == "random").unwrap();
        assert_eq!((names(random), random.result), (vec![], 701));
        let stddev = entries.iter().find(|e| e.name == "stddev").unwrap();
        assert_eq!(stddev.kind, FunctionKind::Aggregate);
        assert_eq!((names(stddev), stddev.result), (vec![("expression", 701)], 701));
        assert_eq!(stddev.comment.as_deref(), Some("Returns the standard deviation of a set of numbers."));
        assert!(entries.iter().all(|e| e.schema == "journey"));
    }

    #[test]
    fn signatures_of_our_own_tell_their_types_and_what_may_be_left_out() {
        let velocity = crate::functions::aggregates().into_iter().find(|f| f.name() == "velocity").unwrap();
        let entries = function_entries("journey", &[], &[Arc::new(velocity)]);
        let [entry] = entries.as_slice() else { panic!("velocity has one variant, got {entries:?}") };
        assert_eq!(names(entry), [("started_at", 1184), ("ended_at", 1184), ("observed_until", 1184)]);
        assert_eq!(entry.arguments.iter().map(|a| a.optional).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(entry.result, 701);
    }

    #[test]
    fn an_argument_that_may_be_repeated_is_variadic() {
        let retention = crate::functions::aggregates().into_iter().find(|f| f.name() == "retention").unwrap();
        let entries = function_entries("journey", &[], &[Arc::new(retention)]);
        let [entry] = entries.as_slice() else { panic!("retention has one variant, got {entries:?}") };
        assert_eq!(names(entry), [("at", 1184), ("condition", 16)]);
        assert_eq!(entry.arguments.iter().map(|a| a.variadic).collect::<Vec<_>>(), [false, true]);
        assert_eq!(entry.result, 1000);
    }

    #[test]
    fn arguments_of_any_type_are_any() {
        let entries = function_entries("journey", &[], &[count::count_udaf(), average::avg_udaf()]);
        let count = entries.iter().find(|e| e.name == "count").unwrap();
        assert!(count.arguments.iter().all(|a| a.type_oid == ANY));
        assert_eq!(count.result, 20);
    }

    #[test]
    fn comments_are_one_sentence_on_one_line() {
        assert_eq!(first_sentence("Computes the\n  score. NULLs are ignored."), "Computes the score.");
        assert_eq!(first_sentence("One 0.5 share"), "One 0.5 share");
    }
}
