//! CREATE SEQUENCE, and the sequences that columns bring along: SERIAL and GENERATED ... AS IDENTITY.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast::{self, ColumnOption, GeneratedAs, ObjectName, SequenceOptions};

use super::context::Context;
use super::overriding_syntax::Overriding;
use super::{defaults, names, tables};
use crate::catalog::{Access, Block, Body, Privilege, RelationRecord, Resolver, Sequence};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notice, Tag};
use crate::storage::Steps;

/// The types of columns that count, each with the type that it stands for.
const SERIAL: [(&str, &str); 6] = [
    ("serial", "integer"),
    ("serial4", "integer"),
    ("bigserial", "bigint"),
    ("serial8", "bigint"),
    ("smallserial", "smallint"),
    ("serial2", "smallint"),
];

/// Sequences by object id, each with the column that it goes with.
type Owned = Vec<(u32, String)>;

/// CREATE SEQUENCE.
pub(super) async fn create(context: &Context, statement: &ast::Statement) -> Result<Tag> {
    let ast::Statement::CreateSequence { temporary, if_not_exists, name, data_type, sequence_options, owned_by } =
        statement
    else {
        return Err(Error::internal("a CREATE SEQUENCE that is none"));
    };
    let done = Ok(Tag::of("CREATE SEQUENCE"));
    let kind = data_type.as_ref().map(self::data_type).transpose()?.unwrap_or("bigint");
    let mut sequence = counting(kind, sequence_options, None)?;
    let mut block = context.block().await;
    let (schema, name) = names::new_relation(context, &mut block, name, *temporary)?;
    block.require_schema(&schema)?;
    block.state().require_in_schema(context.role(), Privilege::Create, &schema)?;
    if *if_not_exists && block.state().record.is_taken(&schema, &name) {
        let message = format!("relation \"{name}\" already exists, skipping");
        context.notice(Notice::information(SqlState::DuplicateTable, message));
        return done;
    }
    sequence.owner = owned_by.as_ref().map(|column| owner(context, &block, column)).transpose()?.flatten();
    add(context, &mut block, &schema, name, sequence)?;
    block.finish().await?;
    done
}

/// The type that AS names.
pub(super) fn data_type(written: &ast::DataType) -> Result<&'static str> {
    counted_in(written).ok_or_else(|| {
        Error::new(SqlState::InvalidParameterValue, "sequence type must be smallint, integer, or bigint")
    })
}

fn counted_in(data_type: &ast::DataType) -> Option<&'static str> {
    match data_type {
        ast::DataType::BigInt(_) | ast::DataType::Int8(_) => Some("bigint"),
        ast::DataType::Int(_) | ast::DataType::Integer(_) | ast::DataType::Int4(_) => Some("integer"),
        ast::DataType::SmallInt(_) | ast::DataType::Int2(_) => Some("smallint"),
        _ => None,
    }
}

/// What OWNED BY names; none for NONE.
pub(super) fn owner(context: &Context, block: &Block, column: &ObjectName) -> Result<Option<(u32, String)>> {
    let mut parts = names::parts(column)?;
    let column = parts.pop().unwrap_or_default();
    if parts.is_empty() && column == "none" {
        return Ok(None);
    }
    let path = context.search_path();
    let table = match parts.as_slice() {
        [table] => block.state().find(None, table, &path),
        [.., schema, table] => block.state().find(Some(schema), table, &path),
        [] => {
            let error = Error::new(SqlState::SyntaxError, "invalid OWNED BY option");
            return Err(error.with_hint("Specify OWNED BY table.column or OWNED BY NONE."));
        }
    };
    let missing = || Error::new(SqlState::UndefinedTable, format!("relation \"{}\" does not exist", parts.join(".")));
    let table = table.ok_or_else(missing)?;
    let schema = block.at(&tables::table_of(block, table)?)?.schema().clone();
    if schema.field_with_name(&column).is_err() {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name);
        return Err(Error::new(SqlState::UndefinedColumn, message));
    }
    Ok(Some((table.oid, column)))
}

/// The least and the greatest value of a type.
fn bounds(data_type: &str) -> (i64, i64) {
    match data_type {
        "smallint" => (i16::MIN.into(), i16::MAX.into()),
        "integer" => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    }
}

