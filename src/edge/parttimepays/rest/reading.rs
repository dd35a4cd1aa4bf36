//! Messages of a conversation with all that the page shows of them.

use diesel::pg::PgConnection;
use std::collections::HashMap;

use crate::domain::access::Requester;
use crate::domain::annotation::Annotations;
use crate::domain::ids::{ConversationId, MessageId};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::Reader;
use crate::edge::native::rest::opened::Opened;
use crate::edge::parttimepays::message::MessageDocument;
use crate::edge::parttimepays::people::Place;
use crate::error::Error;
use crate::store::annotations;
use crate::store::replied::replied;

/// Messages, what is said about them, and the messages that they answer.
pub(super) struct ReadMessages {
    opened: Opened,
    messages: Vec<Message>,
    annotations: Annotations,
    replied: HashMap<MessageId, Message>,
}

impl ReadMessages {
    /// Reads what belongs to these messages of an opened conversation.
    pub(super) fn complete(
        connection: &mut PgConnection,
        opened: Opened,
        messages: Vec<Message>,
    ) -> Result<Self, Error> {
        let reader = &opened.reader;
        Ok(Self {
            annotations: annotations::of_messages(connection, reader.no, &messages)?,
            replied: replied(connection, reader, &messages)?,
            messages,
            opened,
        })
    }

    /// A message of a conversation that the requester may read.
    pub(super) fn one(
        connection: &mut PgConnection,
        id: ConversationId,
        requester: Requester,
        message: Message,
    ) -> Result<Result<Self, Refusal>, Error> {
        match Opened::read(connection, id, requester)? {
            Ok(opened) => Self::complete(connection, opened, vec![message]).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// The documents.
    pub(super) fn documents<'a>(&'a self, reader: Reader<'a>) -> Vec<MessageDocument<'a>> {
        let loaded = &self.opened.loaded;
        let place = Place::new(&loaded.conversation, &loaded.participants, reader.system);
        let document = |message: &'a Message| {
            let answered = message.content.reply_to;
            let answered = answered.and_then(|id| self.replied.get(&id));
            MessageDocument::new(message, &place, reader.links)
                .annotated(self.annotations.of(message.seq()))
                .answering(answered, &place)
        };
        self.messages.iter().map(document).collect()
    }
}
