//! The order of the events that somebody receives.

use serde_json::Value;

/// The payloads of these events, if they and no others of their names came, in this order. Of an event that may come several times in
/// a row, it is the last.
pub fn in_order(wanted: &[(&str, bool)], events: &[Value]) -> Result<Vec<Value>, String> {
    let name = |event: &Value| event[0].as_str().unwrap_or_default().to_owned();
    let mut received: Vec<(String, Value)> = Vec::new();
    for event in events {
        let name = name(event);
        let Some((_, many)) = wanted.iter().find(|(wanted, _)| *wanted == name) else {
            continue;
        };
        match received
            .last_mut()
            .filter(|(last, _)| *many && *last == name)
        {
            Some((_, payload)) => *payload = event[1].clone(),
            None => received.push((name, event[1].clone())),
        }
    }
    let order: Vec<&str> = received.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    match order == names {
        true => Ok(received.into_iter().map(|(_, payload)| payload).collect()),
        false => Err(format!("receives {order:?}, not {names:?}")),
    }
}
