//! Reads presses and checks what can be checked without the deal.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::decode::Request;
use super::read::read;
use crate::domain::flow::{FlowInput, StateVersion};
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::domain::whole;

#[derive(Deserialize)]
struct PressData {
    conversation_id: String,
    action: String,
    #[serde(default, deserialize_with = "object::optional")]
    input: Option<Map<String, Value>>,
    #[serde(deserialize_with = "whole::required")]
    state_version: StateVersion,
    #[serde(default)]
    request_id: Option<String>,
}

/// Reads the payload of a press.
pub(super) fn press(data: &str) -> Result<Request, Refusal> {
    let data: PressData = read(data)?;
    let conversation = ConversationId::parse(&data.conversation_id, "conversation_id")?;
    Ok(Request::Press {
        conversation,
        press: checked_press(data.action, data.input, Some(data.state_version))?,
        request_id: data.request_id.map(checked_request_id).transpose()?,
    })
}

/// A press, checked as far as possible without the deal.
pub fn checked_press(
    action: String,
    input: Option<Map<String, Value>>,
    version: Option<StateVersion>,
) -> Result<FlowInput, Refusal> {
    Ok(FlowInput::press(
        action,
        input.unwrap_or_default(),
        version,
    )?)
}

/// A client's own id of a press, in the form of a `client_id`.
pub fn checked_request_id(id: String) -> Result<String, Refusal> {
    let fits = limits::client_id(&id).is_ok();
    fits.then_some(id)
        .ok_or_else(|| Refusal::invalid("request_id", "must be 1–64 visible ASCII characters"))
}
