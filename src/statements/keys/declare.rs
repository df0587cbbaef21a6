//! What statements say of keys, and what keys are called where nobody says.

use arrow::datatypes::Schema;
use datafusion::sql::sqlparser::ast::{
    self, ColumnOption, ConstraintCharacteristics, DeferrableInitial, IndexColumn, NullsDistinctOption, TableConstraint,
};

use super::super::names;
use crate::catalog::{Check, Key, KeyKind, Record};
use crate::error::{Error, Result, SqlState};

/// A key as a statement declares it.
#[derive(Debug)]
pub(super) struct Declaration {
    pub name: Option<String>,
    pub kind: KeyKind,
    pub columns: Vec<String>,
    pub nulls_alike: bool,
}

/// Whether a table constraint is a key.
pub(in crate::statements) fn is_key(constraint: &TableConstraint) -> bool {
    matches!(constraint, TableConstraint::PrimaryKey(_) | TableConstraint::Unique(_))
}

/// The keys of a new table with these columns, the primary one first. As in Postgres, UNIQUE of what is a key already adds
/// nothing but its name.
pub(in crate::statements) fn declared(
    record: &Record,
    [schema, table]: [&str; 2],
    create: &ast::CreateTable,
    columns: &Schema,
    checks: &[Check],
) -> Result<Vec<Key>> {
    let mut declarations: Vec<Declaration> = vec![];
    let of_columns = create.columns.iter().flat_map(|column| {
        column.options.iter().filter_map(|option| of_column(column, option.name.as_ref(), &option.option).transpose())
    });
    let of_table = create.constraints.iter().filter(|constraint| is_key(constraint)).map(of_constraint);
    for declaration in of_columns.chain(of_table) {
        let declaration = declaration?;
        if declaration.kind == KeyKind::Primary && declarations.iter().any(|known| known.kind == KeyKind::Primary) {
            return Err(several_primary(table));
        }
        declarations.push(declaration);
    }
    declarations.sort_by_key(|declaration| declaration.kind);
    let mut distinct: Vec<Declaration> = vec![];
    for declaration in declarations {
        let same = |known: &&mut Declaration| {
            (&known.columns, known.nulls_alike) == (&declaration.columns, declaration.nulls_alike)
        };
        match distinct.iter_mut().find(same) {
            Some(known) => known.name = known.name.take().or(declaration.name),
            None => distinct.push(declaration),
        }
    }
    let mut keys: Vec<Key> = vec![];
    for declaration in distinct {
        let named =
            |name: &str| name == table || record.is_taken(schema, name) || keys.iter().any(|key| key.name == name);
        let key = declaration.key(table, columns, &named, checks)?;
        keys.push(key);
    }
    Ok(keys)
}

/// What an option of a column declares, if it is a key.
pub(super) fn of_column(
    column: &ast::ColumnDef,
    name: Option<&ast::Ident>,
    option: &ColumnOption,
) -> Result<Option<Declaration>> {
    let (kind, nulls, characteristics) = match option {
        ColumnOption::PrimaryKey(key) => (KeyKind::Primary, NullsDistinctOption::None, &key.characteristics),
        ColumnOption::Unique(key) => (KeyKind::Unique, key.nulls_distinct, &key.characteristics),
        _ => return Ok(None),
    };
    refuse_deferred(characteristics)?;
    Ok(Some(Declaration {
        name: name.map(names::fold),
        kind,
        columns: vec![names::fold(&column.name)],
        nulls_alike: matches!(nulls, NullsDistinctOption::NotDistinct),
    }))
}

/// What a table constraint declares, which is a key.
pub(super) fn of_constraint(constraint: &TableConstraint) -> Result<Declaration> {
    let (name, kind, columns, nulls_alike, characteristics) = match constraint {
        TableConstraint::PrimaryKey(key) => (&key.name, KeyKind::Primary, &key.columns, false, &key.characteristics),
        TableConstraint::Unique(key) => {
            let nulls_alike = matches!(key.nulls_distinct, NullsDistinctOption::NotDistinct);
            (&key.name, KeyKind::Unique, &key.columns, nulls_alike, &key.characteristics)
        }
        other => return Err(Error::unsupported(format!("table constraint {other}"))),
    };
    refuse_deferred(characteristics)?;
    Ok(Declaration { name: name.as_ref().map(names::fold), kind, columns: columns_of(columns)?, nulls_alike })
}

