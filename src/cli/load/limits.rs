//! How much of a file is held at a time.

/// Rows of a chunk: DataFusion's batch size, so that the write path gets what it expects.
pub const CHUNK_ROWS: usize = 8192;

/// Bytes of text after which a chunk ends early.
pub const CHUNK_BYTES: usize = 8 << 20;

/// The longest record accepted. PostgreSQL's own bound on a field is 1 GB; a record this long is an open quote.
pub const RECORD_BYTES: usize = 16 << 20;
