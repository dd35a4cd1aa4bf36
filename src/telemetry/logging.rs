//! The log: a JSON object on each line, `timestamp, level, service, event` first, then what the event is about.

use chrono::{SecondsFormat, Utc};
use log::Record;
use log::kv::{Error, Key, Value, VisitSource};
use serde_json::{Map, Value as Json};
use std::io::Write;

struct Fields(Map<String, Json>);

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let json = value
            .to_i64()
            .map(Json::from)
            .unwrap_or_else(|| Json::from(value.to_string()));
        self.0.insert(key.to_string(), json);
        Ok(())
    }
}

/// Writes to standard error what `RUST_LOG` lets through; `info` and above by default. What `actix_http` says of strangers' requests as
/// errors is told by the listening socket, at the level that it has here.
pub fn start() {
    let started = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Info)
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("actix_http", log::LevelFilter::Off)
        .parse_default_env()
        .format(|out, record| writeln!(out, "{}", line(record)))
        .try_init();
    drop(started);
}

fn line(record: &Record<'_>) -> Json {
    let mut fields = Fields(Map::new());
    let mut told = Map::new();
    let unreadable = record.key_values().visit(&mut fields).is_err();
    let service = record.target().rsplit("::").next().unwrap_or("stoa");
    told.insert(
        "timestamp".into(),
        Utc::now()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
            .into(),
    );
    told.insert(
        "level".into(),
        record.level().as_str().to_lowercase().into(),
    );
    told.insert("service".into(), service.into());
    let event = fields
        .0
        .remove("event")
        .unwrap_or_else(|| if unreadable { "unreadable" } else { "log" }.into());
    told.insert("event".into(), event);
    told.append(&mut fields.0);
    let message = record.args().to_string();
    if !message.is_empty() {
        told.insert("message".into(), message.into());
    }
    Json::Object(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_shape_that_is_documented() {
        let pairs = [
            ("event", Value::from("message_sent")),
            ("conversation_id", Value::from("c")),
            ("seq", Value::from(7)),
        ];
        let record = Record::builder()
            .target("stoa::room::sending")
            .level(log::Level::Info)
            .key_values(&pairs)
            .build();
        let told = line(&record);
        assert_eq!(
            (told["level"].as_str(), told["service"].as_str()),
            (Some("info"), Some("sending"))
        );
        assert_eq!(
            (told["event"].as_str(), told["seq"].as_i64()),
            (Some("message_sent"), Some(7))
        );
        assert!(
            told["timestamp"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z'))
        );
    }
}