/// What CREATE UNIQUE INDEX declares.
pub(super) fn of_index(create: &ast::CreateIndex) -> Result<Declaration> {
    let refused = [
        (!create.unique, "CREATE INDEX"),
        (create.predicate.is_some(), "an index of some rows"),
        (!create.include.is_empty(), "CREATE INDEX ... INCLUDE"),
        (!create.with.is_empty() || !create.index_options.is_empty(), "an option of an index"),
        (create.using.as_ref().is_some_and(|kind| !matches!(kind, ast::IndexType::BTree)), "an index other than btree"),
    ];
    if let Some((_, what)) = refused.iter().find(|(given, _)| *given) {
        let hint = "files are skipped by their bounds; CREATE UNIQUE INDEX makes a key";
        return Err(Error::unsupported(what).with_hint(hint));
    }
    let name = create.name.as_ref().map(|name| names::parts(name).map(|mut parts| parts.pop().unwrap_or_default()));
    Ok(Declaration {
        name: name.transpose()?,
        kind: KeyKind::Index,
        columns: columns_of(&create.columns)?,
        nulls_alike: create.nulls_distinct == Some(false),
    })
}

fn columns_of(columns: &[IndexColumn]) -> Result<Vec<String>> {
    let column = |column: &IndexColumn| match (&column.column.expr, &column.operator_class) {
        (ast::Expr::Identifier(name), None) => Ok(names::fold(name)),
        _ => Err(Error::unsupported(format!("a key of {column}")).with_hint("a key is made of columns")),
    };
    columns.iter().map(column).collect()
}

fn refuse_deferred(characteristics: &Option<ConstraintCharacteristics>) -> Result<()> {
    match characteristics {
        Some(given) if given.deferrable == Some(true) || given.initially == Some(DeferrableInitial::Deferred) => {
            Err(Error::unsupported("a DEFERRABLE key"))
        }
        _ => Ok(()),
    }
}

impl Declaration {
    /// The key that it makes of a table; `is_taken` says which names others have.
    pub fn key(self, table: &str, columns: &Schema, is_taken: &dyn Fn(&str) -> bool, checks: &[Check]) -> Result<Key> {
        let kind = match self.kind {
            KeyKind::Primary => "primary key",
            KeyKind::Unique | KeyKind::Index => "unique",
        };
        for (at, column) in self.columns.iter().enumerate() {
            if columns.field_with_name(column).is_err() {
                let message = match self.kind {
                    KeyKind::Index => format!("column \"{column}\" does not exist"),
                    _ => format!("column \"{column}\" named in key does not exist"),
                };
                return Err(Error::new(SqlState::UndefinedColumn, message));
            }
            if self.columns[..at].contains(column) {
                let message = format!("column \"{column}\" appears twice in {kind} constraint");
                return Err(Error::new(SqlState::DuplicateColumn, message));
            }
        }
        let is_check = |name: &str| checks.iter().any(|check| check.name == name);
        let name = match &self.name {
            Some(name) if is_taken(name) => {
                let message = format!("relation \"{name}\" already exists");
                return Err(Error::new(SqlState::DuplicateTable, message));
            }
            Some(name) if is_check(name) && self.kind != KeyKind::Index => {
                let message = format!("constraint \"{name}\" for relation \"{table}\" already exists");
                return Err(Error::new(SqlState::DuplicateObject, message));
            }
            Some(name) => name.clone(),
            None => self.free_name(table, |name| is_taken(name) || is_check(name)),
        };
        Ok(Key { name, kind: self.kind, columns: self.columns, nulls_alike: self.nulls_alike })
    }

    /// `t_pkey`, `t_a_b_key`, `t_a_b_idx`, with the first number behind it that makes it free.
    fn free_name(&self, table: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let base = match self.kind {
            KeyKind::Primary => format!("{table}_pkey"),
            KeyKind::Unique => format!("{table}_{}_key", self.columns.join("_")),
            KeyKind::Index => format!("{table}_{}_idx", self.columns.join("_")),
        };
        let numbered = (1..).map(|n| format!("{base}{n}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        names.find(|name| !is_taken(name)).expect("the numbers do not end")
    }
}

/// 42P16.
pub(super) fn several_primary(table: &str) -> Error {
    let message = format!("multiple primary keys for table \"{table}\" are not allowed");
    Error::new(SqlState::InvalidTableDefinition, message)
}
