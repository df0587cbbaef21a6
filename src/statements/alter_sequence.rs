//! ALTER SEQUENCE of how it counts, and RESTART IDENTITY.

use super::context::Context;
use super::sequence_syntax::AlterSequence;
use super::sequences::{counting, data_type, number, owner};
use super::{names, tables};
use crate::catalog::{Block, Body, RelationRecord, Restart, Sequence};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notice, Tag};

/// What is not said of a sequence stays as it is. Where it stands changes by RESTART alone, and with the transaction.
pub(super) async fn alter(context: &Context, alter: &AlterSequence) -> Result<Tag> {
    let done = Ok(Tag::of("ALTER SEQUENCE"));
    let name = names::reference(&alter.name)?;
    let mut block = context.block().await;
    let found = block.state().find(name.schema(), name.table(), &context.search_path()).cloned();
    let Some(relation) = found else {
        let missing = names::missing(block.state(), &name);
        if alter.if_exists {
            let message = format!("{}, skipping", missing.message());
            context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
            return done;
        }
        return Err(missing);
    };
    let before = of(&relation)?;
    block.state().require_owner(context.role(), &relation)?;
    let options = &alter.options;
    let kind = match &options.data_type {
        Some(kind) => data_type(kind)?,
        None => &before.data_type,
    };
    let mut sequence = counting(kind, &options.counting, Some(before))?;
    if let Some(column) = &options.owned_by {
        if before.identity.is_some() {
            let message = "cannot change ownership of identity sequence";
            return Err(Error::new(SqlState::FeatureNotSupported, message));
        }
        sequence.owner = owner(context, &block, column)?;
    }
    match &options.restart {
        Some(with) => {
            let first = with.as_ref().map(number).transpose()?.unwrap_or(sequence.steps.start);
            require_between(first, &sequence)?;
            restart(&block, &mut sequence, first);
        }
        None => {
            let (stand, _) = context.catalog.shared().home().sequences().stand(before.counter(relation.oid));
            require_between(stand.value, &sequence)?;
        }
    }
    tables::record_of(&mut block, &relation)?.body = Body::Sequence(sequence);
    block.finish().await?;
    done
}

/// TRUNCATE ... RESTART IDENTITY: the sequences that go with the columns of a table begin again.
pub(super) fn restart_identity(block: &mut Block, table: u32) -> Result<()> {
    let relations = block.state().record.relations.iter();
    let owned = relations.filter(|relation| relation.sequence().and_then(Sequence::table) == Some(table));
    for relation in owned.cloned().collect::<Vec<_>>() {
        let mut sequence = of(&relation)?.clone();
        let first = sequence.steps.start;
        restart(block, &mut sequence, first);
        tables::record_of(block, &relation)?.body = Body::Sequence(sequence);
    }
    Ok(())
}

/// A counter of its own is what a sequence goes on with, so that the one before is there still if the change is not to be.
fn restart(block: &Block, sequence: &mut Sequence, first: i64) {
    sequence.restarted = Some(Restart { counter: block.take_oid(), first });
}

fn of(relation: &RelationRecord) -> Result<&Sequence> {
    let wrong = || Error::new(SqlState::WrongObjectType, format!("\"{}\" is not a sequence", relation.name));
    relation.sequence().ok_or_else(wrong)
}

/// 22023 where a sequence would stand beyond its bounds.
fn require_between(value: i64, sequence: &Sequence) -> Result<()> {
    let (least, most) = (sequence.steps.least, sequence.steps.most);
    let refused =
        |how: &str| Err(Error::new(SqlState::InvalidParameterValue, format!("RESTART value ({value}) {how}")));
    match value {
        value if value < least => refused(&format!("cannot be less than MINVALUE ({least})")),
        value if value > most => refused(&format!("cannot be greater than MAXVALUE ({most})")),
        _ => Ok(()),
    }
}
