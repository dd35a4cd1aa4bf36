//! What a press led to: where the deal stands, and what its step said to the presser.

use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::deal_view::CurrentDeal;
use super::reading::Opened;
use crate::domain::access::Requester;
use crate::domain::ids::ConversationId;
use crate::domain::message::{Message, MessageKind};
use crate::domain::principal::Principal;
use crate::edge::http::{AppState, Failure};
use crate::edge::stoory::cards::ActionData;
use crate::edge::stoory::rows::{FlowUpdate, MessageRow};
use crate::store::particulars::{self, Pressed};

/// A press that took effect, now or before.
pub(super) struct Outcome {
    /// The deal when it was pressed.
    before: CurrentDeal,
    pressed: Pressed,
    /// The conversation after it.
    after: Opened,
    /// The messages of its step that the presser may see.
    said: Vec<Message>,
}

/// The conversation after a press.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryActedConversation)]
pub struct ActedConversation<'a> {
    /// Its id
    #[schema(value_type = Uuid)]
    id: ConversationId,
    /// The state after the press
    flow_state: &'a str,
    /// Whose turn it is then
    awaiting_role: Option<&'a str>,
    /// What is asked of the presser now
    current_action_data: Option<ActionData>,
}

/// Where a press has led.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryActed)]
pub struct Acted<'a> {
    /// Where the deal stands
    conversation: ActedConversation<'a>,
    /// What the step said to the presser: the confirmation, if it said nothing else
    message: Option<MessageRow<'a>>,
    /// The confirmation that the presser alone sees
    audit_message: Option<MessageRow<'a>>,
    /// The state after it
    flow_update: FlowUpdate<'a>,
    /// The state after it
    flow_state: &'a str,
    /// Whose turn it is
    awaiting_role: Option<&'a str>,
}

/// Where handing in work, or judging it, has led.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryWorked)]
pub struct Worked<'a> {
    /// What was done, in words
    message: &'static str,
    /// The state after it
    flow_state: &'a str,
    /// Whose turn it is
    awaiting_role: Option<&'a str>,
}

impl<'a> Acted<'a> {
    /// After a text that is a message: nothing has moved.
    pub(super) fn said(opened: &'a Opened, message: Option<MessageRow<'a>>) -> Self {
        let conversation = &opened.loaded.conversation;
        let flow_update = FlowUpdate::of(conversation);
        Self {
            conversation: ActedConversation {
                id: conversation.id,
                flow_state: flow_update.flow_state,
                awaiting_role: flow_update.awaiting_role,
                current_action_data: opened.row().context.current_action_data,
            },
            message,
            audit_message: None,
            flow_state: flow_update.flow_state,
            awaiting_role: flow_update.awaiting_role,
            flow_update,
        }
    }
}

impl Outcome {
    /// Reads what a press led to.
    pub(super) async fn read(
        server: &AppState,
        actor: &Arc<Principal>,
        before: CurrentDeal,
        pressed: Pressed,
    ) -> Result<Self, Failure> {
        let requester = Requester::from(&**actor);
        let (id, request) = (
            before.opened.loaded.conversation.id,
            pressed.request_id.clone(),
        );
        let read = server.deps.room.pool.run(move |connection| {
            let after = match Opened::read(connection, id, requester)? {
                Ok(after) => after,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let no = after.loaded.conversation.no;
            let mut said = particulars::said_by_press(connection, no, &request)?;
            let sight = after.reader.sight();
            said.retain(|message| message.is_visible_to(sight));
            Ok(Ok((after, said)))
        });
        let (after, said) = read.await??;
        Ok(Self {
            before,
            pressed,
            after,
            said,
        })
    }

    /// As the answer to an action.
    pub(super) fn acted<'a>(&'a self, server: &'a AppState) -> Acted<'a> {
        let flow_update = self.before.update(&self.pressed.answer);
        let row = |message: &'a Message| {
            let only = std::slice::from_ref(message);
            self.after.message_rows(only, server).pop()
        };
        let is_audit = |message: &&Message| message.content.kind == MessageKind::Audit;
        let audit = self.said.iter().find(is_audit);
        let told = self.said.iter().find(|message| !is_audit(message));
        Acted {
            conversation: ActedConversation {
                id: self.after.loaded.conversation.id,
                flow_state: flow_update.flow_state,
                awaiting_role: flow_update.awaiting_role,
                current_action_data: self.after.row().context.current_action_data,
            },
            message: told.or(audit).and_then(row),
            audit_message: audit.and_then(row),
            flow_state: flow_update.flow_state,
            awaiting_role: flow_update.awaiting_role,
            flow_update,
        }
    }

    /// As the answer to handing in or judging work.
    pub(super) fn worked(&self, message: &'static str) -> Worked<'_> {
        let update = self.before.update(&self.pressed.answer);
        Worked {
            message,
            flow_state: update.flow_state,
            awaiting_role: update.awaiting_role,
        }
    }
}
