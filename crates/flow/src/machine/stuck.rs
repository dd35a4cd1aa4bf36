//! What a timer or the gateway brings and the flow cannot carry out: staff and the platform are told, and the deal stays.

use serde_json::json;

use super::step_builder::StepBuilder;
use crate::LineKind;
use crate::{
    FlowActor, Line, LineAudience, PaymentOutcome, PlatformEvent, STAFF, StateVersion, Timer,
};

/// The reason in the log of a step that could not be carried out.
const NOT_COMPUTED: &str = "not_computed";

impl StepBuilder<'_> {
    /// Uses up a timer whose effects cannot be carried out. Nobody can be refused here, and the same timer would fail again.
    pub(super) fn give_up_timer(&mut self, timer: &Timer, why: &str) {
        self.instance.timers.retain(|other| other != timer);
        let mut origin = self.origin(&timer.name, &FlowActor::Timer);
        origin.reason = Some(NOT_COMPUTED.to_owned());
        let name = &timer.name;
        let body = format!("{name} could not be carried out. {why}. Please decide how it goes on.");
        origin.lines.push(Line {
            kind: LineKind::System,
            to: LineAudience::Role(STAFF.to_owned()),
            body,
            card: None,
        });
        self.events.push(PlatformEvent {
            event: "timer.failed".to_owned(),
            data: json!({ "timer": name, "reason": why, "state": self.instance.state }),
        });
        let state = self.instance.state.clone();
        self.log(&state, origin);
    }

    /// Leaves money to staff when what follows from it cannot be carried out.
    pub(super) fn hold_money(&mut self, order: StateVersion, outcome: &PaymentOutcome) {
        let (action, paid) = match outcome {
            PaymentOutcome::Ready { .. } => ("payment_ready", None),
            PaymentOutcome::Failed => ("payment_failed", None),
            PaymentOutcome::Paid => ("paid", None),
            PaymentOutcome::WrongAmount { paid } => ("wrong_amount", Some(paid)),
            PaymentOutcome::Repeated => ("paid_again", None),
            PaymentOutcome::Refunded => ("refunded", None),
        };
        let mut origin = self.told(action, order, paid);
        origin.reason = Some(NOT_COMPUTED.to_owned());
        self.hold(order, NOT_COMPUTED, &mut origin);
        let state = self.instance.state.clone();
        self.log(&state, origin);
    }
}
