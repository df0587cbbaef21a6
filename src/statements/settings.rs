//! SET, SHOW, RESET and DISCARD.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::array::StringViewArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{
    self, ContextModifier, Expr, Ident, Reset, Set, TransactionAccessMode, TransactionMode,
};

use super::context::Context;
use super::{Transaction, TransactionStatus, drop, identity, names, transaction};
use crate::config::{self, SETTINGS, Settings};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notice, Outcome, Tag};

pub(super) fn set(context: &Context, set: &Set) -> Result<Outcome> {
    match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let name = names::parts(variable)?.join(".");
            let local = matches!(scope, Some(ContextModifier::Local));
            assign(context, &name, values, local)?;
        }
        Set::SetTimeZone { local, value } => assign(context, "TimeZone", std::slice::from_ref(value), *local)?,
        Set::SetNames { charset_name, .. } => assign_text(context, "client_encoding", &charset_name.value, false)?,
        Set::SetNamesDefault {} => write(context).reset("client_encoding")?,
        Set::SetTransaction { modes, session: true, .. } => {
            for mode in modes {
                let (name, value) = default_of(mode);
                assign_text(context, name, &value, false)?;
            }
        }
        Set::SetRole { context_modifier, role_name } => {
            identity::set_role(context, *context_modifier, role_name.as_ref())?;
        }
        Set::SetSessionAuthorization(to) => identity::set_session(context, to)?,
        Set::SetTransaction { snapshot: Some(_), .. } => return Err(Error::unsupported("SET TRANSACTION SNAPSHOT")),
        Set::SetTransaction { modes, .. } => {
            if context.transaction().status() == TransactionStatus::Idle {
                let message = "SET TRANSACTION can only be used in transaction blocks";
                context.notice(Notice::warning(SqlState::NoActiveSqlTransaction, message));
            }
            transaction::set_modes(context, modes)?
        }
        other => return Err(Error::unsupported(other)),
    }
    Ok(Outcome::Done(Tag::of("SET")))
}

pub(super) fn reset(context: &Context, reset: &Reset) -> Result<Outcome> {
    match reset {
        Reset::ALL => write(context).reset_all(),
        Reset::ConfigurationParameter(name) if names::parts(name)? == ["role"] => {
            identity::set_role(context, None, None)?;
        }
        Reset::ConfigurationParameter(name) => write(context).reset(&names::parts(name)?.join("."))?,
    }
    Ok(Outcome::Done(Tag::of("RESET")))
}

/// The setting that new transactions take a mode from.
fn default_of(mode: &TransactionMode) -> (&'static str, String) {
    match mode {
        TransactionMode::IsolationLevel(level) => ("default_transaction_isolation", level.to_string().to_lowercase()),
        TransactionMode::AccessMode(access) => {
            let read_only = *access == TransactionAccessMode::ReadOnly;
            ("default_transaction_read_only", if read_only { "on" } else { "off" }.to_owned())
        }
    }
}

/// DISCARD: with ALL the session is as new, which poolers count on.
pub(super) async fn discard(context: &Context, object: ast::DiscardObject) -> Result<Outcome> {
    let tag = match object {
        ast::DiscardObject::ALL => {
            context.transaction().admit_alone("DISCARD ALL")?;
            drop::drop_temporary(context).await?;
            identity::reset_session(context);
            write(context).reset_all();
            context.objects.discard();
            "DISCARD ALL"
        }
        ast::DiscardObject::PLANS => "DISCARD PLANS",
        ast::DiscardObject::SEQUENCES => "DISCARD SEQUENCES",
        ast::DiscardObject::TEMP => {
            drop::drop_temporary(context).await?;
            "DISCARD TEMP"
        }
    };
    Ok(Outcome::Done(Tag::of(tag)))
}

/// `SET CONSTRAINTS`: each is checked as rows are written, and none is deferrable.
pub(super) fn set_constraints(context: &Context) -> Outcome {
    if context.transaction().status() == TransactionStatus::Idle {
        let message = "SET CONSTRAINTS can only be used in transaction blocks";
        context.notice(Notice::warning(SqlState::NoActiveSqlTransaction, message));
    }
    Outcome::Done(Tag::of("SET CONSTRAINTS"))
}

/// The columns of SHOW's answer.
pub(super) fn show_schema(variable: &[Ident]) -> Result<SchemaRef> {
    let text = |name: &str| Field::new(name, DataType::Utf8View, false);
    let fields = match shown(variable)? {
        Some(setting) => vec![text(setting.name)],
        None => vec![text("name"), text("setting"), text("description")],
    };
    Ok(Arc::new(Schema::new(fields)))
}

