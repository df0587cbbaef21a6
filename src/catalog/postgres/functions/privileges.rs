//! What a role may do. There is one role, which owns everything: it may do what it asks about.

use datafusion::logical_expr::Volatility;

use super::signature::Kind::Text;
use super::signature::{Answer, Call, Kind, SystemFunction};
use crate::error::Result;

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    privilege("has_table_privilege", &[Kind::Any, Text], &[Text]),
    privilege("has_any_column_privilege", &[Kind::Any, Text], &[Text]),
    privilege("has_column_privilege", &[Kind::Any, Kind::Any, Text], &[Text]),
    privilege("has_schema_privilege", &[Kind::Any, Text], &[Text]),
    privilege("has_database_privilege", &[Kind::Any, Text], &[Text]),
    privilege("has_function_privilege", &[Kind::Any, Text], &[Text]),
    privilege("pg_has_role", &[Kind::Any, Text], &[Text]),
];

const fn privilege(name: &'static str, required: &'static [Kind], optional: &'static [Kind]) -> SystemFunction {
    SystemFunction {
        name,
        required,
        optional,
        result: "bool",
        strict: true,
        volatility: Volatility::Stable,
        answer: owner_may,
    }
}

fn owner_may(_: &Call) -> Result<Answer> {
    Ok(true.into())
}
