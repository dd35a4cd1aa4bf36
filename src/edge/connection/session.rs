//! What sessions have in common, whatever protocol their clients speak.

use actix::prelude::*;
use std::sync::Arc;

use super::SessionDeps;
use super::replay_queue::ReplayQueue;
use crate::domain::ids::ConversationId;
use crate::domain::principal::Principal;
use crate::queue::ConnectionQueue;

/// What every session holds.
pub(super) struct Core {
    pub(super) deps: Arc<SessionDeps>,
    pub(super) queue: Arc<ConnectionQueue>,
    /// `None` until the client has authenticated.
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) replays: ReplayQueue,
}

impl Core {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        queue: Arc<ConnectionQueue>,
        principal: Option<Arc<Principal>>,
    ) -> Self {
        Self {
            deps,
            queue,
            principal,
            replays: ReplayQueue::default(),
        }
    }
}

/// The actor of one client.
pub(super) trait Session: Actor<Context: AsyncContext<Self>> {
    fn core(&self) -> &Core;
    fn core_mut(&mut self) -> &mut Core;

    /// The join by which the client has joined a conversation; `None` where it has not.
    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo>;

    /// The client may not read a conversation any more that it had joined.
    fn lose(&mut self, conversation: ConversationId, context: &mut Self::Context);
}

/// Tells a join of a session from its earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JoinNo(u64);

impl JoinNo {
    /// The number after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
