//! Messages of the client, from a name and JSON.

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use postgres_protocol::{IsNull, Oid};
use serde_json::Value;
use tokio_postgres::types::Type;

/// Appends the message of a line such as `Parse {"name":"s","query":"SELECT $1","types":["int4"]}`.
pub(super) fn encode(line: &str, out: &mut BytesMut) {
    let line = expanded(line);
    let (name, json) = line.split_once(' ').unwrap_or((&line, "null"));
    let fields: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {line}"));
    let text = |field: &str| fields[field].as_str().unwrap_or_default();
    match name {
        "Query" => frontend::query(text("query"), out).unwrap(),
        "Parse" => {
            let types = list(&fields["types"]).iter().map(oid);
            frontend::parse(text("name"), text("query"), types, out).unwrap();
        }
        "Bind" => bind(&fields, out),
        "Describe" | "Close" => {
            let encode = if name == "Close" { frontend::close } else { frontend::describe };
            let (kind, target) = match fields["portal"].as_str() {
                Some(portal) => (b'P', portal),
                None => (b'S', text("statement")),
            };
            encode(kind, target, out).unwrap();
        }
        "Execute" => {
            let max_rows = fields["max_rows"].as_i64().unwrap_or_default();
            frontend::execute(text("portal"), max_rows as i32, out).unwrap();
        }
        "Sync" => frontend::sync(out),
        "Flush" => frontend::flush(out),
        "CopyData" => {
            let data = value(&fields).expect("CopyData takes text or {\"hex\":\"..\"}");
            frontend::CopyData::new(&data[..]).unwrap().write(out);
        }
        "CopyDone" => frontend::copy_done(out),
        "CopyFail" => frontend::copy_fail(text("message"), out).unwrap(),
        "Terminate" => frontend::terminate(out),
        _ => panic!("a script sends no {name}"),
    }
}

fn bind(fields: &Value, out: &mut BytesMut) {
    let formats = |field: &str| list(&fields[field]).iter().map(format).collect::<Vec<_>>();
    let text = |field: &str| fields[field].as_str().unwrap_or_default();
    let write = |given: &Value, buffer: &mut BytesMut| {
        Ok(match value(given) {
            Some(bytes) => {
                buffer.extend_from_slice(&bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    };
    let values = list(&fields["values"]);
    let (given, wanted) = (formats("formats"), formats("results"));
    let bound = frontend::bind(text("portal"), text("statement"), given, values, write, wanted, out);
    bound.unwrap_or_else(|_| panic!("{fields} can't be bound"));
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn format(value: &Value) -> i16 {
    match value.as_str() {
        Some("text") => 0,
        Some("binary") => 1,
        _ => value.as_i64().expect("a format is \"text\", \"binary\" or a number") as i16,
    }
}

/// A type by its name in pg_type, or by number.
fn oid(value: &Value) -> Oid {
    match value.as_str() {
        Some(name) => {
            let known = (1..10_000).filter_map(Type::from_oid).find(|known| known.name() == name);
            known.unwrap_or_else(|| panic!("type {name} is not known")).oid()
        }
        None => value.as_u64().expect("a type is a name or a number") as Oid,
    }
}

/// The bytes of a value: text as it is, `{"hex":".."}` as the bytes it says; `None` for NULL.
fn value(value: &Value) -> Option<Vec<u8>> {
    if let Some(text) = value.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    let digits = value["hex"].as_str()?;
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    Some((0..digits.len()).step_by(2).map(byte).collect())
}

/// `<<x*3>>` as `xxx`.
fn expanded(line: &str) -> String {
    let Some((before, rest)) = line.split_once("<<") else { return line.to_owned() };
    let Some((inside, after)) = rest.split_once(">>") else { return line.to_owned() };
    match inside.rsplit_once('*').and_then(|(text, count)| Some(text.repeat(count.parse().ok()?))) {
        Some(repeated) => before.to_owned() + &repeated + &expanded(after),
        None => format!("{before}<<{inside}>>{}", expanded(after)),
    }
}
