//! Messages of the server, as a name and JSON: of each what a client can rely on.

use fallible_iterator::FallibleIterator;
use postgres_protocol::Oid;
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message, RowDescriptionBody};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::types::Type;

/// Longer values are told by their length and beginning.
const LONGEST_SHOWN: usize = 2000;

/// The message's name and its fields; `None` for what says nothing of the protocol: keys, and texts that differ by release.
pub(super) fn shown(message: &Message) -> Option<String> {
    let fields = match message {
        Message::RowDescription(body) => json(&columns(body)),
        Message::DataRow(body) => json(&row(body)),
        Message::CommandComplete(body) => json(&body.tag().unwrap()),
        Message::ReadyForQuery(body) => json(&char::from(body.status())),
        Message::ParameterDescription(body) => {
            json(&body.parameters().map(|oid| Ok(name(oid))).collect::<Vec<_>>().unwrap())
        }
        Message::ErrorResponse(body) => json(&Failure::of(body.fields())),
        Message::NoticeResponse(body) => json(&Failure::of(body.fields())),
        Message::NotificationResponse(body) => {
            json(&json!({"channel": body.channel().unwrap(), "payload": body.message().unwrap()}))
        }
        Message::ParameterStatus(body) if body.name().unwrap() == "server_version" => return None,
        Message::ParameterStatus(body) => json(&[body.name().unwrap(), body.value().unwrap()]),
        Message::CopyInResponse(body) => copy(body.format(), body.column_formats().collect::<Vec<_>>().unwrap()),
        Message::CopyOutResponse(body) => copy(body.format(), body.column_formats().collect::<Vec<_>>().unwrap()),
        Message::CopyData(body) => json(&value(body.data())),
        Message::AuthenticationOk | Message::BackendKeyData(_) => return None,
        _ => String::new(),
    };
    Some(format!("{} {fields}", kind(message)).trim_end().to_owned())
}

/// The name of a message in the protocol.
pub(super) fn kind(message: &Message) -> &'static str {
    match message {
        Message::BindComplete => "BindComplete",
        Message::CloseComplete => "CloseComplete",
        Message::CommandComplete(_) => "CommandComplete",
        Message::CopyData(_) => "CopyData",
        Message::CopyDone => "CopyDone",
        Message::CopyInResponse(_) => "CopyInResponse",
        Message::CopyOutResponse(_) => "CopyOutResponse",
        Message::DataRow(_) => "DataRow",
        Message::EmptyQueryResponse => "EmptyQueryResponse",
        Message::ErrorResponse(_) => "ErrorResponse",
        Message::NoData => "NoData",
        Message::NoticeResponse(_) => "NoticeResponse",
        Message::NotificationResponse(_) => "NotificationResponse",
        Message::ParameterDescription(_) => "ParameterDescription",
        Message::ParameterStatus(_) => "ParameterStatus",
        Message::ParseComplete => "ParseComplete",
        Message::PortalSuspended => "PortalSuspended",
        Message::ReadyForQuery(_) => "ReadyForQuery",
        Message::RowDescription(_) => "RowDescription",
        _ => "another message",
    }
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    r#type: String,
    size: i16,
    #[serde(skip_serializing_if = "is_none")]
    modifier: i32,
    #[serde(skip_serializing_if = "is_text")]
    format: &'static str,
}

fn is_none(modifier: &i32) -> bool {
    *modifier == -1
}

fn is_text(format: &&str) -> bool {
    *format == "text"
}

fn columns(body: &RowDescriptionBody) -> Vec<Field<'_>> {
    let field = |field: postgres_protocol::message::backend::Field<'_>| {
        let format = if field.format() == 1 { "binary" } else { "text" };
        let (size, modifier) = (field.type_size(), field.type_modifier());
        (name(field.type_oid()), size, modifier, format)
    };
    let mut columns = Vec::new();
    let mut fields = body.fields();
    while let Some(next) = fields.next().unwrap() {
        let name = next.name();
        let (r#type, size, modifier, format) = field(next);
        columns.push(Field { name, r#type, size, modifier, format });
    }
    columns
}

/// A type's name in pg_type; those of a database's own have numbers of no meaning.
fn name(oid: Oid) -> String {
    const FIRST_OF_USERS: Oid = 16_384;
    match Type::from_oid(oid) {
        Some(known) => known.name().to_owned(),
        None if oid >= FIRST_OF_USERS => "of this database".to_owned(),
        None => oid.to_string(),
    }
}

fn row(body: &DataRowBody) -> Vec<Value> {
    let values = body.ranges().map(|range| Ok(range.map_or(Value::Null, |range| value(&body.buffer()[range]))));
    values.collect().unwrap()
}

/// Bytes as text where they are text that can be seen, else as hexadecimal digits.
fn value(bytes: &[u8]) -> Value {
    let visible = |text: &&str| text.chars().all(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'));
    match std::str::from_utf8(bytes).ok().filter(visible) {
        Some(text) if text.len() > LONGEST_SHOWN => {
            json!({"begins": text.chars().take(20).collect::<String>(), "length": text.len()})
        }
        Some(text) => json!(text),
        None => json!({"hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()}),
    }
}

#[derive(Default, Serialize)]
struct Failure {
    severity: String,
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

impl Failure {
    fn of(mut fields: ErrorFields<'_>) -> Self {
        let mut failure = Self::default();
        while let Some(field) = fields.next().unwrap() {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => failure.severity = text,
                b'C' => failure.code = text,
                b'P' => failure.position = Some(text),
                _ => {}
            }
        }
        failure
    }
}

fn copy(format: u8, columns: Vec<u16>) -> String {
    json(&json!({"columns": columns, "format": format}))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}
