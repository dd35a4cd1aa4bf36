//! The staff of the business whose support a conversation is: who of them may read and speak, as this server knows.

use actix::Context;

use super::actor::Room;
use crate::domain::business::StaffMember;

impl Room {
    /// Takes in what has changed among the staff. Listeners who are staff no more are sent away.
    pub(super) fn hear_of_staff(&mut self, context: &mut Context<Self>) {
        let Some(business) = self.state.conversation.staffed_by() else {
            return;
        };
        let news = &self.deps.staff;
        if self.staff_number == Some(news.number()) {
            return;
        }
        match news.since(self.staff_number, business) {
            None => self.end("it misses changes of staff", context),
            Some((number, members)) => {
                self.staff_number = Some(number);
                members
                    .into_iter()
                    .for_each(|member| self.staff_changed(member));
            }
        }
    }

    fn staff_changed(&mut self, member: StaffMember) {
        let user = member.user;
        if !self.state.evolve_staff(member) {
            return;
        }
        let (stay, go): (Vec<_>, Vec<_>) = std::mem::take(&mut self.listeners)
            .into_iter()
            .partition(|listener| {
                listener.principal.no != user || self.state.access(&listener.principal).is_ok()
            });
        self.listeners = stay;
        for listener in go {
            self.tell_lost(&listener);
        }
    }
}
