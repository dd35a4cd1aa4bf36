//! A conversation with its participants, for a caller who may read it. The dialects start from it.

use diesel::pg::PgConnection;

use crate::domain::access::Requester;
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::{Loaded, Reader};
use crate::edge::http::{AppState, Failure};
use crate::error::Error;
use crate::store::conversations::Key;
use crate::store::replay;

/// A conversation for one reader.
pub(in crate::edge) struct Opened {
    /// The conversation with all present and past participants.
    pub(in crate::edge) loaded: Loaded,
    /// The caller as a reader.
    pub(in crate::edge) reader: Reader,
}

impl Opened {
    /// Reads the conversation, if the caller may read it.
    pub(in crate::edge) async fn find(
        server: &AppState,
        caller: &Principal,
        id: ConversationId,
    ) -> Result<Self, Failure> {
        let requester = Requester::from(caller);
        let pool = &server.deps.room.pool;
        let found = pool.run(move |connection| Self::read(connection, id, requester));
        Ok(found.await??)
    }

    /// As `find`, with a connection to the database.
    pub(in crate::edge) fn read(
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
}
