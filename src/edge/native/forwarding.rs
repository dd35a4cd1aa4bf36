//! Reads a message that is to be forwarded: the new one says the same.

use diesel::pg::PgConnection;
use std::sync::Arc;

use super::rest::messages::seen_message;
use crate::config::Switch;
use crate::domain::access::Requester;
use crate::domain::forwarding::{Forwarded, Origin};
use crate::domain::ids::MessageId;
use crate::domain::message::{Content, Message, MessageKind};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::SessionDeps;
use crate::error::Error;
use crate::store::participants;

const OFF: Refusal = Refusal::Forbidden("This server forwards no messages");

/// A message that its sender may forward, and the name of who said it.
struct Original {
    message: Message,
    name: Option<String>,
}

impl SessionDeps {
    /// The content with what the message says that it forwards; unchanged if it forwards none. The sender must see that message.
    pub async fn forward(
        &self,
        content: Arc<Content>,
        sender: &Principal,
    ) -> Result<Arc<Content>, Error> {
        let Some(of) = content.forwards() else {
            return Ok(content);
        };
        if self.forwarding == Switch::Off {
            return Err(OFF.into());
        }
        let requester = Requester::from(sender);
        let read = self
            .room
            .pool
            .run(move |connection| original(connection, of, requester));
        let Original { message, name } = read.await??;
        // What was forwarded before keeps the name of who said it first.
        let earlier = message.content.forwarded.as_ref();
        let origin = earlier.and_then(|it| it.origin.clone()).unwrap_or(Origin {
            name,
            at: message.created_at,
        });
        let content = Content {
            body: message.content.body.clone(),
            attachments: message.content.attachments.clone(),
            forwarded: Some(Forwarded {
                of: Some(of),
                origin: Some(origin),
            }),
            ..Arc::unwrap_or_clone(content)
        };
        Ok(Arc::new(content))
    }
}

fn original(
    connection: &mut PgConnection,
    id: MessageId,
    requester: Requester,
) -> Result<Result<Original, Refusal>, Error> {
    let message = match seen_message(connection, id, requester)? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(message) => message,
    };
    if let Err(refusal) = may_be_forwarded(&message) {
        return Ok(Err(refusal));
    }
    let sender = participants::find(connection, id.conversation, message.sender)?;
    let name = sender.map(|it| it.name.unwrap_or_else(|| it.id.to_string()));
    Ok(Ok(Original { message, name }))
}

fn may_be_forwarded(message: &Message) -> Result<(), Refusal> {
    let content = &message.content;
    if message.deleted_at.is_some() {
        return Err(Refusal::Conflict("The message has been deleted"));
    }
    match content.audience.is_none() && content.kind == MessageKind::UserInput {
        true => Ok(()),
        false => Err(Refusal::Unprocessable(
            "Only what a person has said to everybody can be forwarded",
        )),
    }
}
