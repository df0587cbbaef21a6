//! The rows of the system relations, computed from a listing.
//!
//! | file | relations about |
//! |---|---|
//! | `dependencies` | what depends on what |
//! | `keys` | keys, as indexes and as constraints |
//! | `objects` | schemas, tables, views, columns, constraints, comments |
//! | `procedures` | functions and types |
//! | `roles` | roles, their members, and what was granted |
//! | `cluster` | the database, its settings and fixed facts |
//! | `sequences` | sequences and where they stand |
//! | `sessions` | what the session that asks has: cursors, prepared statements |
//! | `standard` | `information_schema` |
//! | `activity` | what sessions do |
//! | `builder` | collects rows by column name |

mod activity;
mod builder;
mod cluster;
mod dependencies;
mod keys;
mod objects;
mod procedures;
mod references;
mod roles;
mod sequences;
mod sessions;
mod standard;

pub(super) use builder::Rows;

use arrow::record_batch::RecordBatch;
use datafusion::error::Result;

use super::functions::SessionFacts;
use super::listing::Listing;
use super::relations::SystemRelation;

/// What rows are computed from.
pub(super) struct Context<'a> {
    pub(super) listing: &'a Listing,
    pub(super) session: &'a dyn SessionFacts,
}

/// Adds the rows of one system relation.
type Fill = fn(&Context, &mut Rows);

/// The system relations that have rows.
const FILLED: &[(&str, &str, Fill)] = &[
    ("pg_catalog", "pg_aggregate", procedures::aggregates),
    ("pg_catalog", "pg_am", cluster::access_methods),
    ("pg_catalog", "pg_attrdef", objects::defaults),
    ("pg_catalog", "pg_attribute", objects::attributes),
    ("pg_catalog", "pg_auth_members", roles::members),
    ("pg_catalog", "pg_authid", roles::authorization_ids),
    ("pg_catalog", "pg_class", objects::classes),
    ("pg_catalog", "pg_collation", cluster::collations),
    ("pg_catalog", "pg_constraint", objects::constraints),
    ("pg_catalog", "pg_cursors", sessions::cursors),
    ("pg_catalog", "pg_database", cluster::databases),
    ("pg_catalog", "pg_depend", dependencies::dependencies),
    ("pg_catalog", "pg_description", objects::descriptions),
    ("pg_catalog", "pg_group", roles::groups),
    ("pg_catalog", "pg_index", keys::indexes),
    ("pg_catalog", "pg_indexes", keys::index_definitions),
    ("pg_catalog", "pg_language", cluster::languages),
    ("pg_catalog", "pg_namespace", objects::namespaces),
    ("pg_catalog", "pg_prepared_statements", sessions::prepared_statements),
    ("pg_catalog", "pg_proc", procedures::functions),
    ("pg_catalog", "pg_rewrite", objects::rules),
    ("pg_catalog", "pg_roles", roles::roles),
    ("pg_catalog", "pg_sequence", sequences::sequences),
    ("pg_catalog", "pg_sequences", sequences::stands),
    ("pg_catalog", "pg_settings", cluster::settings),
    ("pg_catalog", "pg_shadow", roles::shadow),
    ("pg_catalog", "pg_stat_activity", activity::sessions_of_postgres),
    ("pg_catalog", "pg_stat_column_cache", cluster::column_cache),
    ("pg_catalog", "pg_stat_all_tables", objects::table_statistics),
    ("pg_catalog", "pg_stat_database", activity::database),
    ("pg_catalog", "pg_stat_session", activity::sessions),
    ("pg_catalog", "pg_stat_user_tables", objects::table_statistics),
    ("pg_catalog", "pg_tables", objects::tables),
    ("pg_catalog", "pg_tablespace", cluster::tablespaces),
    ("pg_catalog", "pg_type", procedures::types),
    ("pg_catalog", "pg_user", roles::users),
    ("pg_catalog", "pg_views", objects::views),
    ("information_schema", "applicable_roles", roles::applicable),
    ("information_schema", "check_constraints", standard::check_constraints),
    ("information_schema", "character_sets", standard::character_sets),
    ("information_schema", "collations", standard::collations),
    ("information_schema", "columns", standard::columns),
    ("information_schema", "constraint_column_usage", standard::constraint_columns),
    ("information_schema", "element_types", standard::element_types),
    ("information_schema", "enabled_roles", roles::enabled),
    ("information_schema", "information_schema_catalog_name", standard::catalog_name),
    ("information_schema", "key_column_usage", keys::key_columns),
    ("information_schema", "parameters", standard::parameters),
    ("information_schema", "role_table_grants", roles::role_table_grants),
    ("information_schema", "routines", standard::routines),
    ("information_schema", "schemata", standard::schemata),
    ("information_schema", "sequences", sequences::standard),
    ("information_schema", "referential_constraints", references::referential_constraints),
    ("information_schema", "table_constraints", standard::table_constraints),
    ("information_schema", "table_privileges", roles::table_privileges),
    ("information_schema", "tables", standard::tables),
    ("information_schema", "views", standard::views),
];

/// The rows of a system relation, all its columns or those asked for.
pub(super) fn batch(
    relation: &'static SystemRelation,
    projection: Option<&Vec<usize>>,
    context: &Context,
) -> Result<RecordBatch> {
    let mut rows = Rows::new(relation, projection);
    if let Some(fill) = fill(relation.schema, relation.name) {
        fill(context, &mut rows);
    }
    rows.finish()
}

/// Whether a system relation never has a row, because it lists what we do not have: triggers, policies, ...
pub(super) fn is_always_empty(schema: &str, name: &str) -> bool {
    fill(schema, name).is_none()
}

/// What no relation of a database has, of what some system relations list and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Absent {
    /// Keys.
    pub keys: bool,
    /// Foreign keys.
    pub references: bool,
    /// Sequences.
    pub sequences: bool,
    /// Views of users.
    pub views: bool,
}

impl Absent {
    /// Whether a system relation has no rows because of that.
    pub(super) fn empties(self, schema: &str, name: &str) -> bool {
        match (schema, name) {
            ("pg_catalog", "pg_index" | "pg_indexes") | ("information_schema", "key_column_usage") => self.keys,
            ("information_schema", "referential_constraints") => self.references,
            ("pg_catalog", "pg_depend") => self.sequences && self.views,
            ("pg_catalog", "pg_sequence" | "pg_sequences") | ("information_schema", "sequences") => self.sequences,
            _ => false,
        }
    }
}

fn fill(schema: &str, name: &str) -> Option<Fill> {
    FILLED.iter().find(|(s, n, _)| *s == schema && *n == name).map(|(.., fill)| *fill)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::postgres::relations::definition;

    #[test]
    fn every_filled_relation_is_defined() {
        for (schema, name, _) in FILLED {
            assert!(definition(schema, name).is_some(), "{schema}.{name}");
        }
    }
}
