//! Decisions on changes of single messages. Pure.

use super::{Decision, State};
use crate::domain::file::FileId;
use crate::domain::ids::MessageId;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::store::changes::ChangeKind;

impl State {
    pub(super) fn decide_edit(
        &self,
        caller: &Principal,
        message: MessageId,
        body: &str,
    ) -> Result<Decision, Refusal> {
        self.must_be_here(message)?;
        self.may_speak(caller)?;
        let reader = self.reader(caller)?;
        Ok(Decision::Change(ChangeKind::Edit {
            message,
            body: body.to_owned(),
            reader,
        }))
    }

    pub(super) fn decide_deletion(
        &self,
        caller: &Principal,
        message: MessageId,
    ) -> Result<Decision, Refusal> {
        self.must_be_here(message)?;
        let access = self.access(caller)?;
        Ok(Decision::Change(ChangeKind::Delete {
            message,
            power: access.power(),
            reader: access.reader(caller.no),
        }))
    }

    pub(super) fn decide_file_removal(
        &self,
        caller: &Principal,
        message: MessageId,
        file: FileId,
    ) -> Result<Decision, Refusal> {
        self.must_be_here(message)?;
        let access = self.access(caller)?;
        Ok(Decision::Change(ChangeKind::RemoveAttachment {
            message,
            file,
            power: access.power(),
            reader: access.reader(caller.no),
        }))
    }
}
