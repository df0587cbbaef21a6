//! Who a client is: SCRAM-SHA-256 and nothing weaker, once the database has users.
//!
//! | file | what |
//! |---|---|
//! | `login` | the messages of a login, and as whom the session acts |
//! | `scram` | the exchange itself (RFC 5802, RFC 7677), without a wire |
//! | `delays` | how long a wrong password waits for its answer |

mod delays;
mod login;
mod scram;

pub(super) use delays::Delays;
pub(super) use login::log_in;
