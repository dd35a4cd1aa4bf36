//! Money at a gateway: how far a payment has come, what it means for its order, and the rules by which both only move forward.

use super::flow::{Money, PaymentOutcome};
use super::refund::RefundReport;

/// How far a payment has come, as the gateway names it. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// Begun.
    Created,
    /// Refused, for now: the same payment may still be captured.
    Failed,
    /// The bank has set the money aside.
    Authorized,
    /// The bank has let it go again: it was never collected, so it pays for nothing.
    Released,
    /// The money is there.
    Captured,
    /// The money went back.
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

    /// The name used in the database and by gateways.
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

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether an attempt to pay has come to nothing, as far as is known.
    fn is_in_vain(self) -> bool {
        matches!(self, Self::Failed | Self::Released)
    }
}

/// Where a payment stands after it was heard to be somewhere: it never goes back.
pub fn advance(now: PaymentStatus, told: PaymentStatus) -> PaymentStatus {
    now.max(told)
}

/// What captured money means for its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It pays the order.
    Paid,
    /// It is of another amount or currency than asked for.
    WrongAmount,
    /// Another payment has paid the order already.
    Repeated,
}

impl Verdict {
    /// The name used in the database, and as the reason of a refund.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::WrongAmount => "wrong_amount",
            Self::Repeated => "repeated",
        }
    }
}

/// Judges captured money: what was asked for, by which payment that was paid so far, and what has come with this one.
pub fn verdict(price: &Money, paid_by: Option<&str>, payment: &str, captured: &Money) -> Verdict {
    match paid_by {
        Some(other) if other != payment => Verdict::Repeated,
        Some(_) | None if captured != price => Verdict::WrongAmount,
        Some(_) | None => Verdict::Paid,
    }
}

/// What a gateway says of one payment, by webhook or when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The gateway's id of the payment.
    pub payment: String,
    /// The gateway's id of the order; absent where only a refund is told of.
    pub order: Option<String>,
    /// What was paid; absent where only a refund is told of.
    pub paid: Option<Money>,
    /// How far it has come, but for what went back; `Created` where nothing is told of that.
    pub status: PaymentStatus,
    /// The refund that it is about.
    pub refund: Option<RefundReport>,
}

/// What is known of an order before a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// What was asked for.
    pub price: Money,
    /// The payment that paid it.
    pub paid_by: Option<String>,
}

/// What is known of a payment before a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFacts {
    /// How far it had come.
    pub status: PaymentStatus,
    /// What was paid with it.
    pub paid: Money,
    /// Whether it was judged, and whether it is the one that paid.
    pub judged: bool,
}

/// What follows from a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Where the payment stands now.
    pub status: PaymentStatus,
    /// What was paid with it.
    pub paid: Money,
    /// Its verdict, where it was found now.
    pub verdict: Option<Verdict>,
    /// Whether the order's own money went back, just now.
    pub order_refunded: bool,
    /// What the deal is told, in this order.
    pub outcomes: Vec<PaymentOutcome>,
}

/// Judges a report, where so much of the payment is back for good; `None` while too little is known of the payment to say anything.
/// Only what was collected can go back: a refund alone says nothing of that.
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
    let was_in_vain = before.is_some_and(PaymentStatus::is_in_vain);
    let failed = status.is_in_vain() && !was_in_vain && order.paid_by.is_none();
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
