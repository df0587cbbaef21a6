//! What the Rust programs share: how a capability is reported.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

/// An error of any kind.
pub type Failure = Box<dyn std::error::Error>;

const CAPABILITIES: &[&str] = &[
    "connect",
    "read",
    "types",
    "parameters",
    "nulls",
    "tables",
    "columns",
    "views",
    "functions",
    "prepared",
    "cursor",
    "big_result",
    "transaction",
    "savepoint",
    "copy_in",
    "copy_out",
    "errors",
    "cancel",
    "timeout",
    "load",
    "temp_table",
];

/// Runs for hours unless it is stopped.
pub const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 1000000000000) AS a(n) WHERE n % 7 = 3";

/// Reports what a client can do; what was not tried is what it does not have.
#[derive(Default)]
pub struct Probe {
    reported: BTreeSet<&'static str>,
}

impl Probe {
    /// Waits for a check and reports how it ended. Both drivers panic where a value is not of the type asked for.
    pub async fn check(&mut self, capability: &'static str, work: impl Future<Output = Result<(), Failure>>) {
        let limited = tokio::time::timeout(Duration::from_secs(120), AssertUnwindSafe(work).catch_unwind());
        match limited.await {
            Ok(Ok(Ok(()))) => self.report(capability, "pass", ""),
            Ok(Ok(Err(error))) => self.report(capability, "fail", &error.to_string()),
            Ok(Err(panic)) => self.report(capability, "fail", panic.downcast_ref().map_or("panic", String::as_str)),
            Err(late) => self.report(capability, "fail", &late.to_string()),
        }
    }

    fn report(&mut self, capability: &'static str, verdict: &str, detail: &str) {
        assert!(CAPABILITIES.contains(&capability));
        self.reported.insert(capability);
        println!("{capability}\t{verdict}\t{}", detail.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    /// Reports what was not tried.
    pub fn finish(mut self) {
        for capability in CAPABILITIES {
            if !self.reported.contains(capability) {
                self.report(capability, "none", "");
            }
        }
    }
}

/// Fails where two values differ.
pub fn equal<T: PartialEq + std::fmt::Debug>(got: T, expected: T) -> Result<(), Failure> {
    if got == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {got:?}").into()) }
}

/// The number of rows of the big result.
pub fn rows() -> i64 {
    std::env::var("CLIENT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000)
}

/// Where the server is.
pub fn url() -> String {
    let port = std::env::var("PGPORT").unwrap_or_default();
    format!("postgres://journeydb@127.0.0.1:{port}/journeydb?sslmode=disable")
}
