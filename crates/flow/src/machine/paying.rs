//! Applies the outcomes of payments.

use serde_json::{Value, json};

use super::step_builder::{Origin, StepBuilder};
use crate::LineKind;
use crate::definition::{Definition, Effects, MoneyPolicies, MoneyPolicy, MoneyRule, Payment};
use crate::refusal::Refusal;
use crate::{
    FlowActor, Line, LineAudience, Money, PaymentOutcome, RefundRequest, STAFF, StateVersion,
    WebhookEvent,
};
use language::expression::Facts;
use language::value;

impl<'d> StepBuilder<'d> {
    /// Applies an outcome. One that changes nothing is refused as `FlowStateInvalid`.
    pub(super) fn apply_payment(
        &mut self,
        order: StateVersion,
        outcome: &PaymentOutcome,
    ) -> Result<(), Refusal> {
        let awaited = self.instance.payment.as_ref();
        let awaited = awaited.is_some_and(|payment| payment.order == order);
        let payment = self.state()?.payment.as_ref().filter(|_| awaited);
        match (outcome, payment) {
            (PaymentOutcome::Ready { checkout }, Some(_)) => self.ready(checkout),
            (PaymentOutcome::Paid, Some(payment)) => self.paid(payment),
            (PaymentOutcome::Failed, Some(payment)) => self.failed(payment),
            (PaymentOutcome::Ready { .. } | PaymentOutcome::Failed, None) => {
                Err(self.misplaced(&FlowActor::Payment, &[]))
            }
            (PaymentOutcome::Paid, None) => {
                let origin = self.payment_origin("paid_late", order, None);
                self.by_policy(|money| &money.late, order, "late", true, origin)
            }
            (PaymentOutcome::WrongAmount { paid }, payment) => {
                let origin = self.payment_origin("wrong_amount", order, Some(paid));
                let moves = payment.is_some();
                self.by_policy(
                    |money| &money.wrong_amount,
                    order,
                    "wrong_amount",
                    moves,
                    origin,
                )
            }
            (PaymentOutcome::Repeated, _) => {
                let origin = self.payment_origin("paid_again", order, None);
                self.by_policy(|money| &money.repeated, order, "repeated", true, origin)
            }
            (PaymentOutcome::Refunded, _) => {
                let origin = self.payment_origin("refunded", order, None);
                self.by_policy(|money| &money.refunded, order, "refunded", true, origin)
            }
        }
    }

    /// The origin of a transition that a payment causes; the payment is its input.
    pub(super) fn payment_origin(
        &self,
        action: &str,
        order: StateVersion,
        paid: Option<&Money>,
    ) -> Origin {
        let mut origin = self.origin(action, &FlowActor::Payment);
        origin.input.insert("order".to_owned(), json!(order));
        if let Some(paid) = paid {
            let paid = value::of_money(paid);
            origin.input.insert("paid".to_owned(), paid);
        }
        origin
    }

    /// The gateway has created the order: renews the available actions with its checkout.
    fn ready(&mut self, checkout: &Value) -> Result<(), Refusal> {
        let misplaced = self.misplaced(&FlowActor::Payment, &[]);
        match &mut self.instance.payment {
            Some(payment) if payment.checkout.is_none() => {
                payment.checkout = Some(checkout.clone());
            }
            Some(_) | None => return Err(misplaced),
        }
        self.instance.version += 1;
        self.renews_actions = true;
        let state = self.instance.state.clone();
        let origin = self.origin("payment_ready", &FlowActor::Payment);
        self.log(&state, origin);
        Ok(())
    }

    fn paid(&mut self, payment: &'d Payment) -> Result<(), Refusal> {
        let outcome = &payment.paid;
        let name = outcome.action.as_deref().unwrap_or("paid");
        let origin = self.origin(name, &FlowActor::Payment);
        self.follow(&outcome.effects, origin)
    }

    fn failed(&mut self, payment: &'d Payment) -> Result<(), Refusal> {
        let mut origin = self.origin("payment_failed", &FlowActor::Payment);
        self.say(&payment.failed, &mut origin);
        let state = self.instance.state.clone();
        self.log(&state, origin);
        Ok(())
    }

    /// Applies the first policy that holds. A wrong amount may move the deal only while its order is awaited.
    fn by_policy(
        &mut self,
        policies: impl Fn(&'d MoneyPolicies) -> &'d Vec<MoneyPolicy>,
        order: StateVersion,
        why: &'static str,
        moves: bool,
        mut origin: Origin,
    ) -> Result<(), Refusal> {
        let actor = FlowActor::Payment;
        let found = self.definition.money.as_ref().map(policies);
        let facts = self.facts(&actor, &origin.input);
        let policy = found.and_then(|policies| first_that_holds(self.definition, policies, facts));
        let (rule, effects) = match policy {
            Some(policy) => (policy.rule, policy.effects.clone()),
            // A flow without payments never requested this order.
            None => (MoneyRule::Hold, Effects::default()),
        };
        match rule {
            MoneyRule::Refund => self.refunds.push(RefundRequest {
                order,
                reason: why.to_owned(),
            }),
            MoneyRule::Hold => self.hold(order, why, &mut origin),
            MoneyRule::Resume | MoneyRule::Tell => {}
        }
        let to = if moves { effects.to } else { Vec::new() };
        self.follow(&Effects { to, ..effects }, origin)
    }

    /// Leaves a payment to staff, and informs them and the platform.
    pub(super) fn hold(&mut self, order: StateVersion, why: &str, origin: &mut Origin) {
        origin.lines.push(for_staff(order, why));
        let paid = origin.input.get("paid").cloned().unwrap_or(Value::Null);
        self.events.push(WebhookEvent {
            event: "payment.held".to_owned(),
            data: json!({ "order": order, "reason": why, "paid": paid, "state": self.instance.state }),
        });
    }
}

/// The first policy whose condition holds.
pub(crate) fn first_that_holds<'d>(
    definition: &Definition,
    policies: &'d [MoneyPolicy],
    facts: Facts<'_>,
) -> Option<&'d MoneyPolicy> {
    policies.iter().find(|policy| {
        let when = policy.when.as_ref();
        when.is_none_or(|when| when.holds(&definition.engine, facts))
    })
}

/// The message to staff about a payment that they must decide on.
fn for_staff(order: StateVersion, why: &str) -> Line {
    let what = match why {
        "late" => "was paid after the deal had left the state",
        "wrong_amount" => "was paid with another amount than requested",
        "repeated" => "was paid a second time",
        "not_computed" => "has a report whose effects cannot be computed",
        _ => "was refunded",
    };
    Line {
        kind: LineKind::System,
        to: LineAudience::Role(STAFF.to_owned()),
        body: format!("Order {order} {what}: please decide what to do with the payment."),
        card: None,
    }
}
