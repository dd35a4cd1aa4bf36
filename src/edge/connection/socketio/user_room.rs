//! A client joins or leaves the room of its user. In that room it receives events of all conversations of the user.

use actix::prelude::*;

use super::client::AwaitedAck;
use super::session::SocketIoSession;
use crate::domain::dialect::UserRoom;
use crate::edge::connection::session::Client;
use crate::store::recoveries;

impl SocketIoSession {
    /// It is written first: a client that is found when it comes back is where it was. One that has never joined a conversation is not
    /// found, and says it again.
    pub(super) fn choose_user_room(
        &mut self,
        ack: AwaitedAck,
        room: UserRoom,
        context: &mut Context<Self>,
    ) {
        let Some(holder) = self.holder() else {
            return self.enter_user_room(ack, room);
        };
        let pool = self.core.deps.room.pool.clone();
        let write = async move {
            pool.run(move |connection| recoveries::note_user_room(connection, holder, room))
                .await
        };
        context.wait(
            write
                .into_actor(self)
                .map(move |written, session, _| match written {
                    Ok(()) => session.enter_user_room(ack, room),
                    Err(error) => session.core.refuse(ack, error),
                }),
        );
    }

    fn enter_user_room(&self, ack: AwaitedAck, room: UserRoom) {
        self.core.queue().state().note_user_room(room);
        self.core.client.done(&self.core.deps, ack);
    }
}
