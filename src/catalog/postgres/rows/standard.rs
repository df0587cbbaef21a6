//! `information_schema`, with the types and words of Postgres.

use super::{Context, Rows, references};
use crate::catalog::postgres::listing::{Column, Function, Relation, RelationKind};
use crate::catalog::postgres::rows::builder::Value;
use crate::catalog::postgres::types::{ColumnType, PgType, by_oid};

fn yes_or_no(value: bool) -> Value {
    if value { "YES" } else { "NO" }.into()
}

/// `information_schema_catalog_name`.
pub(super) fn catalog_name(context: &Context, rows: &mut Rows) {
    rows.push([("catalog_name", (&context.listing.database).into())]);
}

/// `schemata`.
pub(super) fn schemata(context: &Context, rows: &mut Rows) {
    for schema in &context.listing.schemas {
        rows.push([
            ("catalog_name", (&context.listing.database).into()),
            ("schema_name", (&schema.name).into()),
            ("schema_owner", context.listing.roles.name(schema.access.owner).into()),
        ]);
    }
}

/// `tables`.
pub(super) fn tables(context: &Context, rows: &mut Rows) {
    for relation in context.listing.relations() {
        let table = relation.kind == RelationKind::Table;
        let table_type = match relation.kind {
            _ if context.listing.is_temporary(relation) => "LOCAL TEMPORARY",
            RelationKind::Table => "BASE TABLE",
            RelationKind::View | RelationKind::Index | RelationKind::Sequence => "VIEW",
        };
        rows.push([
            ("table_catalog", (&context.listing.database).into()),
            ("table_schema", (&relation.schema).into()),
            ("table_name", (&relation.name).into()),
            ("table_type", table_type.into()),
            ("is_insertable_into", yes_or_no(table)),
            ("is_typed", yes_or_no(false)),
        ]);
    }
}

/// `columns`.
pub(super) fn columns(context: &Context, rows: &mut Rows) {
    for relation in context.listing.relations() {
        for (index, column) in relation.columns.iter().enumerate() {
            push_column(context, rows, relation, index + 1, column);
        }
    }
}

fn push_column(context: &Context, rows: &mut Rows, relation: &Relation, position: usize, column: &Column) {
    let database = &context.listing.database;
    let shape = Shape::of(column.column_type);
    rows.push([
        ("table_catalog", database.into()),
        ("table_schema", (&relation.schema).into()),
        ("table_name", (&relation.name).into()),
        ("column_name", (&column.name).into()),
        ("ordinal_position", position.into()),
        ("column_default", column.default.as_ref().map(|default| default.expression.clone()).into()),
        ("is_nullable", yes_or_no(column.nullable)),
        ("data_type", data_type(column.column_type.pg_type()).into()),
        ("character_maximum_length", column.column_type.length().into()),
        ("character_octet_length", octets(column.column_type).into()),
        ("numeric_precision", shape.precision.into()),
        ("numeric_precision_radix", shape.radix.into()),
        ("numeric_scale", shape.scale.into()),
        ("datetime_precision", shape.datetime_precision.into()),
        ("udt_catalog", database.into()),
        ("udt_schema", "pg_catalog".into()),
        ("udt_name", (&column.column_type.pg_type().name).into()),
        ("dtd_identifier", position.to_string().into()),
        ("is_self_referencing", yes_or_no(false)),
        ("is_identity", yes_or_no(column.identity.is_some())),
        ("identity_generation", column.identity.map(|always| if always { "ALWAYS" } else { "BY DEFAULT" }).into()),
        ("identity_cycle", yes_or_no(false)),
        ("is_generated", "NEVER".into()),
        ("is_updatable", yes_or_no(relation.kind == RelationKind::Table)),
    ]);
}

/// The standard's name of a type: arrays are just `ARRAY`.
fn data_type(pg_type: &PgType) -> &str {
    if pg_type.is_array() { "ARRAY" } else { &pg_type.sql_name }
}

/// The most bytes of a text: letters have up to four of them, and what has no limit up to a gibibyte.
fn octets(column: ColumnType) -> Option<i32> {
    const MOST: i32 = 1 << 30;
    let is_text = matches!(column.pg_type().name.as_str(), "text" | "varchar" | "bpchar");
    is_text.then(|| column.length().map_or(MOST, |length| 4 * length))
}

