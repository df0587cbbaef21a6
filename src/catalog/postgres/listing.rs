//! What the catalog holds at one moment, as plain data: the one source of every row of `pg_catalog` and
//! `information_schema`.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, visit_expressions};
use datafusion::sql::sqlparser::parser::Parser;

pub use super::function_entry::{Argument, FunctionEntry, FunctionKind};
use super::hashed_oids::HashedOids;
use super::keys::ListedKey;
use super::references::ListedReference;
use super::relations::{
    INFORMATION_SCHEMA, PG_CATALOG, PG_CATALOG_OID, system_relation, system_relation_named, system_relations,
};
use super::types::ColumnType;
use crate::catalog::{Access, Key, PG_TEMP, Reference, Roles, Sequence, fold};
use crate::model::Postgres;

/// Gives the listing of the moment; asked at every scan, so that DDL shows at once.
pub type Source = Arc<dyn Fn() -> Arc<Listing> + Send + Sync>;

/// The OID of `information_schema`, as in PostgreSQL 15.
const INFORMATION_SCHEMA_OID: u32 = 13_207;

/// The contents of one database, with an OID for each object.
///
/// Schemas and relations come with the OID that the catalog keeps for them. Functions and constraints, which the catalog
/// keeps none for, get hashes of their full name: the same after every start. Should two hash alike, the one later in
/// the alphabet takes the next free number.
#[derive(Debug)]
pub struct Listing {
    /// The name of the database.
    pub database: String,
    /// Who there is.
    pub roles: Roles,
    /// Its schemas, the system's two included.
    pub schemas: Vec<SchemaEntry>,
    relations: Vec<Relation>,
    others: Vec<Relation>,
    /// Its functions, one entry a variant.
    pub functions: Vec<Function>,
    /// Where the relations, then the others, and the functions of the database stand, by OID and by full name: catalog functions
    /// ask row by row.
    relations_by_oid: HashMap<u32, usize>,
    relations_by_name: HashMap<(String, String), usize>,
    functions_by_oid: HashMap<u32, usize>,
}

/// A schema.
#[derive(Debug, Clone)]
pub struct SchemaEntry {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub comment: Option<String>,
    /// Who owns it and who else may do what.
    pub access: Access,
}

/// A table or view, as the catalog hands it in.
#[derive(Debug, Clone)]
pub struct RelationEntry {
    /// Its OID.
    pub oid: u32,
    /// The schema it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Table or view.
    pub kind: RelationKind,
    /// Its columns in order.
    pub columns: Vec<ColumnEntry>,
    /// What it holds.
    pub comment: Option<String>,
    /// Who owns it and who else may do what.
    pub access: Access,
    /// The query of a view.
    pub definition: Option<String>,
    /// The relations that a view depends on, by OID.
    pub reads: Vec<u32>,
    /// Its CHECK constraints: name and condition.
    pub checks: Vec<(String, String)>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Its foreign keys.
    pub references: Vec<Reference>,
    /// How it counts, if it is a sequence.
    pub sequence: Option<Sequence>,
    /// Rows, where known without counting them.
    pub rows: Option<u64>,
    /// Bytes on disk, where known.
    pub bytes: Option<u64>,
}

/// What kind of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// The index of a key.
    Index,
    /// A sequence.
    Sequence,
}

/// A column, as the catalog hands it in.
#[derive(Debug, Clone)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its Postgres type.
    pub column_type: ColumnType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether it is an identity, and then whether it is one ALWAYS.
    pub identity: Option<bool>,
    /// What it holds.
    pub comment: Option<String>,
    /// What it holds where a row doesn't say, as SQL.
    pub default: Option<String>,
}

/// A relation with its OID and Postgres types.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its OID.
    pub oid: u32,
    /// The schema it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Table or view.
    pub kind: RelationKind,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// What it holds.
    pub comment: Option<String>,
    /// Who owns it and who else may do what.
    pub access: Access,
    /// The query of a view, ended by a semicolon as Postgres shows it.
    pub definition: Option<String>,
    /// The relations that a view depends on, by OID.
    pub reads: Vec<u32>,
    /// Its CHECK constraints.
    pub checks: Vec<Check>,
    /// Its keys.
    pub keys: Vec<ListedKey>,
    /// Its foreign keys.
    pub references: Vec<ListedReference>,
    /// How it counts, if it is a sequence.
    pub sequence: Option<Sequence>,
    /// Rows, where known.
    pub rows: Option<u64>,
    /// Bytes on disk, where known.
    pub bytes: Option<u64>,
}

/// A column with its Postgres type.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its Postgres type.
    pub column_type: ColumnType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether it is an identity, and then whether it is one ALWAYS.
    pub identity: Option<bool>,
    /// What it holds.
    pub comment: Option<String>,
    /// What it holds where a row doesn't say.
    pub default: Option<DefaultValue>,
}

