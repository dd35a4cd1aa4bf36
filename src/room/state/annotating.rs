//! Decisions on reactions and pins. Pure.

use super::{Decision, State};
use crate::domain::command::Command;
use crate::domain::ids::MessageId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::changes::{Annotating, ChangeKind};

impl State {
    /// Decides on a reaction or a pin; nothing else comes here.
    pub(super) fn decide_annotation(
        &self,
        caller: &Principal,
        command: &Command,
    ) -> Result<Decision, Refusal> {
        match command {
            Command::React {
                message,
                emoji,
                placing,
            } => {
                let emoji = emoji.clone();
                let placing = *placing;
                self.annotated(caller, *message, Annotating::React { emoji, placing })
            }
            Command::Pin {
                message,
                expires_at,
            } => {
                self.must_pin(caller)?;
                let expires_at = *expires_at;
                self.annotated(caller, *message, Annotating::Pin { expires_at })
            }
            Command::Unpin { message } => {
                self.must_pin(caller)?;
                self.annotated(caller, *message, Annotating::Unpin)
            }
            _ => Ok(Decision::Already),
        }
    }

    fn must_pin(&self, caller: &Principal) -> Result<(), Refusal> {
        let may = self.access(caller)?.may_pin(self.count_present());
        may.then_some(()).ok_or(Refusal::Forbidden(
            "Only who manages this conversation may pin messages",
        ))
    }

    fn annotated(
        &self,
        caller: &Principal,
        message: MessageId,
        annotating: Annotating,
    ) -> Result<Decision, Refusal> {
        self.must_be_here(message)?;
        let access = self.access(caller)?;
        access.may_annotate(&self.conversation, &self.blocks)?;
        Ok(Decision::Change(ChangeKind::Annotate {
            message,
            annotating,
            reader: access.reader(caller.no),
        }))
    }
}
