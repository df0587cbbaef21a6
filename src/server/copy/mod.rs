//! COPY in the protocol: rows as CopyData, in both directions.

mod receive;
mod send;
