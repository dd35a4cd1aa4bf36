//! A room with its people, for a caller who may read it.

use diesel::pg::PgConnection;

use crate::domain::access::Requester;
use crate::domain::ids::ConversationId;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Loaded, Reader};
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::lola::people::RoomPeople;
use crate::error::Error;
use crate::store::conversations::Key;
use crate::store::replay;

/// A room for one reader.
pub(super) struct Opened {
    pub(super) loaded: Loaded,
    pub(super) reader: Reader,
}

impl Opened {
    /// Reads the room that a path names.
    pub(super) async fn find<B>(call: &Call<ConversationId, B>) -> Result<Self, Failure> {
        let (id, requester) = (call.path, Requester::from(&*call.caller));
        let found = call
            .pool()
            .run(move |connection| Self::read(connection, id, requester));
        Ok(found.await??)
    }

    /// As `find`, with a connection to the database.
    pub(super) fn read(
        connection: &mut PgConnection,
        id: ConversationId,
        requester: Requester,
    ) -> Result<Result<Self, Refusal>, Error> {
        let Some(loaded) = replay::load(connection, Key::Id(id))? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        let access = loaded.access(requester);
        let reader = access.map(|access| access.reader(requester.no));
        Ok(reader
            .map(|reader| Self {
                loaded: loaded.seen_by(requester.no),
                reader,
            })
            .map_err(Refusal::from))
    }

    pub(super) fn people(&self) -> RoomPeople<'_> {
        RoomPeople::new(&self.loaded.conversation, &self.loaded.participants)
    }
}
