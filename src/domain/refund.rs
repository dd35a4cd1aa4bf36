//! Refunds of one payment: what a gateway says of each, told apart by its id, and how much is back for good.

use uuid::Uuid;

/// How a refund stands. A later one replaces an earlier one, in whatever order they are heard: a gateway that could not send money
/// back may try again, and what is back stays back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// The gateway could not send it back: somebody has to look.
    Failed,
    /// The money is back.
    Processed,
}

impl RefundStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Failed, Self::Processed];

    /// The name used in the database and by gateways.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Processed => "processed",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What a gateway says of one refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReport {
    /// The gateway's id of it.
    pub id: String,
    /// Our id of it, where the gateway repeats one: then a deal has asked for it.
    pub asked: Option<Uuid>,
    /// How much, in the payment's currency.
    pub amount: i64,
    /// How it stands.
    pub status: RefundStatus,
}

/// A refund as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The gateway's id of it.
    pub id: String,
    /// How much.
    pub amount: i64,
    /// How it stands.
    pub status: RefundStatus,
}

/// The refund that a report is about, as it stands then.
pub fn hear(known: &[Refund], report: &RefundReport) -> Refund {
    let before = known.iter().find(|refund| refund.id == report.id);
    let told = (report.status, report.amount);
    let (status, amount) = before.map_or(told, |before| told.max((before.status, before.amount)));
    Refund {
        id: report.id.clone(),
        amount,
        status,
    }
}

/// How much is back for good, once one of the refunds stands as it was heard to: what is under way or has failed is not back.
pub fn returned(known: &[Refund], heard: Option<&Refund>) -> i64 {
    let is_other = |refund: &&Refund| heard.is_none_or(|heard| heard.id != refund.id);
    let all = known.iter().filter(is_other).chain(heard);
    let processed = all.filter(|refund| refund.status == RefundStatus::Processed);
    processed.fold(0, |sum, refund| sum.saturating_add(refund.amount))
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;