/// A sequence of a type and some options. What they leave open is as it was before, but for bounds that were those of another type.
pub(super) fn counting(data_type: &str, options: &[SequenceOptions], before: Option<&Sequence>) -> Result<Sequence> {
    let (lowest, highest) = bounds(data_type);
    let was = before.map(|before| before.steps);
    let refused = |message: String| Err(Error::new(SqlState::InvalidParameterValue, message));
    let (mut increment, mut cycle) = was.map_or((1, false), |was| (was.increment, was.cycle));
    let mut cache = before.map_or(1, |before| before.cache);
    let (mut least, mut most, mut start) = (None, None, None);
    for option in options {
        match option {
            SequenceOptions::IncrementBy(value, _) => increment = number(value)?,
            SequenceOptions::MinValue(value) => least = Some(value.as_ref().map(number).transpose()?),
            SequenceOptions::MaxValue(value) => most = Some(value.as_ref().map(number).transpose()?),
            SequenceOptions::StartWith(value, _) => start = Some(number(value)?),
            SequenceOptions::Cache(value) => cache = number(value)?,
            SequenceOptions::Cycle(no) => cycle = !no,
        }
    }
    if increment == 0 {
        return refused("INCREMENT must not be zero".to_owned());
    }
    if cache < 1 {
        return refused(format!("CACHE ({cache}) must be greater than zero"));
    }
    let ascends = increment > 0;
    let other_type = before.filter(|before| before.data_type != data_type).map(|before| bounds(&before.data_type));
    let lowers = other_type.is_some_and(|(lowest, _)| was.is_some_and(|was| was.least == lowest));
    let raises = other_type.is_some_and(|(_, highest)| was.is_some_and(|was| was.most == highest));
    let least = match (least, was) {
        (Some(Some(least)), _) => least,
        (None, Some(was)) if !lowers => was.least,
        _ if ascends && !lowers => 1,
        _ => lowest,
    };
    let most = match (most, was) {
        (Some(Some(most)), _) => most,
        (None, Some(was)) if !raises => was.most,
        _ if ascends || raises => highest,
        _ => -1,
    };
    for (what, value) in [("MINVALUE", least), ("MAXVALUE", most)] {
        if !(lowest..=highest).contains(&value) {
            return refused(format!("{what} ({value}) is out of range for sequence data type {data_type}"));
        }
    }
    if least >= most {
        return refused(format!("MINVALUE ({least}) must be less than MAXVALUE ({most})"));
    }
    let start = start.or(was.map(|was| was.start)).unwrap_or(if ascends { least } else { most });
    if start < least {
        return refused(format!("START value ({start}) cannot be less than MINVALUE ({least})"));
    }
    if start > most {
        return refused(format!("START value ({start}) cannot be greater than MAXVALUE ({most})"));
    }
    let steps = Steps { start, increment, least, most, cycle };
    let new = Sequence { data_type: String::new(), steps, cache, owner: None, identity: None, restarted: None };
    let before = before.cloned().unwrap_or(new);
    Ok(Sequence { data_type: data_type.to_owned(), steps, cache, ..before })
}

pub(super) fn number(value: &ast::Expr) -> Result<i64> {
    let text = value.to_string().replace(' ', "");
    text.parse().map_err(|_| Error::new(SqlState::SyntaxError, format!("\"{value}\" is not a whole number")))
}

/// Adds a sequence and gives its object id.
fn add(context: &Context, block: &mut Block, schema: &str, name: String, sequence: Sequence) -> Result<u32> {
    let relation = RelationRecord {
        oid: 0,
        schema: schema.to_owned(),
        name: name.clone(),
        comment: None,
        column_comments: BTreeMap::new(),
        access: Access::of(context.role()),
        body: Body::Sequence(sequence),
    };
    block.add(relation, None)?;
    let added = block.state().record.relation(schema, &name);
    added.map(|added| added.oid).ok_or_else(|| Error::internal("a sequence vanished from its own change"))
}

/// Makes the sequences that the columns of a new table bring along, and gives the columns as if they had been written out: `serial`
/// is an integer, NOT NULL, with the next number as its default. Which sequence goes with which column comes beside.
pub(super) fn written_out(
    context: &Context,
    block: &mut Block,
    [schema, table]: [&str; 2],
    columns: &[ast::ColumnDef],
) -> Result<(Vec<ast::ColumnDef>, Owned)> {
    let (mut plain, mut made) = (columns.to_vec(), vec![]);
    for column in &mut plain {
        let name = names::fold(&column.name);
        let Some(sequence) = brought_by(column)? else { continue };
        let base = format!("{table}_{name}_seq");
        let numbered = (1..).map(|n| format!("{base}{n}"));
        let mut free = std::iter::once(base.clone()).chain(numbered);
        let free = free.find(|name| !block.state().record.is_taken(schema, name)).expect("the numbers do not end");
        let oid = add(context, block, schema, free, sequence)?;
        column.options.retain(|option| !matches!(option.option, ColumnOption::Generated { .. }));
        let next = defaults::parse(&format!("nextval({oid})"))?;
        for option in [ColumnOption::NotNull, ColumnOption::Default(next)] {
            column.options.push(ast::ColumnOptionDef { name: None, option });
        }
        made.push((oid, name));
    }
    Ok((plain, made))
}

