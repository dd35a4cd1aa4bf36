//! A thread for a caller who may read it, with what its people see of each other.

use super::addresses::Addresses;
use super::people::ThreadPeople;
use crate::domain::access::Requester;
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::edge::http::Failure;
use crate::edge::http::call::Call;
use crate::edge::native::rest::opened::Opened;

/// A thread with its people.
pub(super) struct OpenThread {
    /// The conversation.
    pub(super) opened: Opened,
    addresses: Addresses,
}

impl OpenThread {
    /// Reads a thread, if this user may read it.
    pub(super) async fn find<P, B>(
        call: &Call<P, B>,
        user: &Principal,
        id: ConversationId,
    ) -> Result<Self, Failure> {
        let requester = Requester::from(user);
        let found = call.pool().run(move |connection| {
            let opened = match Opened::read(connection, id, requester)? {
                Ok(opened) => opened,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let people = opened.loaded.participants.iter();
            let addresses = Addresses::read(connection, requester.no, people)?;
            Ok(Ok(Self { opened, addresses }))
        });
        Ok(found.await??)
    }

    /// Its people as this user sees them.
    pub(super) fn people<'a, P, B>(
        &'a self,
        call: &'a Call<P, B>,
        user: &'a Principal,
    ) -> ThreadPeople<'a> {
        let system = &call.server.config.dialects.system_user_id;
        let people = &self.opened.loaded.participants;
        ThreadPeople::new(people, user, &self.addresses, system)
    }

    /// What changes whenever the answer does: the newest change, the people with their watermarks, and their addresses.
    pub(super) fn state(&self) -> String {
        let (loaded, reader) = (&self.opened.loaded, &self.opened.reader);
        let last = loaded.conversation.last_seq;
        let (people, addresses) = (&loaded.participants, &self.addresses);
        format!("{last} {reader:?} {people:?} {addresses:?}")
    }
}
