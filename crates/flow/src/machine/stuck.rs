//! Handles timers and payments whose effects cannot be computed: staff and the platform are informed, and the
//! deal stays.

use serde_json::json;

use super::step_builder::StepBuilder;
use crate::LineKind;
use crate::{
    FlowActor, Line, LineAudience, PaymentOutcome, STAFF, StateVersion, Timer, WebhookEvent,
};

/// The log's reason for a step that could not be computed.
const NOT_COMPUTED: &str = "not_computed";

impl StepBuilder<'_> {
    /// Deletes a timer whose effects cannot be computed. No caller can be refused here, and the timer would
    /// fail again.
    pub(super) fn give_up_timer(&mut self, timer: &Timer, why: &str) {
        self.instance.timers.retain(|other| other != timer);
        let mut origin = self.origin(&timer.name, &FlowActor::Timer);
        origin.reason = Some(NOT_COMPUTED.to_owned());
        let name = &timer.name;
        let body = format!(
            "{name} could not be carried out. {why}. Please decide how the deal continues."
        );
        origin.lines.push(Line {
            kind: LineKind::System,
            to: LineAudience::Role(STAFF.to_owned()),
            body,
            card: None,
        });
        self.events.push(WebhookEvent {
            event: "timer.failed".to_owned(),
            data: json!({ "timer": name, "reason": why, "state": self.instance.state }),
        });
        let state = self.instance.state.clone();
        self.log(&state, origin);
    }

    /// Leaves a payment to staff because its effects cannot be computed.
    pub(super) fn hold_money(&mut self, order: StateVersion, outcome: &PaymentOutcome) {
        let (action, paid) = match outcome {
            PaymentOutcome::Ready { .. } => ("payment_ready", None),
            PaymentOutcome::Failed => ("payment_failed", None),
            PaymentOutcome::Paid => ("paid", None),
            PaymentOutcome::WrongAmount { paid } => ("wrong_amount", Some(paid)),
            PaymentOutcome::Repeated => ("paid_again", None),
            PaymentOutcome::Refunded => ("refunded", None),
        };
        let mut origin = self.payment_origin(action, order, paid);
        origin.reason = Some(NOT_COMPUTED.to_owned());
        self.hold(order, NOT_COMPUTED, &mut origin);
        let state = self.instance.state.clone();
        self.log(&state, origin);
    }
}
