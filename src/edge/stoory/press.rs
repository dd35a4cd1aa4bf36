//! Turns a click or a typed text into a press: the action that it means, and its form. The deal decides what is allowed.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::aliases;
use super::cards::{input_kind, only_field};
use super::money;
use crate::domain::flow::{AvailableAction, Field, FieldKind, Money, StateVersion};
use crate::domain::refusal::Refusal;
use crate::domain::whole;

/// Stoory's `input_type` of a typed price.
const NEGOTIATION: &str = "negotiation";
/// Those that name no field: the text is for what the prompt asks.
const FOR_THE_PROMPT: [&str; 3] = ["question", "response", "general"];

/// What a client asks of a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum DealInput {
    /// A click of a button.
    Click {
        /// The button's id: an action's name.
        button: String,
        /// The form, and whatever else a front end adds to it.
        additional: Map<String, Value>,
    },
    /// A typed text.
    Text {
        /// The text.
        text: String,
        /// What for: an action, a field, a field's type, or `negotiation`; the only thing that can be typed where it is absent, or is
        /// `question`, `response`, `general`.
        input_type: Option<String>,
    },
}

impl DealInput {
    /// The text, where it names nothing that it could fill in.
    pub fn text_for_nothing(&self) -> Option<&str> {
        match self {
            Self::Click { .. } => None,
            Self::Text { text, input_type } => {
                let word = input_type.as_deref().unwrap_or_default().trim();
                let is_for_nothing = word.is_empty() || FOR_THE_PROMPT.contains(&word);
                is_for_nothing.then_some(text.as_str())
            }
        }
    }

    /// The action that it means, among those that are available in this state.
    pub fn meant_among<'a>(
        &self,
        state: &str,
        available_actions: &'a [AvailableAction],
    ) -> Option<&'a AvailableAction> {
        match self {
            Self::Click { button, additional } => {
                clicked(state, available_actions, button, additional)
            }
            Self::Text { input_type, .. } => typed(available_actions, input_type.as_deref()),
        }
    }

    /// Whether it can mean this action, in any state.
    pub fn can_mean(&self, action: &AvailableAction) -> bool {
        match self {
            Self::Click { button, additional } => {
                let name = aliases::button(button, additional);
                action.action == name || aliases::anywhere(name).any(|known| known == action.action)
            }
            Self::Text { input_type, .. } => {
                let only = std::slice::from_ref(action);
                typed(only, input_type.as_deref()).is_some()
            }
        }
    }

    /// The action's form in the deal's terms: money in the smallest unit, and only declared fields. `agreed` is the deal's context:
    /// a price that the action does not ask for must be the one in the open offer.
    pub fn form(
        &self,
        available: &AvailableAction,
        agreed: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        match self {
            Self::Click { additional, .. } => {
                must_agree(available, additional, agreed)?;
                let asked = available.input.iter().filter_map(|field| {
                    let value = aliases::value_of(additional, &field.name)?;
                    Some(filled(field, value, field.name.clone()).map(|v| (field.name.clone(), v)))
                });
                asked.collect()
            }
            Self::Text { text, .. } => {
                let Some(field) = text_field(available) else {
                    return Ok(Map::new());
                };
                let value = filled(field, &json!(text), "text".to_owned())?;
                Ok([(field.name.clone(), value)].into_iter().collect())
            }
        }
    }
}

/// The request id of a press at this version: the same action with the same form has the same id, however the client said it.
pub fn request_id(version: StateVersion, action: &str, form: &Map<String, Value>) -> String {
    format!("stoory:{version}:{}", print(action, form))
}

/// The action that a click names. One of the flow's own names stands for itself, unless the click lacks what that action requires and
/// the front end means another by the name.
fn clicked<'a>(
    state: &str,
    available_actions: &'a [AvailableAction],
    button: &str,
    additional: &Map<String, Value>,
) -> Option<&'a AvailableAction> {
    let name = aliases::button(button, additional);
    let named = |name: &str| available_actions.iter().find(|known| known.action == name);
    let fits = |known: &&AvailableAction| aliases::fills_in(known, additional);
    let own = named(name);
    let mut meant = aliases::in_state(name, state).filter_map(named);
    own.filter(fits)
        .or_else(|| meant.find(fits))
        .or(own)
        .or_else(|| aliases::in_state(name, state).find_map(named))
}

/// Whether a stored press had this action and this form, at any version. Its presser stands before the slash.
pub fn was(request_id: &str, action: &str, form: &Map<String, Value>) -> bool {
    let own = request_id.rsplit('/').next().unwrap_or_default();
    let mut parts = own.split(':');
    let (word, _, told) = (parts.next(), parts.next(), parts.next());
    word == Some("stoory") && told == Some(&print(action, form))
}

