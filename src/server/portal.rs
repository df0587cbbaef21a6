//! What a client is told of a prepared statement, and reads of a portal.

use super::codec::{Format, ParameterType};
use super::rows::Columns;
use crate::error::{Error, Result, SqlState};
use crate::outcome::Prepared;
use crate::session::Session;
use crate::statements::PreparedStatement;

/// A prepared statement as the wire knows it.
pub(super) struct Described {
    /// The statement; `None` for an empty text.
    pub prepared: Option<Prepared>,
    /// The types of its parameters.
    pub parameters: Vec<ParameterType>,
    /// The columns of its rows; `None` where it answers with a tag alone.
    pub columns: Option<Columns>,
}

impl Described {
    /// A statement as of now: the columns of a FETCH are those of its cursor.
    pub fn of(statement: &PreparedStatement, session: &Session) -> Result<Self> {
        let prepared = statement.prepared.clone().map(|prepared| session.as_of_now(prepared));
        let inferred = prepared.as_ref().map_or(&[][..], Prepared::parameters);
        // A client may declare more parameters than the statement uses; it will bind as many.
        let count = inferred.len().max(statement.declared.len());
        let parameters = (0..count).map(|at| {
            let declared = statement.declared.get(at).copied().unwrap_or_default();
            ParameterType::of(declared, inferred.get(at).and_then(Option::as_deref))
        });
        let parameters = parameters.collect::<Result<_>>()?;
        let columns = prepared.as_ref().and_then(Prepared::schema).map(|schema| Columns::of(schema)).transpose()?;
        Ok(Self { prepared, parameters, columns })
    }
}

/// A format for each value: none given means text, one given counts for all.
pub(super) fn formats(codes: &[i16], count: usize, what: &str) -> Result<Vec<Format>> {
    match codes {
        [] => Ok(vec![Format::Text; count]),
        [code] => Ok(vec![Format::try_from(*code)?; count]),
        codes if codes.len() == count => codes.iter().map(|code| Format::try_from(*code)).collect(),
        codes => {
            let text = format!("bind message has {} {what} formats but {count} {what}s", codes.len());
            Err(Error::new(SqlState::ProtocolViolation, text))
        }
    }
}

/// The formats of a portal's columns.
pub(super) fn formats_of(binary: &[bool]) -> Vec<Format> {
    binary.iter().map(|binary| if *binary { Format::Binary } else { Format::Text }).collect()
}
