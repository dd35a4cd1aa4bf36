//! A conversation with everything that Stoory's rows need.

use diesel::pg::PgConnection;
use std::sync::Arc;

use crate::domain::access::Requester;
use crate::domain::conversation::Participant;
use crate::domain::ids::ConversationId;
use crate::domain::message::Message;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Loaded, Particulars, Reader};
use crate::edge::http::{AppState, Failure};
use crate::edge::native::rest::opened;
use crate::edge::stoory::rows::{ConversationRow, MessageRow};
use crate::edge::stoory::sides::Sides;
use crate::error::Error;
use crate::store::particulars;

/// A conversation for one reader.
pub(super) struct Opened {
    pub(super) loaded: Loaded,
    pub(super) reader: Reader,
    pub(super) particulars: Particulars,
}

impl Opened {
    /// Reads the conversation, if the caller may read it.
    pub(super) async fn find(
        server: &AppState,
        caller: &Arc<Principal>,
        id: ConversationId,
    ) -> Result<Self, Failure> {
        let requester = Requester::from(&**caller);
        let pool = &server.deps.room.pool;
        let found = pool.run(move |connection| Self::read(connection, id, requester));
        Ok(found.await??)
    }

    /// As `find`, with a connection to the database.
    pub(super) fn read(
        connection: &mut PgConnection,
        id: ConversationId,
        requester: Requester,
    ) -> Result<Result<Self, Refusal>, Error> {
        let opened::Opened { loaded, reader } =
            match opened::Opened::read(connection, id, requester)? {
                Ok(opened) => opened,
                Err(refusal) => return Ok(Err(refusal)),
            };
        let no = loaded.conversation.no.0;
        let mut found = particulars::of_deals(connection, reader.no, &[no])?;
        Ok(Ok(Self {
            particulars: found.remove(&no).unwrap_or_default(),
            loaded,
            reader,
        }))
    }

    /// The two sides of the conversation.
    pub(super) fn sides(&self) -> Sides<'_> {
        Sides::new(&self.loaded.conversation, &self.loaded.participants)
    }

    /// Stoory's row of the conversation.
    pub(super) fn row(&self) -> ConversationRow<'_> {
        let role = self.reader.role.as_deref();
        ConversationRow::new(
            &self.loaded.conversation,
            &self.sides(),
            role,
            &self.particulars,
        )
    }

    /// Stoory's rows of its messages.
    pub(super) fn message_rows<'a>(
        &'a self,
        messages: &'a [Message],
        server: &'a AppState,
    ) -> Vec<MessageRow<'a>> {
        let (sides, reader) = (self.sides(), Some(self.reader.no));
        let context = server.deps.dialects.reader(self.reader.no).messages();
        let (conversation, each) = (self.loaded.conversation.id, messages.iter());
        each.map(|message| MessageRow::new(message, conversation, &sides, reader, context))
            .collect()
    }

    /// Another participant with this id.
    pub(super) fn other(&self, id: &str) -> Result<&Participant, Refusal> {
        let mut people = self.loaded.participants.iter();
        people
            .find(|person| person.id.as_str() == id && person.no != self.reader.no)
            .filter(|person| person.may_read().is_ok())
            .ok_or(Refusal::ParticipantNotFound)
    }
}
