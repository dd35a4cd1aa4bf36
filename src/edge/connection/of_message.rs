//! What is done to a message that is named without its conversation, and what was sent a moment ago.

use std::sync::Arc;

use super::SessionDeps;
use crate::domain::access::{Denied, Requester};
use crate::domain::annotation::{Placing, Reacted};
use crate::domain::answer::{Answer, Novelty};
use crate::domain::command::Command;
use crate::domain::emoji::Emoji;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::{Content, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::LoneReaction;
use crate::edge::native::rest::messages::reader_of;
use crate::error::Error;
use crate::store::conversations::{self, Key};
use crate::store::reactions;
use crate::store::sent_lately::{SentLately, sent_lately};

/// A reaction that replaced others.
pub struct ReactedAlone {
    /// The conversation of the message.
    pub conversation: ConversationId,
    /// Whether it is new.
    pub novelty: Novelty,
    /// The reaction.
    pub reacted: Arc<Reacted>,
}

impl SessionDeps {
    /// The conversation of a message, if this user may read it.
    pub async fn conversation_of(
        &self,
        user: &Principal,
        id: MessageId,
    ) -> Result<ConversationId, Error> {
        let requester = Requester::from(user);
        let found = self.room.pool.run(move |connection| {
            let Some(conversation) = conversations::find(connection, Key::No(id.conversation))?
            else {
                return Ok(Err(Refusal::MessageNotFound));
            };
            let reader = reader_of(connection, &conversation, requester)?;
            Ok(reader.map(|_| conversation.id).map_err(Denied::of_message))
        });
        Ok(found.await??)
    }

    /// Reacts to a message in the name of a user, and takes back those of their reactions that this one replaces. The new one comes
    /// first: if it is refused, the earlier ones stay.
    pub async fn react_alone(
        &self,
        user: &Arc<Principal>,
        wanted: LoneReaction,
    ) -> Result<ReactedAlone, Error> {
        let LoneReaction {
            message,
            emoji,
            replaces,
        } = wanted;
        let (conversation, no) = (self.conversation_of(user, message).await?, user.no);
        let read = self
            .room
            .pool
            .run(move |connection| reactions::own(connection, message, no));
        let own = read.await?;
        let react = async |emoji: Emoji, placing: Placing| {
            let command = Command::React {
                message,
                emoji,
                placing,
            };
            let answer = self.rooms.ask(conversation, Arc::clone(user), command);
            match answer.await? {
                Answer::Reacted(reacted) => Ok(reacted),
                other => Err(Error::internal(format!(
                    "a reaction was answered with {other:?}"
                ))),
            }
        };
        let reacted = react(emoji.clone(), Placing::Added).await?;
        let novelty = match own.contains(&emoji) {
            true => Novelty::Repeated,
            false => Novelty::New,
        };
        let replaced = own.into_iter().filter(|it| *it != emoji && replaces(it));
        for other in replaced {
            react(other, Placing::Removed).await?;
        }
        Ok(ReactedAlone {
            conversation,
            novelty,
            reacted,
        })
    }

    /// The message with the same text in the same place that a user has sent a moment ago under such a client id.
    pub async fn sent_lately(
        &self,
        user: &Principal,
        conversation: ConversationId,
        content: &Content,
        client_ids: &'static str,
    ) -> Result<Option<Message>, Error> {
        let wanted = SentLately {
            conversation,
            sender: user.no,
            body: content.body.clone(),
            reply_to: content.reply_to.map(|id| id.seq),
            client_ids,
        };
        let read = self
            .room
            .pool
            .run(move |connection| sent_lately(connection, &wanted));
        read.await
    }
}
