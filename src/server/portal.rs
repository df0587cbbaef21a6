//! Prepared statements and portals of a connection.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::scalar::ScalarValue;

use super::codec::{Format, ParameterType};
use super::rows::{Columns, Rows};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Prepared;

/// The name of the statement and of the portal that the next one replaces.
const UNNAMED: &str = "";

/// A statement that Parse made.
pub(super) struct Statement {
    /// `None` for an empty statement.
    pub prepared: Option<Prepared>,
    /// The types of its parameters.
    pub parameters: Vec<ParameterType>,
    /// The columns of its rows; `None` where it answers with a tag alone.
    pub columns: Option<Columns>,
}

/// A statement with its values.
pub(super) struct Portal {
    /// What it runs.
    pub statement: Arc<Statement>,
    /// A value for each parameter.
    pub values: Vec<ScalarValue>,
    /// A format for each column.
    pub formats: Vec<Format>,
    /// How far it has run.
    pub progress: Progress,
}

/// How far a portal has run.
pub(super) enum Progress {
    /// Not at all.
    Bound,
    /// Rows are still to come.
    Suspended(Rows),
    /// To its end.
    Finished,
}

/// The prepared statements and portals of a connection, by name.
#[derive(Default)]
pub(super) struct Portals {
    statements: HashMap<String, Arc<Statement>>,
    portals: HashMap<String, Portal>,
}

impl Portals {
    /// Refuses a name that is taken: 42P05.
    pub fn check_statement_name(&self, name: &str) -> Result<()> {
        if name != UNNAMED && self.statements.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Error::new(SqlState::DuplicatePreparedStatement, message));
        }
        Ok(())
    }

    /// Keeps a statement under a name.
    pub fn add_statement(&mut self, name: &str, statement: Statement) {
        self.statements.insert(name.to_owned(), Arc::new(statement));
    }

    /// The statement of a name; 26000 where there is none.
    pub fn statement(&self, name: &str) -> Result<&Arc<Statement>> {
        self.statements.get(name).ok_or_else(|| {
            let message = match name {
                UNNAMED => "unnamed prepared statement does not exist".to_owned(),
                _ => format!("prepared statement \"{name}\" does not exist"),
            };
            Error::new(SqlState::InvalidStatementName, message)
        })
    }

    /// Forgets a statement; portals made of it live on.
    pub fn close_statement(&mut self, name: &str) {
        self.statements.remove(name);
    }

    /// Keeps a portal under a name; 42P03 for a name that is taken.
    pub fn add_portal(&mut self, name: &str, portal: Portal) -> Result<()> {
        if name != UNNAMED && self.portals.contains_key(name) {
            let message = format!("cursor \"{name}\" already exists");
            return Err(Error::new(SqlState::DuplicateCursor, message));
        }
        self.portals.insert(name.to_owned(), portal);
        Ok(())
    }

    /// The portal of a name; 34000 where there is none.
    pub fn portal(&mut self, name: &str) -> Result<&mut Portal> {
        let missing = || Error::new(SqlState::InvalidCursorName, format!("portal \"{name}\" does not exist"));
        self.portals.get_mut(name).ok_or_else(missing)
    }

    /// Forgets a portal and stops its query.
    pub fn close_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    /// Forgets every portal, as the end of a transaction does.
    pub fn close_portals(&mut self) {
        self.portals.clear();
    }

    /// Forgets the unnamed statement and portal, as a simple query does.
    pub fn close_unnamed(&mut self) {
        self.close_statement(UNNAMED);
        self.close_portal(UNNAMED);
    }
}
