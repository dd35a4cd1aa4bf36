//! Which part of a room carries out which command.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::reply::Reply;
use crate::domain::command::Command;
use crate::domain::principal::Principal;

impl Room {
    pub(super) fn command(
        &mut self,
        principal: Arc<Principal>,
        command: Command,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        match command {
            Command::Send(content) => self.send(principal, content, reply, context),
            Command::Type(typing) => self.type_(&principal, typing, reply),
            Command::WhoTypes => self.who_types(&principal, reply),
            Command::Mark { mark, seq } => self.mark(principal, mark, seq, reply, context),
            Command::ChangeThread { root, change } => {
                self.change_thread(&principal, root, change, reply, context);
            }
            Command::See { message } => self.see(principal, message, reply, context),
            Command::ChangeMine(change) => self.change_mine(&principal, change, reply, context),
            Command::Edit { .. }
            | Command::Delete { .. }
            | Command::React { .. }
            | Command::Pin { .. }
            | Command::Unpin { .. }
            | Command::RemoveAttachment { .. }
            | Command::AddParticipant { .. }
            | Command::ChangeParticipant { .. }
            | Command::RemoveParticipant { .. }
            | Command::ChangeSettings(_)
            | Command::DeleteConversation
            | Command::ChangeCard(_)
            | Command::DescribeSubject { .. }
            | Command::AssignRole { .. } => self.want_change(principal, command, reply, context),
        }
    }
}