/// Digits of a type, as `columns` tells them.
#[derive(Default)]
struct Shape {
    precision: Option<i32>,
    radix: Option<i32>,
    scale: Option<i32>,
    datetime_precision: Option<i32>,
}

impl Shape {
    fn of(column: ColumnType) -> Self {
        let binary = |bits| Self { precision: Some(bits), radix: Some(2), ..Self::default() };
        let integer = |bits| Self { scale: Some(0), ..binary(bits) };
        match column.pg_type().name.as_str() {
            "int2" => integer(16),
            "int4" => integer(32),
            "int8" => integer(64),
            "float4" => binary(24),
            "float8" => binary(53),
            "numeric" => match column.numeric_digits() {
                Some((precision, scale)) => {
                    Self { precision: Some(precision), radix: Some(10), scale: Some(scale), ..Self::default() }
                }
                None => Self { radix: Some(10), ..Self::default() },
            },
            "date" => Self { datetime_precision: Some(0), ..Self::default() },
            "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => {
                Self { datetime_precision: Some(6), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

/// `views`.
pub(super) fn views(context: &Context, rows: &mut Rows) {
    for view in context.listing.relations().filter(|r| r.kind == RelationKind::View) {
        rows.push([
            ("table_catalog", (&context.listing.database).into()),
            ("table_schema", (&view.schema).into()),
            ("table_name", (&view.name).into()),
            ("view_definition", view.definition.clone().into()),
            ("check_option", "NONE".into()),
            ("is_updatable", yes_or_no(false)),
            ("is_insertable_into", yes_or_no(false)),
            ("is_trigger_updatable", yes_or_no(false)),
            ("is_trigger_deletable", yes_or_no(false)),
            ("is_trigger_insertable_into", yes_or_no(false)),
        ]);
    }
}

/// `table_constraints`: the CHECK constraints, the keys and the foreign keys.
pub(super) fn table_constraints(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for relation in context.listing.user_relations() {
        let checks = relation.checks.iter().map(|check| (&check.name, "CHECK"));
        let keys = relation.keys.iter().filter(|key| key.is_constraint()).map(|key| (&key.key.name, key.words()));
        let references = relation.references.iter().map(|listed| (&listed.reference.name, "FOREIGN KEY"));
        for (name, kind) in checks.chain(keys).chain(references) {
            rows.push([
                ("constraint_catalog", database.into()),
                ("constraint_schema", (&relation.schema).into()),
                ("constraint_name", name.into()),
                ("table_catalog", database.into()),
                ("table_schema", (&relation.schema).into()),
                ("table_name", (&relation.name).into()),
                ("constraint_type", kind.into()),
                ("is_deferrable", yes_or_no(false)),
                ("initially_deferred", yes_or_no(false)),
                ("enforced", yes_or_no(true)),
            ]);
        }
    }
}

/// `check_constraints`.
pub(super) fn check_constraints(context: &Context, rows: &mut Rows) {
    for relation in context.listing.user_relations() {
        for check in &relation.checks {
            rows.push([
                ("constraint_catalog", (&context.listing.database).into()),
                ("constraint_schema", (&relation.schema).into()),
                ("constraint_name", (&check.name).into()),
                ("check_clause", (&check.condition).into()),
            ]);
        }
    }
}

/// `constraint_column_usage`: the columns that CHECK constraints name, those of keys, and those that foreign keys refer to.
pub(super) fn constraint_columns(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for relation in context.listing.user_relations() {
        let checks = relation.checks.iter().map(|check| (&check.name, &check.columns));
        let keys = relation.keys.iter().filter(|key| key.is_constraint()).map(|key| (&key.key.name, &key.columns));
        for (constraint, places) in checks.chain(keys) {
            let named = |place: &i64| relation.columns.get(usize::try_from(*place).ok()?.checked_sub(1)?);
            for column in places.iter().filter_map(named) {
                rows.push([
                    ("table_catalog", database.into()),
                    ("table_schema", (&relation.schema).into()),
                    ("table_name", (&relation.name).into()),
                    ("column_name", (&column.name).into()),
                    ("constraint_catalog", database.into()),
                    ("constraint_schema", (&relation.schema).into()),
                    ("constraint_name", constraint.into()),
                ]);
            }
        }
    }
    references::constraint_columns(context, rows);
}

/// `element_types`: what the arrays among the columns are made of.
pub(super) fn element_types(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for relation in context.listing.relations() {
        for (index, column) in relation.columns.iter().enumerate() {
            let Some(element) =
                by_oid(column.column_type.pg_type().element).filter(|_| column.column_type.pg_type().is_array())
            else {
                continue;
            };
            rows.push([
                ("object_catalog", database.into()),
                ("object_schema", (&relation.schema).into()),
                ("object_name", (&relation.name).into()),
                ("object_type", if relation.kind == RelationKind::Table { "TABLE" } else { "VIEW" }.into()),
                ("collection_type_identifier", (index + 1).to_string().into()),
                ("data_type", data_type(element).into()),
                ("udt_catalog", database.into()),
                ("udt_schema", "pg_catalog".into()),
                ("udt_name", (&element.name).into()),
                ("dtd_identifier", format!("a{}", index + 1).into()),
            ]);
        }
    }
}

/// `collations`.
pub(super) fn collations(context: &Context, rows: &mut Rows) {
    for name in ["default", "C", "POSIX"] {
        rows.push([
            ("collation_catalog", (&context.listing.database).into()),
            ("collation_schema", "pg_catalog".into()),
            ("collation_name", name.into()),
            ("pad_attribute", "NO PAD".into()),
        ]);
    }
}

/// `character_sets`.
pub(super) fn character_sets(context: &Context, rows: &mut Rows) {
    rows.push([
        ("character_set_name", "UTF8".into()),
        ("character_repertoire", "UCS".into()),
        ("form_of_use", "UTF8".into()),
        ("default_collate_catalog", (&context.listing.database).into()),
    ]);
}

/// `routines`.
pub(super) fn routines(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for function in &context.listing.functions {
        let result = by_oid(function.entry.result);
        rows.push([
            ("specific_catalog", database.into()),
            ("specific_schema", (&function.entry.schema).into()),
            ("specific_name", specific_name(function).into()),
            ("routine_catalog", database.into()),
            ("routine_schema", (&function.entry.schema).into()),
            ("routine_name", (&function.entry.name).into()),
            ("routine_type", "FUNCTION".into()),
            ("data_type", result.map(data_type).into()),
            ("type_udt_catalog", database.into()),
            ("type_udt_schema", "pg_catalog".into()),
            ("type_udt_name", result.map(|t| &t.name).into()),
            ("dtd_identifier", "0".into()),
            ("routine_body", "EXTERNAL".into()),
            ("external_name", (&function.entry.name).into()),
            ("external_language", "INTERNAL".into()),
            ("parameter_style", "GENERAL".into()),
            ("is_deterministic", yes_or_no(true)),
            ("schema_level_routine", yes_or_no(true)),
            ("security_type", "INVOKER".into()),
        ]);
    }
}

/// `parameters`.
pub(super) fn parameters(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for function in &context.listing.functions {
        for (index, argument) in function.entry.arguments.iter().enumerate() {
            let pg_type = by_oid(argument.type_oid);
            let name = Some(&argument.name).filter(|name| !name.is_empty());
            rows.push([
                ("specific_catalog", database.into()),
                ("specific_schema", (&function.entry.schema).into()),
                ("specific_name", specific_name(function).into()),
                ("ordinal_position", (index + 1).into()),
                ("parameter_mode", "IN".into()),
                ("is_result", yes_or_no(false)),
                ("as_locator", yes_or_no(false)),
                ("parameter_name", name.into()),
                ("data_type", pg_type.map(data_type).into()),
                ("udt_catalog", database.into()),
                ("udt_schema", "pg_catalog".into()),
                ("udt_name", pg_type.map(|t| &t.name).into()),
                ("dtd_identifier", (index + 1).to_string().into()),
            ]);
        }
    }
}

/// Tells a function's variants apart, as Postgres does.
fn specific_name(function: &Function) -> String {
    format!("{}_{}", function.entry.name, function.oid)
}