/// The DEFAULT of a column.
#[derive(Debug, Clone)]
pub struct DefaultValue {
    /// Its OID.
    pub oid: u32,
    /// Its expression; that of quoted text says its type, as in Postgres: `'none'::text`.
    pub expression: String,
}

/// A CHECK constraint.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Its condition.
    pub condition: String,
    /// The columns that the condition names, by their places from 1.
    pub columns: Vec<i64>,
}

/// A function with its OID.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its OID.
    pub oid: u32,
    /// What the catalog says of it.
    pub entry: FunctionEntry,
}

impl Listing {
    /// Completes what the catalog holds: the system's schemas are added, and the OIDs that the catalog does not keep.
    pub fn new(
        database: impl Into<String>,
        roles: Roles,
        mut schemas: Vec<SchemaEntry>,
        mut relations: Vec<RelationEntry>,
        functions: Vec<FunctionEntry>,
    ) -> Self {
        let system = |oid, name: &str, comment: &str| SchemaEntry {
            oid,
            name: name.into(),
            comment: Some(comment.into()),
            access: Access::of_open_schema(),
        };
        schemas.push(system(PG_CATALOG_OID, PG_CATALOG, "system catalog schema"));
        schemas.push(system(INFORMATION_SCHEMA_OID, INFORMATION_SCHEMA, "standard catalog views"));
        schemas.sort_by(|a, b| a.name.cmp(&b.name));
        relations.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let mut functions: Vec<(String, FunctionEntry)> = functions.into_iter().map(|f| (f.signature(), f)).collect();
        functions.sort_by(|a, b| a.0.cmp(&b.0));
        functions.dedup_by(|a, b| a.0 == b.0);
        let mut oids = HashedOids::default();
        let mut relations: Vec<Relation> = relations.into_iter().map(|entry| relation(entry, &mut oids)).collect();
        let of_table = |table: &Relation| table.keys.iter().map(|key| key.relation(table)).collect::<Vec<_>>();
        let mut others: Vec<Relation> = relations.iter().flat_map(of_table).collect();
        others.extend(relations.extract_if(.., |relation| relation.kind == RelationKind::Sequence));
        let functions: Vec<Function> = functions
            .into_iter()
            .map(|(signature, entry)| Function {
                oid: entry.oid.unwrap_or_else(|| oids.take("function", &signature)),
                entry,
            })
            .collect();
        Self {
            database: database.into(),
            roles,
            schemas,
            relations_by_oid: relations.iter().chain(&others).enumerate().map(|(at, r)| (r.oid, at)).collect(),
            relations_by_name: relations
                .iter()
                .chain(&others)
                .enumerate()
                .map(|(at, r)| ((r.schema.clone(), r.name.clone()), at))
                .collect(),
            functions_by_oid: functions.iter().enumerate().map(|(at, f)| (f.oid, at)).collect(),
            relations,
            others,
            functions,
        }
    }

    /// Every relation, the system's own after the database's.
    pub fn relations(&self) -> impl Iterator<Item = &Relation> {
        self.relations.iter().chain(system_relations())
    }

    /// The relations of the database, without the system's own.
    pub fn user_relations(&self) -> &[Relation] {
        &self.relations
    }

    /// What has no rows to read: the indexes of the keys of the database, and its sequences.
    pub fn others(&self) -> &[Relation] {
        &self.others
    }

    /// The sequences of the database.
    pub fn sequences(&self) -> impl Iterator<Item = (&Relation, &Sequence)> {
        self.others.iter().filter_map(|relation| Some((relation, relation.sequence.as_ref()?)))
    }

    /// The keys of the database, each with its table.
    pub fn keys(&self) -> impl Iterator<Item = (&Relation, &ListedKey)> {
        self.relations.iter().flat_map(|table| table.keys.iter().map(move |key| (table, key)))
    }

    fn placed(&self, at: usize) -> &Relation {
        self.relations.get(at).unwrap_or_else(|| &self.others[at - self.relations.len()])
    }

