//! What is known during a run, by name: the people's ids, and the values that earlier answers have.

use serde_json::Value;
use std::collections::BTreeMap;

use super::reads::at;

/// The values by name.
pub struct Known(pub BTreeMap<String, Value>);

impl Known {
    /// Keeps parts of an answer under their names.
    pub fn save(&mut self, save: &BTreeMap<String, String>, answer: &Value) -> Result<(), String> {
        for (name, path) in save {
            let found = at(path, answer).filter(|found| !found.is_null());
            let found = found.ok_or_else(|| format!("{path} is not in {answer}"))?;
            self.0.insert(name.clone(), found);
        }
        Ok(())
    }

    /// A text with what is known in place of `$name`.
    pub fn fill_text(&self, text: &str) -> Result<String, String> {
        let mut parts = text.split('$');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let end = part.find(|c| !is_of_name(c)).unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            match self
                .0
                .get(name)
                .ok_or_else(|| format!("${name} is not known"))?
            {
                Value::String(text) => filled.push_str(text),
                other => filled.push_str(&other.to_string()),
            }
            filled.push_str(rest);
        }
        Ok(filled)
    }

    /// A value with what is known in place of the texts `$name`.
    pub fn fill_value(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => match text.strip_prefix('$').and_then(|name| self.0.get(name)) {
                Some(known) => Ok(known.clone()),
                None => self.fill_text(text).map(Value::String),
            },
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.fill_value(field)?)));
                filled.collect::<Result<_, String>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }
}
