//! The form of a list: a TOML file with the people, and the calls of their client in its order.

use serde::Deserialize;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// A list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The platform, and the commits whose client this is.
    pub platform: String,
    /// The options of the server.
    #[serde(default)]
    pub options: Vec<String>,
    /// The namespace of the client's sockets.
    #[serde(default = "main")]
    pub namespace: String,
    /// Who calls. `$name` stands for the id of each.
    pub people: BTreeMap<String, Person>,
    /// The calls.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

fn main() -> String {
    "/".to_owned()
}

/// Somebody with a token of the platform, or without any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Their id.
    pub id: Value,
    /// The claims of their token, as the platform writes them; `exp` is added.
    pub claims: Option<Map<String, Value>>,
    /// The cookie that their token is in, where it is in no header.
    pub cookie: Option<String>,
    /// What their socket says of them besides the token.
    #[serde(default)]
    pub auth: Map<String, Value>,
}

/// A call, and what the client reads of the answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Whose call it is.
    pub who: String,
    /// A request over HTTP: `GET /path`.
    pub call: Option<String>,
    pub body: Option<Value>,
    pub status: Option<u16>,
    /// The request is repeated until the answer is as the client waits for.
    #[serde(default)]
    pub until: bool,
    /// A signature that the gateway's checkout gives the client before this call.
    pub sign: Option<Signature>,
    /// An event of the client, and its argument.
    pub emit: Option<String>,
    pub with: Option<Value>,
    /// What it is acknowledged with; without it, no acknowledgement is asked for.
    pub acknowledged: Option<String>,
    /// What a socket does: `connect`, `disconnect`, `drop` (the connection breaks) or `reconnect`.
    pub socket: Option<String>,
    /// What the client reads of the answer over HTTP: a line for each field.
    #[serde(default)]
    pub reads: String,
    /// What later calls use: a name, and where it stands in the answer or the acknowledgement.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// The events that follow, in this order for each listener.
    #[serde(default)]
    pub events: Vec<ExpectedEvent>,
    /// The events that do not follow, for each listener.
    #[serde(default)]
    pub no_events: BTreeMap<String, Vec<String>>,
    /// Why this row fails today: which part of the product is not built.
    pub open: Option<String>,
    /// A hole of the platform's own server that this row shows closed.
    #[serde(default)]
    pub hole: bool,
}

/// What the sandbox's checkout signs, and the name under which later values use the signature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub name: String,
    pub order: String,
    pub payment: String,
}

/// An event that somebody receives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEvent {
    pub who: String,
    pub event: String,
    /// It may come several times in a row; the last one is read.
    #[serde(default)]
    pub many: bool,
    #[serde(default)]
    pub reads: String,
    #[serde(default)]
    pub save: BTreeMap<String, String>,
}

impl List {
    pub fn read(text: &str) -> Self {
        let table = DeTable::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let list = serde_json::from_value(object(table.get_ref()));
        list.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Row {
    /// Who does what.
    pub fn name(&self) -> String {
        let what = self.call.clone().or_else(|| self.socket.clone());
        let what = what.or_else(|| self.emit.as_ref().map(|event| format!("emit {event}")));
        format!("{} {}", self.who, what.unwrap_or_default())
    }
}

fn object(table: &DeTable<'_>) -> Value {
    let pairs = table.iter();
    let pairs = pairs.map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
    Value::Object(pairs.collect())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(whole) => {
            let whole: Result<Number, _> = whole.as_str().parse();
            Value::Number(whole.expect("a number"))
        }
        DeValue::Float(float) => {
            let float: Result<Number, _> = float.as_str().parse();
            Value::Number(float.expect("a number"))
        }
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}
