//! How a client that speaks native frames is answered.

use serde_json::json;
use std::sync::Arc;

use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::edge::connection::SessionDeps;
use crate::edge::connection::session::{Answered, Client};
use crate::edge::native::encode;
use crate::edge::native::frame_id::FrameId;
use crate::edge::native::searching::FoundView;
use crate::edge::native::views::ConversationView;
use crate::queue::ConnectionQueue;
use crate::store::search::Found;

impl Client for Arc<ConnectionQueue> {
    type RequestId = Option<FrameId>;

    fn queue(&self) -> &Arc<ConnectionQueue> {
        self
    }

    fn answer(&self, deps: &SessionDeps, to: Option<FrameId>, answered: &Answered<'_>) {
        let Some(id) = to else {
            return;
        };
        let Answered {
            conversation,
            answer,
            reader,
            ..
        } = *answered;
        let reader = deps.dialects.reader(reader);
        self.text(encode::answer(id, answer, conversation, reader));
    }

    fn done(&self, _: &SessionDeps, to: Option<FrameId>) {
        if let Some(id) = to {
            self.text(encode::ack(id, json!({})));
        }
    }

    fn status(&self, _: &SessionDeps, to: Option<FrameId>, status: PresenceStatus) {
        if let Some(id) = to {
            self.text(encode::ack(id, json!({ "status": status })));
        }
    }

    fn listed(&self, deps: &SessionDeps, to: Option<FrameId>, listed: &[Listed], reader: UserNo) {
        let Some(id) = to else {
            return;
        };
        let (directory, links) = (&deps.room.directory, &deps.files.links);
        let listed = listed.iter();
        let views: Vec<_> = listed
            .map(|one| ConversationView::listed(one, reader, directory, links))
            .collect();
        self.text(encode::ack(id, json!({ "conversations": views })));
    }

    fn found(&self, deps: &SessionDeps, to: Option<FrameId>, found: &Found, reader: UserNo) {
        if let Some(id) = to {
            let found = FoundView::new(found, reader, &deps.files.links);
            self.text(encode::ack(id, found));
        }
    }

    fn refuse(&self, _: &SessionDeps, to: Option<FrameId>, refusal: &Refusal) {
        self.text(encode::refusal(to, refusal));
    }
}
