//! Payments at a gateway: the rules for their status and their order's, both of which only move forward.

use super::flow::{Money, PaymentOutcome};
use super::refund::RefundReport;

/// The status of a payment in the gateway's terms. A later status is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// Begun.
    Created,
    /// Declined; the same payment may still be captured.
    Failed,
    /// The bank has reserved the money.
    Authorized,
    /// The bank has released the reserved money. It was never captured, so it pays for nothing.
    Released,
    /// The money was collected.
    Captured,
    /// The money was sent back.
    Refunded,
}

impl PaymentStatus {
    const ALL: [Self; 6] = [
        Self::Created,
        Self::Failed,
        Self::Authorized,
        Self::Released,
        Self::Captured,
        Self::Refunded,
    ];

    /// The name in the database and at gateways.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Failed => "failed",
            Self::Authorized => "authorized",
            Self::Released => "released",
            Self::Captured => "captured",
            Self::Refunded => "refunded",
        }
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether an attempt has failed, as far as is known.
    fn has_failed(self) -> bool {
        matches!(self, Self::Failed | Self::Released)
    }
}

/// The status after a report: the greater of the two.
pub fn advance(now: PaymentStatus, reported: PaymentStatus) -> PaymentStatus {
    now.max(reported)
}

/// What captured money means for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It pays the order.
    Paid,
    /// Its amount or currency is not the requested one.
    WrongAmount,
    /// Another payment has already paid the order.
    Repeated,
}

impl Verdict {
    /// The name in the database, and as the reason of a refund.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::WrongAmount => "wrong_amount",
            Self::Repeated => "repeated",
        }
    }
}

/// Judges captured money. `paid_by` is the payment that has paid the order so far, `captured` the amount of
/// this `payment`.
pub fn verdict(price: &Money, paid_by: Option<&str>, payment: &str, captured: &Money) -> Verdict {
    match paid_by {
        Some(other) if other != payment => Verdict::Repeated,
        Some(_) | None if captured != price => Verdict::WrongAmount,
        Some(_) | None => Verdict::Paid,
    }
}

/// A gateway's report on a payment, from a webhook or a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The gateway's id of the payment.
    pub payment: String,
    /// The gateway's id of the order; `None` if the report is on a refund only.
    pub order: Option<String>,
    /// The amount; `None` if the report is on a refund only.
    pub paid: Option<Money>,
    /// The status without regard to refunds; `Created` if the report does not say.
    pub status: PaymentStatus,
    /// The refund that it reports on.
    pub refund: Option<RefundReport>,
}

/// An order before a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// The requested amount.
    pub price: Money,
    /// The payment that paid it.
    pub paid_by: Option<String>,
}

/// A payment before a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFacts {
    /// Its status.
    pub status: PaymentStatus,
    /// Its amount.
    pub paid: Money,
    /// Whether it has a verdict.
    pub judged: bool,
}

/// The consequences of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The payment's status.
    pub status: PaymentStatus,
    /// Its amount.
    pub paid: Money,
    /// Its verdict, if this report leads to one.
    pub verdict: Option<Verdict>,
    /// Whether this report completes the refund of the order's own payment.
    pub order_refunded: bool,
    /// The outcomes for the deal, in order.
    pub outcomes: Vec<PaymentOutcome>,
}

/// Judges a report. `returned` is the amount of the payment that was refunded for good. Returns `None` if too
/// little is known of the payment: only captured money can be refunded, and a refund alone does not prove
/// capture.
pub fn judge(
    order: &OrderFacts,
    known: Option<&PaymentFacts>,
    report: &Report,
    returned: i64,
) -> Option<Judgement> {
    let paid = match (&report.paid, known) {
        (_, Some(known)) if known.judged => known.paid.clone(),
        (Some(paid), _) => paid.clone(),
        (None, Some(known)) => known.paid.clone(),
        (None, None) => return None,
    };
    let before = known.map(|known| known.status);
    let heard = before.map_or(report.status, |before| advance(before, report.status));
    let is_back = returned > 0 && returned >= paid.amount;
    let status = match heard {
        PaymentStatus::Captured if is_back => PaymentStatus::Refunded,
        other => other,
    };
    let judged = known.is_some_and(|known| known.judged);
    let verdict = (status >= PaymentStatus::Captured && !judged).then(|| {
        verdict(
            &order.price,
            order.paid_by.as_deref(),
            &report.payment,
            &paid,
        )
    });
    let owner = verdict == Some(Verdict::Paid) || order.paid_by.as_ref() == Some(&report.payment);
    let moved = before.is_none_or(|before| before < status);
    let order_refunded = owner && moved && status == PaymentStatus::Refunded;
    let was_in_vain = before.is_some_and(PaymentStatus::has_failed);
    let failed = status.has_failed() && !was_in_vain && order.paid_by.is_none();
    let outcomes = [
        failed.then_some(PaymentOutcome::Failed),
        verdict.map(|verdict| outcome(verdict, &paid)),
        order_refunded.then_some(PaymentOutcome::Refunded),
    ];
    Some(Judgement {
        status,
        verdict,
        order_refunded,
        outcomes: outcomes.into_iter().flatten().collect(),
        paid,
    })
}

fn outcome(verdict: Verdict, paid: &Money) -> PaymentOutcome {
    match verdict {
        Verdict::Paid => PaymentOutcome::Paid,
        Verdict::WrongAmount => PaymentOutcome::WrongAmount { paid: paid.clone() },
        Verdict::Repeated => PaymentOutcome::Repeated,
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