/// The sequence that a column brings along, if it does; its type is then the one that it counts in.
fn brought_by(column: &mut ast::ColumnDef) -> Result<Option<Sequence>> {
    let has_default = column.options.iter().any(|option| matches!(option.option, ColumnOption::Default(_)));
    let several = |what: &str| {
        let message = format!("{what} specified for column \"{}\"", names::fold(&column.name));
        Err(Error::new(SqlState::SyntaxError, message))
    };
    let identity = column.options.iter().find_map(|option| match &option.option {
        ColumnOption::Generated { generated_as, sequence_options, generation_expr: None, .. } => {
            Some((matches!(generated_as, GeneratedAs::Always), sequence_options.clone().unwrap_or_default()))
        }
        _ => None,
    });
    let written = column.data_type.to_string().to_lowercase();
    let serial = SERIAL.iter().find(|(name, _)| *name == written).map(|(_, stands_for)| *stands_for);
    match (serial, identity) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => several("both serial and identity"),
        _ if has_default => several("multiple default values"),
        (Some(kind), None) => {
            column.data_type = match kind {
                "smallint" => ast::DataType::SmallInt(None),
                "integer" => ast::DataType::Integer(None),
                _ => ast::DataType::BigInt(None),
            };
            counting(kind, &[], None).map(Some)
        }
        (None, Some((always, options))) => {
            let wrong = "identity column type must be smallint, integer, or bigint";
            let kind = counted_in(&column.data_type).ok_or(Error::new(SqlState::InvalidParameterValue, wrong))?;
            Ok(Some(Sequence { identity: Some(always), ..counting(kind, &options, None)? }))
        }
    }
}

/// Says which columns of a table sequences go with.
pub(super) fn own(block: &mut Block, table: u32, made: Owned) {
    for (oid, column) in made {
        let mut relations = block.state_mut().record.relations.iter_mut();
        if let Some(RelationRecord { body: Body::Sequence(sequence), .. }) = relations.find(|known| known.oid == oid) {
            sequence.owner = Some((table, column));
        }
    }
}

/// Follows a column of a table to its new name, or takes the sequences that go with it out.
pub(super) fn follow(block: &mut Block, table: u32, column: &str, new: Option<&str>) {
    let is_own =
        |relation: &RelationRecord| goes_with(relation).is_some_and(|(oid, name)| *oid == table && name == column);
    let Some(new) = new else { return take_out(block, is_own) };
    if !block.state().record.relations.iter().any(is_own) {
        return;
    }
    for relation in block.state_mut().record.relations.iter_mut().filter(|relation| is_own(relation)) {
        if let Body::Sequence(Sequence { owner: Some((_, name)), .. }) = &mut relation.body {
            *name = new.to_owned();
        }
    }
}

/// Takes the sequences out that go with a table.
pub(super) fn leave(block: &mut Block, table: u32) {
    take_out(block, |relation| goes_with(relation).is_some_and(|(oid, _)| *oid == table));
}

/// The table and its column that a relation goes with, if it is a sequence that does.
fn goes_with(relation: &RelationRecord) -> Option<&(u32, String)> {
    relation.sequence()?.owner.as_ref()
}

/// A block that has nothing to take out stays as it is.
fn take_out(block: &mut Block, is_own: impl Fn(&RelationRecord) -> bool) {
    if block.state().record.relations.iter().any(&is_own) {
        block.state_mut().record.relations.retain(|relation| !is_own(relation));
    }
}

/// The tables and columns whose defaults count a sequence.
pub(super) fn counted_by(block: &Block, sequence: u32) -> Vec<(RelationRecord, String)> {
    let next = format!("nextval({sequence})");
    let of = |relation: &RelationRecord| match &relation.body {
        Body::Table { defaults, .. } => {
            let columns = defaults.iter().filter(|(_, default)| **default == next);
            columns.map(|(column, _)| (relation.clone(), column.clone())).collect()
        }
        _ => vec![],
    };
    block.state().record.relations.iter().flat_map(of).collect()
}

/// Whether a column is an identity.
pub(super) fn is_identity(resolver: &Resolver<'_>, relation: &RelationRecord, column: &str) -> bool {
    resolver.moment().state.record.identity(relation.oid, column).is_some()
}

/// 428C9 where a statement gives a value to a column that is GENERATED ALWAYS, without saying that it means to.
pub(super) fn refuse_given(
    resolver: &Resolver<'_>,
    relation: &RelationRecord,
    overriding: Option<Overriding>,
    columns: impl Iterator<Item = String>,
) -> Result<()> {
    if overriding.is_some() {
        return Ok(());
    }
    for column in columns {
        if resolver.moment().state.record.identity(relation.oid, &column) == Some(true) {
            let message = format!("cannot insert a non-DEFAULT value into column \"{column}\"");
            let detail = format!("Column \"{column}\" is an identity column defined as GENERATED ALWAYS.");
            return Err(Error::new(SqlState::GeneratedAlways, message)
                .with_detail(detail)
                .with_hint("Use OVERRIDING SYSTEM VALUE to override."));
        }
    }
    Ok(())
}
