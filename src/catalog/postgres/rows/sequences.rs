//! Sequences, and where they stand.

use super::{Context, Rows};
use crate::catalog::postgres::types;

/// `pg_sequence`.
pub(super) fn sequences(context: &Context, rows: &mut Rows) {
    for (relation, sequence) in context.listing.sequences() {
        rows.push([
            ("seqrelid", relation.oid.into()),
            ("seqtypid", types::by_name(&sequence.data_type).map_or(0, |of| of.oid).into()),
            ("seqstart", sequence.steps.start.into()),
            ("seqincrement", sequence.steps.increment.into()),
            ("seqmax", sequence.steps.most.into()),
            ("seqmin", sequence.steps.least.into()),
            ("seqcache", sequence.cache.into()),
            ("seqcycle", sequence.steps.cycle.into()),
        ]);
    }
}

/// `pg_sequences`: the number given out last is NULL where none was.
pub(super) fn stands(context: &Context, rows: &mut Rows) {
    for (relation, sequence) in context.listing.sequences() {
        let stand = context.session.sequences().map(|sequences| sequences.stand(relation.oid, sequence).0);
        rows.push([
            ("schemaname", (&relation.schema).into()),
            ("sequencename", (&relation.name).into()),
            ("sequenceowner", context.listing.roles.name(relation.access.owner).into()),
            ("data_type", types::by_name(&sequence.data_type).map_or(0, |of| of.oid).into()),
            ("start_value", sequence.steps.start.into()),
            ("min_value", sequence.steps.least.into()),
            ("max_value", sequence.steps.most.into()),
            ("increment_by", sequence.steps.increment.into()),
            ("cycle", sequence.steps.cycle.into()),
            ("cache_size", sequence.cache.into()),
            ("last_value", stand.filter(|stand| stand.is_called).map(|stand| stand.value).into()),
        ]);
    }
}

/// `information_schema.sequences`, without those of identities.
pub(super) fn standard(context: &Context, rows: &mut Rows) {
    for (relation, sequence) in context.listing.sequences().filter(|(_, sequence)| sequence.identity.is_none()) {
        let bits = match sequence.data_type.as_str() {
            "smallint" => 16,
            "integer" => 32,
            _ => 64,
        };
        rows.push([
            ("sequence_catalog", (&context.listing.database).into()),
            ("sequence_schema", (&relation.schema).into()),
            ("sequence_name", (&relation.name).into()),
            ("data_type", (&sequence.data_type).into()),
            ("numeric_precision", bits.into()),
            ("numeric_precision_radix", 2.into()),
            ("numeric_scale", 0.into()),
            ("start_value", sequence.steps.start.to_string().into()),
            ("minimum_value", sequence.steps.least.to_string().into()),
            ("maximum_value", sequence.steps.most.to_string().into()),
            ("increment", sequence.steps.increment.to_string().into()),
            ("cycle_option", if sequence.steps.cycle { "YES" } else { "NO" }.into()),
        ]);
    }
}
