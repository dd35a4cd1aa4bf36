//! Direct conversations: two people, no subject, no flow.

use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::answers::{Connected, Connections, Sent, With};
use super::conversations::ReadPage;
use super::messages::content;
use super::paging::PageQuery;
use super::reading::Opened;
use crate::domain::access::Privilege;
use crate::domain::access::beginning::Inviter;
use crate::domain::access::policies::Begun;
use crate::domain::answer::Novelty;
use crate::domain::conversation::{ConversationKind, MEMBER};
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::limits;
use crate::domain::message::{Content, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::http::call::Call;
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::native::rest::creating::make;
use crate::edge::native::rest::found::Wish;
use crate::edge::stoory::listed::ConnectionRow;
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

/// Connect with somebody, or get the conversation that is there already: in that one nothing is said
#[utoipa::path(request_body = ConnectBody, responses((status = 201, body = With<Connected>), (status = 200, description = "There already, and nothing was said", body = With<Connected>), (status = 400, description = "INVALID_REQUEST, also with oneself"), (status = 404, description = "USER_NOT_FOUND"), (status = 422, description = "UNPROCESSABLE: the platform has no conversations of its own")), security(("bearer" = [])), tag = "stoory")]
#[post("/direct-connect")]
pub async fn connect(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let sender = call.named_sender().await?;
        let wanted: ConnectBody = call.body.read()?;
        let said = wanted.initial_message.filter(|text| !text.is_empty());
        let said = said.map(|text| {
            let most = limits::BODY_CHARACTERS;
            content(&call.server, Some(text), None, ("initial_message", most))
        });
        let said = said.transpose()?;
        if wanted.target_user_id == sender.id.as_str() {
            return Err(Refusal::invalid("target_user_id", "must be somebody else").into());
        }
        let target = (wanted.target_user_id.as_str(), "target_user_id");
        let wish = Wish::default();
        let reached = Reached::reach(&call, sender, target, said, wish).await?;
        reached.connected(&call.server)
    };
    call.once(work).await
}

/// A direct conversation that was made or found.
pub(super) struct Reached {
    opened: Opened,
    novelty: Novelty,
    /// The message with which it was made, or that was sent there.
    said: Option<Message>,
    /// Whether a message was given that was not sent.
    held_back: bool,
}

impl Reached {
    /// Creates the conversation with a user, and sends a message there if one is given, or finds it and grants the wish there.
    async fn reach(
        call: &Call<(), Body>,
        sender: Arc<Principal>,
        (target, field): (&str, &'static str),
        said: Option<Arc<Content>>,
        wish: Wish,
    ) -> Result<Self, Failure> {
        let (server, caller) = (&call.server, &call.caller);
        let target = UserId::parse(target, field)?;
        let is_platform = caller.roles.may(Privilege::StayOutside) && sender.no == caller.no;
        if sender.is_named(target.as_str()) || is_platform {
            return Err(
                Refusal::Unprocessable("A direct conversation has exactly two people").into(),
            );
        }
        let target = number_of(server, target).await?;
        let begun = Begun::Conversation(ConversationKind::Direct);
        let inviter = server.deps.room.policies.inviter(sender.roles, begun);
        let new = between(&sender, target, inviter, said.clone());
        let made = make(server, &sender, new, wish).await?;
        let found = match &said {
            Some(said) => find(server, sender.no, Arc::clone(said)).await?,
            None => None,
        };
        Ok(Self {
            opened: Opened::find(server, &sender, made.id).await?,
            novelty: made.novelty,
            held_back: said.is_some() && found.is_none(),
            said: found,
        })
    }

    /// As the answer to connecting.
    fn connected(&self, server: &AppState) -> Result<StoredResponse, Failure> {
        let (status, message) = match (self.novelty, self.held_back) {
            (Novelty::New, _) => (201, "You are connected"),
            (Novelty::Repeated, false) => (200, "You are connected already"),
            (Novelty::Repeated, true) => {
                let held_back = "You are connected already: the initial message was not sent";
                (200, held_back)
            }
        };
        let mut rows = self.opened.message_rows(self.said.as_slice(), server);
        let connected = Connected {
            conversation: self.opened.row(),
            conversation_id: self.opened.loaded.conversation.id,
            message,
            initial_message: rows.pop(),
        };
        StoredResponse::json(status, &With::new(connected))
    }
}

/// Sends a message to a user, in the direct conversation with them.
pub(super) async fn send_to(
    call: &Call<(), Body>,
    sender: Arc<Principal>,
    target: (&str, &'static str),
    content: Arc<Content>,
    status: u16,
) -> Result<StoredResponse, Failure> {
    let wish = Wish {
        message: Some(Arc::clone(&content)),
        ..Wish::default()
    };
    let reached = Reached::reach(call, sender, target, Some(content), wish).await?;
    let said = reached.said.as_slice();
    let mut rows = reached.opened.message_rows(said, &call.server);
    let sent = Sent {
        conversation_id: reached.opened.loaded.conversation.id,
        conversation: Some(reached.opened.row()),
        message: rows.pop(),
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

fn between(
    sender: &Principal,
    target: UserNo,
    inviter: Inviter,
    said: Option<Arc<Content>>,
) -> NewConversation {
    NewConversation {
        id: ConversationId::fresh(),
        kind: ConversationKind::Direct,
        title: None,
        subject: None,
        creator: sender.no,
        inviter,
        participants: vec![(sender.no, MEMBER.to_owned()), (target, MEMBER.to_owned())],
        max_participants: None,
        external_id: None,
        business: None,
        first_message: said,
        first_step: None,
    }
}

/// With whom the caller has a direct conversation about nothing, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = With<Connections>)), security(("bearer" = [])), tag = "stoory")]
#[get("/direct-connections")]
pub async fn list(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    let page = ReadPage::read(&call, Which::Plain, &query.0).await?;
    let conversations = page.rows(&call);
    Ok(HttpResponse::Ok().json(With::new(Connections {
        connections: conversations.iter().map(ConnectionRow::from).collect(),
        conversations,
        pagination: page.pagination,
    })))
}
