//! Direct conversations: two people, no subject, no flow.

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::{Conversations, Sent, With};
use super::conversations::page;
use super::messages::content;
use super::paging::PageQuery;
use super::reading::Opened;
use crate::domain::access::Privilege;
use crate::domain::answer::Novelty;
use crate::domain::conversation::{ConversationKind, MEMBER};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::message::{Content, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::store::creation::NewConversation;
use crate::store::paging::Which;
use crate::store::{messages, users};

/// Whom to connect with.
#[derive(Deserialize, ToSchema)]
#[schema(as = StooryDirectConnect)]
pub struct ConnectBody {
    /// Who
    target_user_id: String,
    /// What is said at once
    initial_message: Option<String>,
}

/// Connect with somebody, or get the conversation that is there already
#[utoipa::path(request_body = ConnectBody, responses((status = 201, body = With<Sent>), (status = 200, description = "There already, and nothing was said", body = With<Sent>), (status = 400, description = "INVALID_REQUEST"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: with oneself")), security(("bearer" = [])), tag = "stoory")]
#[post("/direct-connect")]
pub async fn connect(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let sender = call.named_sender().await?;
        let wanted: ConnectBody = call.body.read()?;
        let said = wanted.initial_message.filter(|text| !text.is_empty());
        let said = said.map(|text| content(&call.server, Some(text), None, "initial_message"));
        let target = (wanted.target_user_id.as_str(), "target_user_id");
        reach(&call, sender, target, said.transpose()?).await
    };
    call.once(work).await
}

/// Creates or finds the conversation with a user, and sends a message there if one is given.
pub(super) async fn reach(
    call: &Call<(), Body>,
    sender: Arc<Principal>,
    (target, field): (&str, &'static str),
    said: Option<Arc<Content>>,
) -> Result<StoredResponse, Failure> {
    let (server, caller) = (&call.server, &call.caller);
    let target = UserId::parse(target, field)?;
    let is_platform = caller.roles.may(Privilege::StayOutside) && sender.no == caller.no;
    if target == sender.id || is_platform {
        return Err(Refusal::Unprocessable("A direct conversation has exactly two people").into());
    }
    let target = number_of(server, target).await?;
    let new = between(&sender, target, said.clone());
    let wish = Wish {
        message: said.clone(),
        ..Wish::default()
    };
    let made = make(server, &sender, new, wish).await?;
    let status = match (made.novelty, &said) {
        (Novelty::Repeated, None) => 200,
        (Novelty::New, _) | (_, Some(_)) => 201,
    };
    let opened = Opened::find(server, &sender, made.id).await?;
    let said = match said {
        Some(said) => find(server, sender.no, said).await?,
        None => None,
    };
    let mut rows = opened.message_rows(said.as_slice(), server);
    let (conversation, message) = (Some(opened.row()), rows.pop());
    let sent = Sent {
        conversation,
        message,
    };
    StoredResponse::json(status, &With::new(sent))
}

/// The stored message of a sent content.
async fn find(
    server: &AppState,
    sender: UserNo,
    said: Arc<Content>,
) -> Result<Option<Message>, Failure> {
    let pool = &server.deps.room.pool;
    let find =
        move |connection: &mut _| messages::by_client_id(connection, sender, &said.client_id);
    Ok(pool.run(find).await?.map(|(message, _)| message))
}

async fn number_of(server: &AppState, user: UserId) -> Result<UserNo, Failure> {
    let pool = &server.deps.room.pool;
    let wanted = user.clone();
    let found = pool.run(move |connection| users::find(connection, wanted.as_str()));
    let row = found
        .await?
        .ok_or_else(|| Refusal::UserNotFound(user.to_string()))?;
    Ok(UserNo(row.no))
}

fn between(sender: &Principal, target: UserNo, said: Option<Arc<Content>>) -> NewConversation {
    NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::Direct,
        title: None,
        subject: None,
        creator: sender.no,
        participants: vec![(sender.no, MEMBER.to_owned()), (target, MEMBER.to_owned())],
        first_message: said,
        first_step: None,
    }
}

/// The caller's direct conversations in the guide's columns, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Conversations>)), security(("bearer" = [])), tag = "stoory")]
#[get("/direct-connections")]
pub async fn list(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    page(&call, Which::Plain, &query.0).await
}
