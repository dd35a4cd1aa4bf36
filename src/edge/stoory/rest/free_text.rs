//! A typed text where people type freely and no field is shown: it is a message like any that is sent.

use std::sync::Arc;

use super::answers::With;
use super::deal_view::CurrentDeal;
use super::messages::{MOST, content};
use super::outcome::Acted;
use super::reading::Opened;
use super::speaking::InConversation;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::flow::ChatPolicy;
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, unexpected};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::stoory::press::DealInput;

/// Sends the text; `None` where it is meant for the deal.
pub(super) async fn say(
    call: &Call<InConversation, Body>,
    input: &DealInput,
) -> Result<Option<StoredResponse>, Failure> {
    let Some(text) = input.text_for_nothing() else {
        return Ok(None);
    };
    let (server, InConversation(id)) = (&call.server, call.path);
    let sender = call.named_sender().await?;
    let Some(opened) = free(call, &sender, id, input).await? else {
        return Ok(None);
    };
    let text = Some(text.to_owned());
    let content = content(server, text, None, ("text", MOST))?;
    match server
        .deps
        .rooms
        .ask(id, sender, Command::Send(content))
        .await?
    {
        Answer::Sent(message, _) => {
            let mut rows = opened.message_rows(std::slice::from_ref(&message), server);
            let said = Acted::said(&opened, rows.pop());
            StoredResponse::json(200, &With::new(said)).map(Some)
        }
        other => Err(unexpected("a send", &other)),
    }
}

/// The conversation, if its people type freely now: it has no deal, or the deal's state says so and has nothing that the text could fill in.
async fn free(
    call: &Call<InConversation, Body>,
    sender: &Arc<Principal>,
    id: ConversationId,
    input: &DealInput,
) -> Result<Option<Opened>, Failure> {
    let opened = Opened::find(&call.server, sender, id).await?;
    if opened.loaded.conversation.flow.is_none() {
        return Ok(Some(opened));
    }
    let current = CurrentDeal::read(&call.server, sender, id).await?;
    let role = current.opened.reader.role.as_deref();
    let is_free = role.is_some_and(|role| current.deal.chat_of(role) == ChatPolicy::Free);
    let fills_in = current.available(input).is_some() || current.earlier(input).is_some();
    Ok((is_free && !fills_in).then_some(current.opened))
}
