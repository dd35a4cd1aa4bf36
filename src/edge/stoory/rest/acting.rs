//! Clicks and typed texts. They carry neither version nor request id, so one applies to the state in which it arrives; the same
//! click or text made twice is done once.

use actix_web::{HttpResponse, post};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::{Updated, With};
use super::deal_view::CurrentDeal;
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
use crate::edge::stoory::press::{Wish, request_id};
use crate::error::Error;

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
    /// What for: an action, a field, a field's type, or `negotiation`
    input_type: Option<String>,
}

/// Press a button of the conversation's deal
#[utoipa::path(request_body = ClickBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Updated>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND, ACTION_NOT_FOUND"), (status = 409, description = "FLOW_STATE_INVALID, CONFLICT"), (status = 422, description = "ACTION_NOT_ALLOWED")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/button-click")]
pub async fn button_click(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let presser = call.named_presser().await?;
        act(&call.server, &presser, id, click(&call.body)?).await
    };
    call.once(work).await
}

/// Fill in the field that the conversation's deal shows
#[utoipa::path(request_body = TextBody, params(("id" = Uuid, Path)), responses((status = 200, body = With<Updated>), (status = 400, description = "INVALID_REQUEST"), (status = 403, description = "FORBIDDEN, NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND, FLOW_NOT_FOUND"), (status = 409, description = "FLOW_STATE_INVALID"), (status = 422, description = "ACTION_NOT_ALLOWED")), security(("bearer" = [])), tag = "stoory")]
#[post("/conversations/{id}/text-input")]
pub async fn text_input(call: Call<InConversation, Body>) -> Result<HttpResponse, Failure> {
    let InConversation(id) = call.path;
    let work = async {
        let presser = call.named_presser().await?;
        act(&call.server, &presser, id, text(&call.body)?).await
    };
    call.once(work).await
}

fn click(body: &Body) -> Result<Wish, Refusal> {
    let ClickBody {
        button_id,
        additional_data,
    } = body.read()?;
    limits::required_text(&button_id, "button_id", 64)?;
    let additional = additional_data.unwrap_or_default();
    let as_text = Value::Object(additional.clone()).to_string();
    limits::json(&as_text, "additional_data")?;
    Ok(Wish::Click {
        button: button_id,
        additional,
    })
}

fn text(body: &Body) -> Result<Wish, Refusal> {
    let TextBody { text, input_type } = body.read()?;
    limits::required_text(&text, "text", limits::BODY_CHARACTERS)?;
    let word = input_type.as_deref().unwrap_or_default();
    limits::text(word, "input_type", 64)?;
    Ok(Wish::Text { text, input_type })
}

async fn act(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    wish: Wish,
) -> Result<StoredResponse, Failure> {
    let mut current = CurrentDeal::read(server, actor, id).await?;
    for _ in 0..ATTEMPTS {
        let Some(available) = wish.offered(&current.available_actions) else {
            return match current.earlier_answer(&wish) {
                Some(answer) => respond(&current, answer),
                None => press_unavailable(server, actor, id, &current, &wish).await,
            };
        };
        let form = wish.form(available, &current.opened.particulars.context)?;
        let refused = match press(server, actor, id, &current, available, form).await {
            Ok(answer) => return respond(&current, &answer),
            Err(Error::Refused(moved @ Refusal::Flow(flow::Refusal::FlowStateInvalid(_)))) => moved,
            Err(other) => return Err(other.into()),
        };
        let now = CurrentDeal::read(server, actor, id).await?;
        if now.has_left(&current) {
            let before = now.earlier_answer(&wish);
            return before.map_or(Err(refused.into()), |answer| respond(&now, answer));
        }
        current = now;
    }
    Err(Refusal::Unavailable("The deal changes faster than it can be pressed: try again").into())
}

/// Presses an action that is not available; the deal's refusal says why.
async fn press_unavailable(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    current: &CurrentDeal,
    wish: &Wish,
) -> Result<StoredResponse, Failure> {
    let meant = current.meant(wish)?;
    let form = wish.form(&meant, &current.opened.particulars.context);
    let form = form.unwrap_or_default();
    let answer = press(server, actor, id, current, &meant, form).await?;
    respond(current, &answer)
}

/// Gives the press to the deal, at the version that was read.
async fn press(
    server: &AppState,
    actor: &Arc<Principal>,
    id: ConversationId,
    current: &CurrentDeal,
    available: &AvailableAction,
    form: Map<String, Value>,
) -> Result<Value, Error> {
    let version = current.deal.state_version;
    let request_id = Some(request_id(version, &available.action, &form));
    let press = checked_press(available.action.clone(), Some(form), Some(version))?;
    let deals = &server.deps.deals;
    deals.press(id, Arc::clone(actor), press, request_id).await
}

fn respond(current: &CurrentDeal, answer: &Value) -> Result<StoredResponse, Failure> {
    let flow_update = current.update(answer);
    StoredResponse::json(200, &With::new(Updated { flow_update }))
}
