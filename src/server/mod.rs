//! The Postgres wire protocol: one session per connection, rows streamed, every statement stoppable.
//!
//! | file | what |
//! |---|---|
//! | `listener` | binds, accepts, caps connections, shuts down |
//! | `startup` | from the first byte to the first ReadyForQuery |
//! | `auth` | who a client is |
//! | `tls` | the certificate, and the handshake of TLS |
//! | `connection` | one connection's loop: message in, answer or error out |
//! | `simple` | the simple query protocol |
//! | `extended` | Parse, Bind, Describe, Execute, Close |
//! | `portal` | what a client is told of statements and portals |
//! | `rows` | a result's rows, sent as they come |
//! | `interrupt` | what stops a running statement: cancel, timeout, a vanished client, shutdown, a panic |
//! | `places` | how many connections there may be |
//! | `record` | what is told of each statement when it ends |
//! | `metrics`, `endpoint` | what the server counts, and the page of it over HTTP |
//! | `wire` | the socket with its two buffers |
//! | `frame` | bytes to messages |
//! | `failure` | how a message can fail, and the ErrorResponse for it |
//! | `copy` | COPY: rows as one stream of bytes, both ways |
//! | `codec` | values and types |
//! | `printed` | the same text without a wire |

mod auth;
mod codec;
mod connection;
mod copy;
mod endpoint;
mod extended;
mod failure;
mod frame;
mod interrupt;
mod listener;
mod metrics;
mod places;
mod portal;
mod printed;
mod record;
mod rows;
mod simple;
mod startup;
mod tls;
mod wire;

pub use codec::{CopyReader, CopyRows, CopyWriter};
pub use listener::{Certificate, Options, Server};
pub use printed::Printed;
pub use tls::tls_server_end_point;