fn print(action: &str, form: &Map<String, Value>) -> String {
    let mut fields: Vec<(&String, &Value)> = form.iter().collect();
    fields.sort_by_key(|(name, _)| *name);
    let digest = Sha256::digest(json!([action, fields]).to_string());
    let first = digest.iter().take(10);
    first.map(|byte| format!("{byte:02x}")).collect()
}

/// The field that a text fills in: the only required one, or the only one.
fn text_field(available: &AvailableAction) -> Option<&Field> {
    let mut required = available.input.iter().filter(|field| field.required);
    match (required.next(), required.next(), available.input.as_slice()) {
        (Some(field), None, _) => Some(field),
        (None, _, [only]) => Some(only),
        _ => None,
    }
}

/// The action that takes a text: the one that `input_type` names directly, by its field or by the field's type; the action whose
/// field the front end shows comes first. A word that says only that something is answered means the field that is shown.
fn typed<'a>(
    available_actions: &'a [AvailableAction],
    input_type: Option<&str>,
) -> Option<&'a AvailableAction> {
    let takers = || {
        available_actions
            .iter()
            .filter(|available| text_field(available).is_some())
    };
    let word = input_type.map(str::trim).filter(|word| !word.is_empty());
    let word = word.map(aliases::field);
    let fits = |available: &&AvailableAction| match (text_field(available), word) {
        (Some(_), None) => only_field(available).is_some(),
        (Some(field), Some(NEGOTIATION)) => field.kind == FieldKind::Money,
        (Some(field), Some(word)) => field.name == word || input_kind(field.kind) == word,
        (None, _) => false,
    };
    let named = takers().find(|available| Some(available.action.as_str()) == word);
    let shown = || takers().find(|available| only_field(available).is_some() && fits(available));
    let asked = || {
        let names_nothing = word.is_some_and(|word| FOR_THE_PROMPT.contains(&word));
        let mut takers = takers().filter(|_| names_nothing);
        takers.find(|available| only_field(available).is_some())
    };
    named
        .or_else(shown)
        .or_else(|| takers().find(fits))
        .or_else(asked)
}

/// A field's value in the deal's terms. A malformed value is passed on, so that the deal refuses it.
fn filled(field: &Field, given: &Value, told_as: String) -> Result<Value, Refusal> {
    let currency = field.currency.as_deref().unwrap_or("");
    let amount = match (field.kind, given) {
        (FieldKind::Money, Value::String(text)) if !text.trim().is_empty() => {
            money::of_text(text, currency)
        }
        (FieldKind::Money, Value::Number(number)) => {
            money::of_number(number, money::digits_of(field))
        }
        (FieldKind::Number, Value::String(text)) => {
            let number = text.trim().parse::<i64>();
            return Ok(number.map_or_else(|_| given.clone(), |number| json!(number)));
        }
        _ => return Ok(given.clone()),
    };
    let amount = amount.ok_or_else(|| Refusal::invalid(told_as, money::NOT_AN_AMOUNT))?;
    Ok(json!({ "amount": amount, "currency": currency }))
}

/// Stoory's front end sends the price with `accept_price`, which asks for none: it must be the price in the open offer.
fn must_agree(
    available: &AvailableAction,
    additional: &Map<String, Value>,
    agreed: &Map<String, Value>,
) -> Result<(), Refusal> {
    let is_asked = available.input.iter().any(|field| field.name == "price");
    let named = aliases::value_of(additional, "price").filter(|price| !price.is_null());
    let on_table = ["offer", "price"].iter().find_map(|name| {
        let money = agreed.get(*name).cloned()?;
        serde_json::from_value::<Money>(money).ok()
    });
    let (Some(named), Some(on_table), false) = (named, on_table, is_asked) else {
        return Ok(());
    };
    let digits = Money::digits(&on_table.currency);
    let amount = match named {
        Value::Number(number) => money::of_number(number, digits),
        Value::String(text) => money::of_text(text, &on_table.currency),
        other => other.get("amount").and_then(whole::of),
    };
    match amount {
        Some(amount) if amount == on_table.amount => Ok(()),
        Some(_) => Err(Refusal::Conflict("Another price is on the table")),
        None => Err(Refusal::invalid("price", money::NOT_AN_AMOUNT)),
    }
}

#[cfg(test)]
#[path = "press_tests.rs"]
mod tests;
