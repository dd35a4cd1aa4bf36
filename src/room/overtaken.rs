//! Sends that a change of the policy has overtaken, and those that came after them: they are decided in the order of coming, once
//! nothing that was decided before the change is under way. Pure.

use std::collections::BTreeMap;

use crate::domain::ids::PolicyVersion;
use crate::journal::RequestNo;

/// Sends that wait to be decided again.
#[derive(Debug)]
pub(super) struct Overtaken<T> {
    waiting: BTreeMap<RequestNo, T>,
    /// What the sends that the journal has were decided under.
    policy: PolicyVersion,
    /// The change is one that this room may not know of.
    is_stale: bool,
    catching_up: bool,
}

/// Whether the journal has sends of this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Underway {
    Nothing,
    Sends,
}

/// What is to be done with the sends that wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing yet.
    Wait,
    /// Decide them.
    HandOver,
    /// Read what has changed, then decide them: what changed the policy may not come by itself.
    CatchUp,
}

impl<T> Default for Overtaken<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            policy: PolicyVersion::default(),
            is_stale: false,
            catching_up: false,
        }
    }
}

impl<T> Overtaken<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether a new send must wait: behind others that wait, or behind those that were decided under another policy.
    pub(super) fn is_behind(&self, underway: Underway, policy: PolicyVersion) -> bool {
        let was_changed = underway == Underway::Sends && self.policy != policy;
        was_changed || !self.is_empty()
    }

    /// A send was decided under this policy, and the journal has it.
    pub(super) fn note_handed_over(&mut self, policy: PolicyVersion) {
        self.policy = policy;
    }

    /// The journal has found that the policy is another than this room knows.
    pub(super) fn note_stale(&mut self) {
        self.is_stale = true;
    }

    /// Lets a send wait, in the place of its number.
    pub(super) fn hold(&mut self, request_no: RequestNo, send: T) {
        self.waiting.insert(request_no, send);
    }

    /// What is to be done now. What has changed is read once.
    pub(super) fn next(&mut self, underway: Underway) -> Next {
        let waits = self.catching_up || underway == Underway::Sends;
        if waits || self.is_empty() {
            return Next::Wait;
        }
        self.catching_up = self.is_stale;
        match self.is_stale {
            true => Next::CatchUp,
            false => Next::HandOver,
        }
    }

    /// Takes all out, in the order of coming, to decide them: what has changed is known.
    pub(super) fn take(&mut self) -> BTreeMap<RequestNo, T> {
        std::mem::take(self).waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(overtaken: &mut Overtaken<&'static str>) -> Vec<&'static str> {
        overtaken.take().into_values().collect()
    }

    #[test]
    fn a_send_waits_for_none_while_the_policy_stays() {
        let mut overtaken = Overtaken::<&str>::default();
        assert!(!overtaken.is_behind(Underway::Nothing, 7));
        overtaken.note_handed_over(7);
        assert!(!overtaken.is_behind(Underway::Sends, 7));
        assert_eq!(overtaken.next(Underway::Nothing), Next::Wait);
    }

    #[test]
    fn after_a_change_sends_wait_until_those_before_it_are_settled() {
        let mut overtaken = Overtaken::default();
        overtaken.note_handed_over(7);
        assert!(overtaken.is_behind(Underway::Sends, 8));
        overtaken.hold(2, "second");
        assert!(overtaken.is_behind(Underway::Nothing, 8), "behind others");
        overtaken.hold(3, "third");
        assert_eq!(overtaken.next(Underway::Sends), Next::Wait);
        assert_eq!(overtaken.next(Underway::Nothing), Next::HandOver);
        assert_eq!(order(&mut overtaken), ["second", "third"]);
        assert!(!overtaken.is_behind(Underway::Nothing, 8));
    }

    #[test]
    fn what_the_journal_sends_back_goes_before_what_came_later_and_the_change_is_read_once() {
        let mut overtaken = Overtaken::default();
        overtaken.note_handed_over(7);
        overtaken.hold(3, "came later");
        overtaken.note_stale();
        overtaken.hold(1, "sent back");
        assert_eq!(overtaken.next(Underway::Sends), Next::Wait);
        overtaken.note_stale();
        overtaken.hold(2, "sent back too");
        assert_eq!(overtaken.next(Underway::Nothing), Next::CatchUp);
        assert_eq!(overtaken.next(Underway::Nothing), Next::Wait, "it reads");
        let all = ["sent back", "sent back too", "came later"];
        assert_eq!(order(&mut overtaken), all);
        overtaken.hold(4, "next");
        assert_eq!(overtaken.next(Underway::Nothing), Next::HandOver);
    }
}
