//! The log: one JSON object per line, with `timestamp, level, service, event` first, then the fields of the event.

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

/// Writes to standard error what `RUST_LOG` selects, by default `info` and above. `actix_http` logs malformed requests of strangers
/// as errors; they are silenced here, and `edge/http/listening.rs` logs them at debug level.
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
    let mut line = Map::new();
    let unreadable = record.key_values().visit(&mut fields).is_err();
    let service = record.target().rsplit("::").next().unwrap_or("stoa");
    line.insert(
        "timestamp".into(),
        Utc::now()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
            .into(),
    );
    line.insert(
        "level".into(),
        record.level().as_str().to_lowercase().into(),
    );
    line.insert("service".into(), service.into());
    let event = fields
        .0
        .remove("event")
        .unwrap_or_else(|| if unreadable { "unreadable" } else { "log" }.into());
    line.insert("event".into(), event);
    line.append(&mut fields.0);
    let message = record.args().to_string();
    if !message.is_empty() {
        line.insert("message".into(), message.into());
    }
    Json::Object(line)
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
        let json = line(&record);
        assert_eq!(
            (json["level"].as_str(), json["service"].as_str()),
            (Some("info"), Some("sending"))
        );
        assert_eq!(
            (json["event"].as_str(), json["seq"].as_i64()),
            (Some("message_sent"), Some(7))
        );
        assert!(
            json["timestamp"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z'))
        );
    }
}
