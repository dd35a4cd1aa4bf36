//! What a join reads: the state of the conversation, and what its session missed.

use diesel::pg::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

use super::Backfill;
use super::replay::{self, Page, Recall};
use crate::domain::access::Requester;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::answer::Answer;
use crate::domain::deal_memory::DealMemory;
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, ConversationNo, Seq};
use crate::domain::snapshot::Snapshot;
use crate::error::Error;
use crate::store::replay::snapshot;
use crate::store::{audit, flows, marks};

/// What is to be read for a join.
pub(super) struct Wanted {
    pub(super) conversation: (ConversationNo, ConversationId),
    pub(super) caller: Requester,
    /// The blocks that concern the caller.
    pub(super) reader_blocks: Option<Arc<ReaderBlocks>>,
    pub(super) dialect: Dialect,
    pub(super) backfill: Backfill,
    pub(super) recall: Arc<Recall>,
}

/// What was read for a join.
pub(super) struct Read {
    pub(super) answer: Answer,
    /// The newest change when the answer was read.
    pub(super) last_seq: Seq,
    pub(super) missed: Option<MissedPage>,
    /// What the deal remembers and asks, for those who need that.
    pub(super) deal: Option<DealMemory>,
}

/// What was missed, where it is sent as events.
pub(super) struct MissedPage {
    pub(super) page: Page,
    /// The newest message up to each watermark, where watermarks are sent too.
    pub(super) marked: Option<HashMap<Seq, Seq>>,
}

impl Wanted {
    /// Reads it. A statement that fails ends the join.
    pub(super) fn read(self, connection: &mut PgConnection) -> Result<Read, Error> {
        audit::note_reading(connection, self.caller, self.conversation.1)?;
        let (snapshot, missed) = match self.backfill {
            Backfill::InReply(after) => (Some(self.snapshot(connection, after)?), None),
            Backfill::AsEvents(after) => (None, Some(self.page_and_marks(connection, after)?)),
            Backfill::Both(after) => {
                let has = (!self.dialect.needs().newest_messages).then_some(after);
                let snapshot = self.snapshot(connection, has)?;
                let page = self.page(connection, after)?;
                (Some(snapshot), Some(MissedPage { page, marked: None }))
            }
            Backfill::Again(after) => {
                let snapshot = self.snapshot(connection, None)?;
                let missed = self.page_and_marks(connection, after)?;
                (Some(snapshot), Some(missed))
            }
        };
        let last_seq = snapshot
            .as_ref()
            .map_or(0, |snapshot| snapshot.conversation.last_seq);
        let deal = match (&missed, &snapshot) {
            _ if !self.dialect.needs().deal_memory => None,
            (Some(missed), _) => missed.page.deal().cloned(),
            (None, Some(snapshot)) => self.deal(connection, snapshot)?,
            (None, None) => None,
        };
        Ok(Read {
            answer: snapshot.map_or(Answer::Done, |snapshot| Answer::Joined(Box::new(snapshot))),
            last_seq,
            missed,
            deal,
        })
    }

    fn snapshot(
        &self,
        connection: &mut PgConnection,
        after: Option<Seq>,
    ) -> Result<Snapshot, Error> {
        let (no, _) = self.conversation;
        let mut snapshot = snapshot(connection, no, self.caller, after)?;
        if let Some(reader_blocks) = &self.reader_blocks {
            reader_blocks.mask(&mut snapshot.participants);
            reader_blocks.mark(&mut snapshot.messages);
        }
        Ok(snapshot)
    }

    fn page_and_marks(
        &self,
        connection: &mut PgConnection,
        after: Seq,
    ) -> Result<MissedPage, Error> {
        let page = self.page(connection, after)?;
        let marked = Some(self.newest_marked(connection, &page)?);
        Ok(MissedPage { page, marked })
    }

    fn page(&self, connection: &mut PgConnection, after: Seq) -> Result<Page, Error> {
        let (_, id) = self.conversation;
        let missed = replay::read(connection, &*self.recall, id, after)?;
        let reader = replay::reader(&missed, self.caller)?;
        Ok(Page::new(missed, after, self.dialect, &reader))
    }

    /// The newest message up to each watermark, where the dialect names watermarks by messages.
    fn newest_marked(
        &self,
        connection: &mut PgConnection,
        page: &Page,
    ) -> Result<HashMap<Seq, Seq>, Error> {
        if !self.dialect.needs().messages_of_marks {
            return Ok(HashMap::new());
        }
        let people = page.view().people.iter();
        let marks: Vec<Seq> = people.flat_map(|p| [p.read_seq, p.delivered_seq]).collect();
        marks::newest_messages(connection, self.conversation.0, &marks)
    }

    fn deal(
        &self,
        connection: &mut PgConnection,
        snapshot: &Snapshot,
    ) -> Result<Option<DealMemory>, Error> {
        let Some(deal_view) = &snapshot.conversation.flow else {
            return Ok(None);
        };
        let remembered = flows::context(connection, self.conversation.0)?;
        let asking = flows::pending_cards(connection, self.conversation.0)?;
        let memory = DealMemory::read(remembered, deal_view.state_version, &asking);
        Ok(Some(memory))
    }
}