    /// The relation of an OID.
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        match self.relations_by_oid.get(&oid) {
            Some(at) => Some(self.placed(*at)),
            None => system_relation(oid),
        }
    }

    /// The relation of a schema and name.
    pub fn relation_named(&self, schema: &str, name: &str) -> Option<&Relation> {
        let schema = match schema {
            PG_TEMP => &self.temporary_schema()?.name,
            schema => schema,
        };
        if let Some(system) = system_relation_named(schema, name) {
            return Some(system);
        }
        self.relations_by_name.get(&(schema.to_owned(), name.to_owned())).map(|at| self.placed(*at))
    }

    /// The schema of a name.
    pub fn schema_named(&self, name: &str) -> Option<&SchemaEntry> {
        self.schemas.iter().find(|s| s.name == name)
    }

    /// The schema of the session's temporary relations, if it has one.
    pub fn temporary_schema(&self) -> Option<&SchemaEntry> {
        self.schemas.iter().find(|schema| schema.name.starts_with(PG_TEMP))
    }

    /// Whether a relation is in it.
    pub fn is_temporary(&self, relation: &Relation) -> bool {
        self.temporary_schema().is_some_and(|schema| schema.name == relation.schema)
    }

    /// The OID of the schema of a name; 0 without one.
    pub fn schema_oid(&self, name: &str) -> u32 {
        self.schema_named(name).map_or(0, |s| s.oid)
    }

    /// The function of an OID.
    pub fn function(&self, oid: u32) -> Option<&Function> {
        self.functions_by_oid.get(&oid).map(|at| &self.functions[*at])
    }

    /// The CHECK constraint of an OID, with its relation.
    pub fn check(&self, oid: u32) -> Option<(&Relation, &Check)> {
        self.relations.iter().find_map(|r| Some((r, r.checks.iter().find(|c| c.oid == oid)?)))
    }
}

fn relation(entry: RelationEntry, oids: &mut HashedOids) -> Relation {
    let full_name = format!("{}.{}", entry.schema, entry.name);
    let names: Vec<String> = entry.columns.iter().map(|c| c.name.clone()).collect();
    let columns = entry.columns.into_iter().map(|c| {
        let column_type = c.column_type;
        let default = c.default.filter(|_| c.identity.is_none()).map(|written| DefaultValue {
            oid: oids.take("default", &format!("{full_name}.{}", c.name)),
            expression: if written.starts_with('\'') && written.ends_with('\'') {
                format!("{written}::{}", column_type.pg_type().sql_name)
            } else {
                written
            },
        });
        Column { name: c.name, column_type, nullable: c.nullable, comment: c.comment, identity: c.identity, default }
    });
    let columns = columns.collect();
    Relation {
        oid: entry.oid,
        columns,
        checks: entry
            .checks
            .into_iter()
            .map(|(name, condition)| Check {
                oid: oids.take("constraint", &format!("{full_name}.{name}")),
                columns: columns_of(&condition, &names),
                name,
                condition: bare(condition),
            })
            .collect(),
        references: entry
            .references
            .into_iter()
            .map(|reference| ListedReference {
                oid: oids.take("constraint", &format!("{full_name}.{}", reference.name)),
                reference,
            })
            .collect(),
        keys: entry.keys.into_iter().map(|key| ListedKey::of(key, &entry.schema, &full_name, &names, oids)).collect(),
        sequence: entry.sequence,
        schema: entry.schema,
        name: entry.name,
        kind: entry.kind,
        comment: entry.comment,
        access: entry.access,
        definition: entry.definition.as_deref().map(terminated),
        reads: entry.reads,
        rows: entry.rows,
        bytes: entry.bytes,
    }
}

/// The places, from 1, of the columns that a condition names.
fn columns_of(condition: &str, names: &[String]) -> Vec<i64> {
    let parsed = Parser::new(&Postgres).try_with_sql(condition).and_then(|mut parser| parser.parse_expr());
    let mut places = BTreeSet::new();
    if let Ok(condition) = parsed {
        let _ = visit_expressions(&condition, |part| {
            let column = match part {
                Expr::Identifier(name) => Some(name),
                Expr::CompoundIdentifier(parts) => parts.last(),
                _ => None,
            };
            let place = column.and_then(|column| names.iter().position(|name| *name == fold(column)));
            places.extend(place.and_then(|at| i64::try_from(at + 1).ok()));
            ControlFlow::<()>::Continue(())
        });
    }
    places.into_iter().collect()
}

/// A condition without the parentheses around all of it, as Postgres shows it.
fn bare(condition: String) -> String {
    let parsed = Parser::new(&Postgres).try_with_sql(&condition).and_then(|mut parser| parser.parse_expr());
    let Ok(Expr::Nested(mut inner)) = parsed else { return condition };
    while let Expr::Nested(next) = *inner {
        inner = next;
    }
    inner.to_string()
}

fn terminated(query: &str) -> String {
    format!("{};", query.trim_end().trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_their_columns() {
        let names = ["id", "Price", "sold_at"].map(str::to_owned);
        assert_eq!(columns_of("\"Price\" > 0.0 AND t.ID < 5 AND \"Price\" < 9", &names), [1, 2]);
        assert_eq!(columns_of("true", &names), Vec::<i64>::new());
    }

    #[test]
    fn conditions_have_no_parentheses_around_them() {
        assert_eq!(bare("((x > 0))".to_owned()), "x > 0");
        assert_eq!(bare("(x > 0) AND (x < 9)".to_owned()), "(x > 0) AND (x < 9)");
    }

    #[test]
    fn view_definitions_end_with_one_semicolon() {
        assert_eq!(terminated(" SELECT 1; "), " SELECT 1;");
        assert_eq!(terminated("SELECT 1"), "SELECT 1;");
    }
}
