//! A script's steps against a server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::connection::Connection;
use super::file::Step;

/// Long enough for a statement to be under way when it is cancelled.
const UNDER_WAY: Duration = Duration::from_millis(300);

/// Does what the steps say, up to one whose answer doesn't come; the answer is what each step read.
pub(super) async fn run(steps: &[Step], server: SocketAddr, database: &str) -> Vec<Vec<String>> {
    let mut connections = HashMap::new();
    let mut first = open(server, database, "{}").await;
    first.until(&["ReadyForQuery"]).await;
    connections.insert("", first);
    let mut answers = Vec::new();
    for step in steps {
        let mut answer = Vec::new();
        match (step.verb(), connections.get_mut(step.connection())) {
            ("", _) => {}
            ("connect", _) => {
                let mut connection = open(server, database, step.rest()).await;
                answer = connection.until(&["ReadyForQuery"]).await;
                connections.insert(step.connection(), connection);
            }
            ("send", Some(connection)) => connection.send(&step.messages).await,
            ("until", Some(connection)) => {
                answer = connection.until(&step.rest().split_whitespace().collect::<Vec<_>>()).await;
            }
            ("cancel", Some(connection)) => {
                tokio::time::sleep(UNDER_WAY).await;
                connection.cancel().await;
            }
            (verb, None) => panic!("{verb}: there is no connection @{}", step.connection()),
            (other, _) => panic!("a script has no step {other}"),
        }
        let stuck = answer.last().is_some_and(|line| line == "Nothing");
        answers.push(answer);
        if stuck {
            break;
        }
    }
    answers
}

/// A connection with what a script asks for at its start, else in UTC.
async fn open(server: SocketAddr, database: &str, parameters: &str) -> Connection {
    let given: HashMap<String, Value> = serde_json::from_str(parameters).unwrap_or_default();
    let mut parameters = HashMap::from([("user", "journeydb"), ("database", database), ("TimeZone", "UTC")]);
    parameters.extend(given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())));
    Connection::open(server, &parameters.into_iter().collect::<Vec<_>>()).await
}
