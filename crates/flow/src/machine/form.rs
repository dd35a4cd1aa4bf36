//! Checks a form.

use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::{Field, FieldKind};
use language::value;
use language::visible;

/// The values of a form: only known fields of their types, with trimmed texts and money with its currency.
/// Empty fields are left out.
pub(super) fn checked(
    fields: &[Field],
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let known = |name: &String| fields.iter().any(|field| field.name == *name);
    if let Some(name) = given.keys().find(|name| !known(name)) {
        let name: String = name.chars().take(64).collect();
        return Err(Refusal::invalid(name, "is not a field of this form"));
    }
    let mut kept = Map::new();
    for field in fields {
        let invalid = |why: String| Refusal::invalid(field.name.clone(), why);
        let value = given.get(&field.name).unwrap_or(&Value::Null);
        let value = if value.is_null() {
            None
        } else {
            filled(field, value).map_err(invalid)?
        };
        match value {
            Some(value) => drop(kept.insert(field.name.clone(), value)),
            None if field.required => return Err(invalid("must be filled in".to_owned())),
            None => {}
        }
    }
    Ok(kept)
}

/// The value of a field; `None` if it was left empty.
fn filled(field: &Field, given: &Value) -> Result<Option<Value>, String> {
    if given
        .as_str()
        .is_some_and(|text| !visible::shows_something(text))
    {
        return Ok(None);
    }
    let longest = field.max_length.unwrap_or(value::LONGEST_TEXT);
    let kept = match field.kind {
        FieldKind::Text => {
            let text = value::text(given, longest)?;
            if text.contains(['\n', '\r']) {
                return Err("must be one line".to_owned());
            }
            json!(text)
        }
        FieldKind::Textarea => json!(value::text(given, longest)?),
        FieldKind::Email => json!(value::email(given)?),
        FieldKind::Url => json!(value::url(given)?),
        FieldKind::Date => json!(value::date(given)?),
        FieldKind::Number => {
            let within = |number| bounded(field, number, |bound| bound.to_string());
            json!(value::integer(given, within)?)
        }
        FieldKind::Money => {
            let currency = field.currency.as_deref().unwrap_or("");
            let shown = |bound| value::shown_money(bound, currency);
            let within = |amount| bounded(field, amount, shown);
            value::of_money(&value::money(given, currency, within)?)
        }
    };
    Ok(Some(kept))
}

fn bounded(field: &Field, number: i64, shown: impl Fn(i64) -> String) -> Result<(), String> {
    match (field.min, field.max) {
        (Some(least), _) if number < least => Err(format!("must be at least {}", shown(least))),
        (_, Some(most)) if number > most => Err(format!("must be at most {}", shown(most))),
        _ => Ok(()),
    }
}
