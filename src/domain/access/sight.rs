//! As whom somebody reads the messages of a conversation. Pure; `store/access.rs` has it in SQL.

use crate::domain::annotation::Target;
use crate::domain::conversation::Participant;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::message::{Audience, Message};
use crate::domain::snapshot::Reader;

/// What decides which messages somebody sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight<'a> {
    /// The user's number.
    pub no: UserNo,
    /// The role in the conversation; `None` for staff who do not participate.
    pub role: Option<&'a str>,
    /// Only messages after this seq are seen.
    pub sees_from: Seq,
}

impl<'a> Sight<'a> {
    /// Anybody with this role who sees everything.
    pub fn of_role(role: Option<&'a str>) -> Self {
        // No user has this number.
        let no = UserNo(-1);
        Self {
            no,
            role,
            sees_from: 0,
        }
    }

    /// Whether a message is seen.
    pub fn sees(self, message: &Message) -> bool {
        self.admits(message.seq(), message.content.audience.as_ref())
    }

    /// Whether the message is seen that something is about.
    pub fn sees_target(self, target: &Target) -> bool {
        self.admits(target.message.seq, target.audience.as_ref())
    }

    fn admits(self, seq: Seq, audience: Option<&Audience>) -> bool {
        self.sees_seq(seq) && Audience::admits(audience, self.no, self.role)
    }

    /// Whether changes with this seq are seen. A message may still be hidden by its audience.
    pub fn sees_seq(self, seq: Seq) -> bool {
        seq > self.sees_from
    }

    /// The later of this seq and the one after which changes are seen.
    pub fn sees_after(self, seq: Seq) -> Seq {
        seq.max(self.sees_from)
    }
}

impl Participant {
    /// As whom they read.
    pub fn sight(&self) -> Sight<'_> {
        Sight {
            no: self.no,
            role: Some(&self.role),
            sees_from: self.sees_from,
        }
    }
}

impl Reader {
    /// As whom they read.
    pub fn sight(&self) -> Sight<'_> {
        Sight {
            no: self.no,
            role: self.role.as_deref(),
            sees_from: self.sees_from,
        }
    }
}
