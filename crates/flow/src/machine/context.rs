//! Checks the initial context.

use serde_json::{Map, Value};

use crate::definition::Definition;
use crate::refusal::Refusal;
use language::fields::checked as checked_value;

/// The initial context: only declared values of their types, with defaults for missing ones.
pub(crate) fn checked(
    definition: &Definition,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let unknown = given
        .keys()
        .find(|name| !definition.context.contains_key(*name));
    if let Some(name) = unknown {
        let name: String = name.chars().take(64).collect();
        return Err(Refusal::invalid(
            name,
            "is not declared in this flow's [context]",
        ));
    }
    let mut kept = Map::new();
    for (name, field) in &definition.context {
        let found = given.get(name).filter(|value| !value.is_null());
        let value = match (found, &field.default) {
            (Some(value), _) => {
                let wrong = |why| Refusal::invalid(name.clone(), why);
                checked_value(&field.kind, value).map_err(wrong)?
            }
            (None, Some(default)) => default.clone(),
            (None, None) if field.required => {
                return Err(Refusal::invalid(name.clone(), "is missing"));
            }
            (None, None) => continue,
        };
        kept.insert(name.clone(), value);
    }
    Ok(kept)
}
