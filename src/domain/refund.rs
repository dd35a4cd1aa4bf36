//! Refunds of one payment, distinguished by the gateway's ids.

use uuid::Uuid;

/// The status of a refund. The greater of two reports counts, in whatever order they arrive: a gateway may
/// retry a failed refund, and a processed one stays processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// The gateway could not send the money back; an operator must act.
    Failed,
    /// The money was sent back.
    Processed,
}

impl RefundStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Failed, Self::Processed];

    /// The name in the database and at gateways.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Processed => "processed",
        }
    }

    /// The status with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// A gateway's report on a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReport {
    /// The gateway's id.
    pub id: String,
    /// Stoa's id, if the gateway repeats it: then a deal requested the refund.
    pub asked: Option<Uuid>,
    /// The amount in the smallest unit of the payment's currency.
    pub amount: i64,
    /// The status.
    pub status: RefundStatus,
}

/// A known refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The gateway's id.
    pub id: String,
    /// The amount.
    pub amount: i64,
    /// The status.
    pub status: RefundStatus,
}

/// The refund after a report on it.
pub fn apply_report(known: &[Refund], report: &RefundReport) -> Refund {
    let before = known.iter().find(|refund| refund.id == report.id);
    let told = (report.status, report.amount);
    let (status, amount) = before.map_or(told, |before| told.max((before.status, before.amount)));
    Refund {
        id: report.id.clone(),
        amount,
        status,
    }
}

/// The amount that was sent back for good, once the `latest` report is applied. Pending and failed refunds do
/// not count.
pub fn returned(known: &[Refund], latest: Option<&Refund>) -> i64 {
    let is_other = |refund: &&Refund| latest.is_none_or(|latest| latest.id != refund.id);
    let all = known.iter().filter(is_other).chain(latest);
    let processed = all.filter(|refund| refund.status == RefundStatus::Processed);
    processed.fold(0, |sum, refund| sum.saturating_add(refund.amount))
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;
