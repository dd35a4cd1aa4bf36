//! What a conversation is for the caller: notifications, a mark, hidden, unread again.

use actix_web::{HttpResponse, patch};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::conversations::{answer, present};
use crate::domain::command::Command;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::mine::{MineChange, Notify, NotifyLevel};
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::http::refusals::Body;
use crate::edge::native::views::ConversationView;

/// Of what the caller is notified.
#[derive(Deserialize, ToSchema)]
pub struct NotifyBody {
    /// `all`, `mentions` or `none`
    level: NotifyLevel,
    /// When it is `all` again; without it never
    until: Option<DateTime<Utc>>,
}

/// What changes.
#[derive(Deserialize, ToSchema)]
pub struct MineBody {
    /// Of what the caller is notified
    notify: Option<NotifyBody>,
    /// Whether the caller marks it
    starred: Option<bool>,
    /// Whether it is left out of the caller's lists, until something is said
    hidden: Option<bool>,
    /// The seq from which on the caller counts as unread what was read; null ends that, and so does reading again
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Seq>)]
    unread_from: Option<Option<Seq>>,
}

/// Change what a conversation is for the caller; nobody else sees it
#[utoipa::path(request_body = MineBody, params(("id" = Uuid, Path)), responses((status = 200, body = ConversationView), (status = 403, description = "NOT_A_PARTICIPANT, BLOCKED"), (status = 404, description = "CONVERSATION_NOT_FOUND")), security(("bearer" = [])), tag = "conversations")]
#[patch("/conversations/{id}/me")]
pub async fn change(call: Call<ConversationId, Body>) -> Result<HttpResponse, Failure> {
    let body: MineBody = call.body.read()?;
    let change = checked(body, call.pool().clock().now())?;
    call.command(call.path, Command::ChangeMine(change)).await?;
    Ok(answer(&call, call.path, 200).await?.respond())
}

fn checked(body: MineBody, now: DateTime<Utc>) -> Result<MineChange, Refusal> {
    let notify = body.notify.map(|it| Notify {
        level: it.level,
        until: it.until.filter(|_| it.level != NotifyLevel::All),
    });
    let is_past = |notify: Notify| notify.until.is_some_and(|until| until <= now);
    if notify.is_some_and(is_past) {
        return Err(Refusal::invalid("notify.until", "must be in the future"));
    }
    if body.unread_from.flatten().is_some_and(|seq| seq < 1) {
        return Err(Refusal::invalid("unread_from", "must be at least 1"));
    }
    let wanted = MineChange {
        notify,
        starred: body.starred,
        hidden: body.hidden,
        unread_from: body.unread_from,
    };
    if wanted == MineChange::default() {
        let why = "or starred, hidden or unread_from must be given";
        return Err(Refusal::invalid("notify", why));
    }
    Ok(wanted)
}
