//! `action_data`: what is asked of somebody, as Stoory's front end renders it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::aliases;
use super::prompts;
use crate::domain::flow::{AvailableAction, Card, DealView, Field, FieldKind, Style};
use crate::domain::message::MessageKind;

/// What is asked of somebody.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StooryActionData)]
pub struct ActionData {
    /// A few words
    pub title: String,
    /// A sentence
    pub subtitle: Option<String>,
    /// What can be pressed
    pub buttons: Vec<Button>,
    /// What can be typed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_field: Option<InputField>,
    /// What sends what was typed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_button: Option<SubmitButton>,
    /// The state that asks
    pub flow_state: String,
    /// The name of the prompt; for prompts without one, the kind of the message
    #[schema(value_type = String, example = "influencer_price_response")]
    pub message_type: &'static str,
    /// The only role that sees it
    pub visible_to: String,
    /// The order to be paid: `razorpay_config`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payment_order: Option<Value>,
}

/// Something that can be pressed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StooryButton)]
pub struct Button {
    /// What a click names
    pub id: String,
    /// On the button
    pub text: String,
    /// How it looks
    pub style: Style,
    /// The action; the same as its id
    pub action: String,
    /// `fields`: what a click's `additional_data` may have; empty where nothing
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Something that can be typed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StooryInputField)]
pub struct InputField {
    /// The field's name; of a prompt of the shipped flows, the front end's: `project_details`, `price_offer`, `new_price`
    pub id: String,
    /// `text`, `number`, `textarea`, `email`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Shown while it is empty
    pub placeholder: String,
    /// Whether it must be filled in
    pub required: bool,
    /// The smallest number; of money, in whole units of the currency
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub min: Option<Value>,
    /// Characters of a text
    #[serde(rename = "maxLength", skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// What sends what was typed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StoorySubmitButton)]
pub struct SubmitButton {
    /// On the button
    pub text: String,
    /// How it looks
    pub style: Style,
    /// The action
    #[serde(skip)]
    pub action: String,
}

/// A card as it is stored with its message.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredCard {
    #[serde(flatten)]
    card: Card,
    #[serde(default)]
    done: Option<Value>,
}

impl StoredCard {
    /// The card of a message, if it has one.
    pub fn read(text: &RawValue) -> Option<Self> {
        serde_json::from_str(text.get()).ok()
    }

    /// Whether the card was answered.
    pub fn is_done(&self) -> bool {
        self.done.as_ref().is_some_and(|done| !done.is_null())
    }

    /// Whether the card has a button or a field.
    pub fn asks(&self) -> bool {
        !self.is_done() && !self.card.actions.is_empty()
    }

    /// Whether the card has an order that can be paid.
    pub fn asks_for_payment(&self) -> bool {
        self.asks() && self.card.payment_order.is_some()
    }

    /// The card in Stoory's form.
    pub fn into_action_data(self, kind: MessageKind) -> ActionData {
        let card = self.card;
        let typed = typed(&card.actions);
        ActionData {
            title: card.title,
            subtitle: card.subtitle,
            buttons: buttons(&card.actions),
            input_field: typed.map(|(_, field)| InputField::shown(&card.state, field)),
            submit_button: typed.map(|(available, _)| SubmitButton::new(available)),
            message_type: prompts::name_of(&card.state, &card.visible_to, kind),
            flow_state: card.state,
            visible_to: card.visible_to,
            payment_order: card.payment_order,
        }
    }
}

/// The card of a state that has actions but no prompt.
pub fn unasked(deal_view: &DealView, role: &str) -> Option<ActionData> {
    let available_actions = deal_view.actions_of(Some(role));
    let typed = typed(available_actions);
    (!available_actions.is_empty()).then(|| ActionData {
        title: deal_view.title.clone(),
        subtitle: None,
        buttons: buttons(available_actions),
        input_field: typed.map(|(_, field)| InputField::shown(&deal_view.state, field)),
        submit_button: typed.map(|(available, _)| SubmitButton::new(available)),
        flow_state: deal_view.state.clone(),
        message_type: prompts::name_of(&deal_view.state, role, MessageKind::Automated),
        visible_to: role.to_owned(),
        payment_order: None,
    })
}

/// The field of an action that is done by typing: its only field, and a required one.
pub fn only_field(available: &AvailableAction) -> Option<&Field> {
    match available.input.as_slice() {
        [only] if only.required => Some(only),
        _ => None,
    }
}

/// Stoory's front end shows one field beside the buttons: that of the first action that is done by typing.
fn typed(available_actions: &[AvailableAction]) -> Option<(&AvailableAction, &Field)> {
    available_actions
        .iter()
        .find_map(|available| Some((available, only_field(available)?)))
}

fn buttons(available_actions: &[AvailableAction]) -> Vec<Button> {
    let typed = typed(available_actions).map(|(available, _)| &available.action);
    let pressed = available_actions
        .iter()
        .filter(|available| Some(&available.action) != typed);
    pressed.map(Button::new).collect()
}

/// Stoory's type of a field.
pub fn input_kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Textarea => "textarea",
        FieldKind::Email => "email",
        FieldKind::Number | FieldKind::Money => "number",
        FieldKind::Text | FieldKind::Url | FieldKind::Date => "text",
    }
}

impl Button {
    fn new(available: &AvailableAction) -> Self {
        let fields: Vec<InputField> = available.input.iter().map(InputField::new).collect();
        Self {
            id: available.action.clone(),
            text: available.label.clone(),
            style: available.style,
            action: available.action.clone(),
            data: match fields.is_empty() {
                true => json!({}),
                false => json!({ "fields": fields }),
            },
        }
    }
}

impl SubmitButton {
    fn new(available: &AvailableAction) -> Self {
        Self {
            text: available.label.clone(),
            style: available.style,
            action: available.action.clone(),
        }
    }
}

impl InputField {
    /// The field of this state's prompt, under the front end's name.
    fn shown(state: &str, field: &Field) -> Self {
        let id = aliases::shown(state, &field.name).to_owned();
        Self {
            id,
            ..Self::new(field)
        }
    }

    fn new(field: &Field) -> Self {
        let placeholder = field.placeholder.as_ref().or(field.label.as_ref());
        Self {
            id: field.name.clone(),
            kind: input_kind(field.kind),
            placeholder: placeholder.cloned().unwrap_or_default(),
            required: field.required,
            min: field.min.map(|min| match field.kind {
                FieldKind::Money => super::money::units(min, super::money::digits_of(field)),
                _ => json!(min),
            }),
            max_length: field.max_length,
        }
    }
}

#[cfg(test)]
#[path = "cards_tests.rs"]
mod tests;
