//! Clicks and typed texts. They carry neither version nor request id, so one applies to the state in which it arrives; the same
//! click or text made twice is done once.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::With;
use super::deal_view::{CurrentDeal, Side};
use super::free_text;
use super::outcome::{Acted, Outcome};
use super::speaking::InConversation;
use crate::domain::flow::AvailableAction;
use crate::domain::ids::ConversationId;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure};
use crate::edge::native::pressing::checked_press;
use crate::edge::stoory::press::{DealInput, request_id};
use crate::error::Error;
use crate::registry::deals::Deals;
use crate::store::particulars::Pressed;

/// How often a press is retried because its state was entered anew meanwhile.
const ATTEMPTS: u32 = 4;

/// A click.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryButtonClick)]
pub struct ClickBody {
    /// The action's name
    button_id: String,
    /// What was filled in; prices are in rupees
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    additional_data: Option<Map<String, Value>>,
}

/// A typed text.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryTextInput)]
pub struct TextBody {
    /// What was typed; a price is in rupees
    text: String,
    /// What for: an action, a field, a field's type, `negotiation`; or `general`, `question`, `response`
    input_type: Option<String>,
}

/// Press a button of the conversation's deal
#[utoipa::path(request_body = ClickBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "FLOW_STATE_INVALID, CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/button-click")]
pub async fn button_click(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let presser = call.named_presser().await?;
        pressed(&call.server, &presser, id, click(&call.body)?).await
    };
    call.once(work).await
}

/// Fill in the field that the conversation's deal shows; where people type freely, send the text as a message
#[utoipa::path(request_body = TextBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Acted>), (status = 400, description = "INVALID_REQUEST, ACTION_NOT_FOUND, ACTION_NOT_ALLOWED"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "FLOW_STATE_INVALID, CONFLICT")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/text-input")]
pub async fn text_input(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let presser = call.named_presser().await?;
        let input = text(&call.body)?;
        if let Some(said) = free_text::say(&call, &input).await? {
            return Ok(said);
        }
        pressed(&call.server, &presser, id, input).await
    };
    call.once(work).await
}

/// Presses, and answers with what it led to.
async fn pressed(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    input: DealInput,
) -> Result<StoredResponse, Failure> {
    let outcome = act(server, actor, id, None, input).await?;
    StoredResponse::json(200, &With::new(outcome.acted(server)))
}

fn click(body: &Body) -> Result<DealInput, Refusal> {
    let ClickBody {
        button_id,
        additional_data,
    } = body.read()?;
    checked_click(
        (button_id, "button_id"),
        (additional_data, "additional_data"),
    )
}

/// A click, with the names of its parts in the body.
pub(super) fn checked_click(
    (button, button_field): (String, &'static str),
    (additional, additional_field): (Option<Map<String, Value>>, &'static str),
) -> Result<DealInput, Refusal> {
    limits::required_text(&button, button_field, 64)?;
    let additional = additional.unwrap_or_default();
    let as_text = Value::Object(additional.clone()).to_string();
    limits::json(&as_text, additional_field)?;
    Ok(DealInput::Click { button, additional })
}

fn text(body: &Body) -> Result<DealInput, Refusal> {
    let TextBody { text, input_type } = body.read()?;
    limits::required_text(&text, "text", limits::BODY_CHARACTERS)?;
    let word = input_type.as_deref().unwrap_or_default();
    limits::text(word, "input_type", 64)?;
    Ok(DealInput::Text { text, input_type })
}

/// Presses, for everybody or for one side only. The flow's refusals have the status that the front end expects. A click in another state
/// is a conflict (409), as clicks may meet; for the endpoints of one side it is a wrong request like the others (400).
pub(super) async fn act(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    only: Option<Side>,
    input: DealInput,
) -> Result<Outcome, Failure> {
    let acted = act_as_is(server, actor, id, only, input).await;
    acted.map_err(|failure| match failure.refusal() {
        Refusal::Flow(flow::Refusal::ActionNotFound(_) | flow::Refusal::ActionNotAllowed(_)) => {
            failure.with_status(StatusCode::BAD_REQUEST)
        }
        Refusal::Flow(flow::Refusal::FlowStateInvalid(_)) if only.is_some() => {
            failure.with_status(StatusCode::BAD_REQUEST)
        }
        _ => failure,
    })
}

async fn act_as_is(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    only: Option<Side>,
    input: DealInput,
) -> Result<Outcome, Failure> {
    let mut current = CurrentDeal::read(server, actor, id).await?;
    current.must_be(only)?;
    for _ in 0..ATTEMPTS {
        let Some(available) = current.available(&input) else {
            return match current.earlier(&input).cloned() {
                Some(earlier) => Outcome::read(server, actor, current, earlier).await,
                None => press_unavailable(server, actor, current, &input).await,
            };
        };
        let form = input.form(available, &current.opened.particulars.context)?;
        let refused = match press(server, actor, &current, available, form).await {
            Ok(pressed) => return Outcome::read(server, actor, current, pressed).await,
            Err(Error::Refused(moved @ Refusal::Flow(flow::Refusal::FlowStateInvalid(_)))) => moved,
            Err(other) => return Err(other.into()),
        };
        let now = CurrentDeal::read(server, actor, id).await?;
        if now.has_left(&current) {
            return match now.earlier(&input).cloned() {
                Some(earlier) => Outcome::read(server, actor, now, earlier).await,
                None => Err(refused.into()),
            };
        }
        current = now;
    }
    Err(Refusal::Unavailable("The deal changes faster than it can be pressed: try again").into())
}

/// Presses an action that is not available; the deal's refusal says why.
async fn press_unavailable(
    server: &AppState,
    actor: &Arc<Principal>,
    current: CurrentDeal,
    input: &DealInput,
) -> Result<Outcome, Failure> {
    let meant = current.meant(input)?;
    let form = input.form(&meant, &current.opened.particulars.context);
    let form = form.unwrap_or_default();
    let pressed = press(server, actor, &current, &meant, form).await?;
    Outcome::read(server, actor, current, pressed).await
}

/// Gives the press to the deal, at the version that was read.
async fn press(
    server: &AppState,
    actor: &Arc<Principal>,
    current: &CurrentDeal,
    available: &AvailableAction,
    form: Map<String, Value>,
) -> Result<Pressed, Error> {
    let (id, version) = (
        current.opened.loaded.conversation.id,
        current.deal.state_version,
    );
    let request_id = request_id(version, &available.action, &form);
    let press = checked_press(available.action.clone(), Some(form), Some(version))?;
    let deals = &server.deps.deals;
    let answer = deals.press(id, Arc::clone(actor), press, Some(request_id.clone()));
    Ok(Pressed {
        by: actor.no,
        answer: answer.await?,
        request_id: Deals::stored_request_id(&actor.id, &request_id),
    })
}
