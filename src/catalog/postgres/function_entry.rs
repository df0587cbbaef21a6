//! Functions, as the catalog hands them in.

use datafusion::logical_expr::Volatility;

/// One variant of a function, as the catalog hands it in: the same name may come several times.
#[derive(Debug, Clone)]
pub struct FunctionEntry {
    /// The schema it is shown in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Scalar, aggregate or table function.
    pub kind: FunctionKind,
    /// Whether equal arguments give equal results: always, within a statement, or not even then.
    pub volatility: Volatility,
    /// Its arguments in order.
    pub arguments: Vec<Argument>,
    /// The OID of the Postgres type of what it gives back.
    pub result: u32,
    /// What it computes.
    pub comment: Option<String>,
    /// The OID that PostgreSQL gives it, where others refer to it by that; else it is a hash of the signature.
    pub oid: Option<u32>,
}

/// What kind of function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    /// One value in a row gives one value.
    Scalar,
    /// Many rows give one value.
    Aggregate,
    /// A relation gives a relation.
    Table,
}

/// An argument of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name; empty where it has none.
    pub name: String,
    /// The OID of its Postgres type.
    pub type_oid: u32,
    /// Whether a call may leave it out.
    pub optional: bool,
    /// Whether it may be given any number of times.
    pub variadic: bool,
}

impl FunctionEntry {
    /// What tells a function's variants apart.
    pub(super) fn signature(&self) -> String {
        let arguments: Vec<String> = self.arguments.iter().map(|argument| argument.type_oid.to_string()).collect();
        format!("{}.{}({})", self.schema, self.name, arguments.join(","))
    }
}
