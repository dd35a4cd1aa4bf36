//! Decides whom somebody may mention. Pure.

use super::State;
use crate::domain::ids::UserId;
use crate::domain::mention::Mention;
use crate::domain::message::{Audience, Content, Power};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;

impl State {
    /// Users are mentioned who take part and see the message; all, and roles, by who manages the conversation.
    pub(super) fn may_mention(&self, caller: &Principal, content: &Content) -> Result<(), Refusal> {
        let manages = self.access(caller)?.power() == Power::Moderates;
        for (index, mention) in content.mentions.iter().enumerate() {
            let why = match mention {
                Mention::User(id) if self.reaches(id, content) => continue,
                Mention::All | Mention::Role(_) if manages => continue,
                Mention::User(_) => "must be somebody who takes part and sees the message",
                Mention::All | Mention::Role(_) => {
                    return Err(Refusal::Forbidden(
                        "Only who manages this conversation may mention everybody or a role",
                    ));
                }
            };
            return Err(Refusal::invalid(format!("mentions[{index}]"), why));
        }
        Ok(())
    }

    fn reaches(&self, id: &UserId, content: &Content) -> bool {
        let mut people = self.everybody().filter(|it| it.may_read().is_ok());
        people.any(|it| {
            let audience = content.audience.as_ref();
            // Who does not see the first message of a thread takes no part in it.
            let root = content.thread.map(|thread| thread.root.seq);
            let sees_thread = root.is_none_or(|seq| it.sight().sees_seq(seq));
            it.id == *id && sees_thread && Audience::admits(audience, it.no, Some(&it.role))
        })
    }
}