pub(super) fn show(context: &Context, variable: &[Ident]) -> Result<Outcome> {
    let schema = show_schema(variable)?;
    let settings = context.settings.read().unwrap_or_else(PoisonError::into_inner);
    let value = |name: &str| settings.get(name).unwrap_or_default().to_owned();
    let columns: Vec<StringViewArray> = match shown(variable)? {
        Some(setting) => vec![StringViewArray::from_iter_values([value(setting.name)])],
        None => vec![
            StringViewArray::from_iter_values(SETTINGS.iter().map(|s| s.name)),
            StringViewArray::from_iter_values(SETTINGS.iter().map(|s| value(s.name))),
            StringViewArray::from_iter_values(SETTINGS.iter().map(|s| s.about)),
        ],
    };
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|c| Arc::new(c) as _).collect())?;
    Ok(Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter([Ok(batch)])))))
}

/// The setting SHOW names; `None` for ALL. `SHOW TRANSACTION ISOLATION LEVEL` is Postgres' own spelling of one.
fn shown(variable: &[Ident]) -> Result<Option<&'static config::Setting>> {
    let words: Vec<String> = variable.iter().map(|ident| ident.value.to_lowercase()).collect();
    if words == ["all"] {
        return Ok(None);
    }
    let found = match words.join(" ").as_str() {
        "transaction isolation level" => config::find("transaction_isolation"),
        "session authorization" => config::find("session_authorization"),
        spaced => config::find(&words.join(".")).or_else(|| config::find(spaced)),
    };
    found.map(Some).ok_or_else(|| {
        let message = format!("unrecognized configuration parameter \"{}\"", words.join("."));
        Error::new(SqlState::UndefinedObject, message).with_hint("SHOW ALL lists the settings")
    })
}

fn assign(context: &Context, name: &str, values: &[Expr], local: bool) -> Result<()> {
    if let [Expr::Identifier(ident)] = values
        && ident.quote_style.is_none()
        && (ident.value.eq_ignore_ascii_case("default")
            || name == "TimeZone" && ident.value.eq_ignore_ascii_case("local"))
    {
        return assign_value(context, name, None, local);
    }
    let values: Vec<String> = values.iter().map(text).collect::<Result<_>>()?;
    assign_text(context, name, &values.join(", "), local)
}

fn assign_text(context: &Context, name: &str, value: &str, local: bool) -> Result<()> {
    assign_value(context, name, Some(value), local)
}

fn assign_value(context: &Context, name: &str, value: Option<&str>, local: bool) -> Result<()> {
    if !set_config(&context.settings, &context.transaction, name, value, local)? && local {
        let message = "SET LOCAL can only be used in transaction blocks";
        context.notice(Notice::warning(SqlState::NoActiveSqlTransaction, message));
    }
    Ok(())
}

/// Sets a setting, or resets it where no value is given. `local`: up to the end of the transaction, as its modes always are; without
/// one nothing is set, which is told by false, but what is wrong is an error all the same.
pub(crate) fn set_config(
    settings: &RwLock<Settings>,
    transaction: &Mutex<Transaction>,
    name: &str,
    value: Option<&str>,
    local: bool,
) -> Result<bool> {
    let local = local || config::default_of_mode(&name.to_ascii_lowercase()).is_some();
    let stays = !local || transaction.lock().unwrap_or_else(PoisonError::into_inner).set_locally(name);
    let mut settings = settings.write().unwrap_or_else(PoisonError::into_inner);
    let mut passing = (!stays).then(|| settings.clone());
    let settings = passing.as_mut().unwrap_or(&mut settings);
    match value {
        Some(value) => settings.set(name, value)?,
        None => settings.reset(name)?,
    }
    Ok(stays)
}

/// A value as text: words and strings as they are, numbers as written.
fn text(value: &Expr) -> Result<String> {
    match value {
        Expr::Identifier(ident) => Ok(match ident.quote_style {
            Some(quote) => format!("{quote}{}{quote}", ident.value),
            None => ident.value.clone(),
        }),
        Expr::Value(value) => Ok(match &value.value {
            ast::Value::SingleQuotedString(text) => text.clone(),
            other => other.to_string(),
        }),
        Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => Ok(format!("-{}", text(expr)?)),
        Expr::Interval(interval) => text(&interval.value),
        other => Err(Error::new(SqlState::SyntaxError, format!("SET takes a constant, got {other}"))),
    }
}

fn write(context: &Context) -> std::sync::RwLockWriteGuard<'_, Settings> {
    context.settings.write().unwrap_or_else(PoisonError::into_inner)
}
