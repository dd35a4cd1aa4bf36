//! Background jobs. Each is inserted in the transaction that causes it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::file::FileNo;
use super::flow::{PaymentOutcome, StateVersion};
use super::ids::{ConversationNo, Seq};

/// A job, stored as its kind and payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Job {
    /// Create the order that a deal has requested at the gateway.
    CreateOrder {
        /// The deal.
        conversation_no: ConversationNo,
        /// The order: the state version at which it was requested.
        order: StateVersion,
    },
    /// Handle an event from a gateway's webhook.
    PaymentEvent {
        /// The gateway's name.
        gateway: String,
        /// The event's id.
        event_id: String,
    },
    /// Deliver the outcome of a payment to a deal. The outcomes of one deal are delivered in the order of
    /// insertion.
    TellDeal {
        /// The deal.
        conversation_no: ConversationNo,
        /// The order.
        order: StateVersion,
        /// The outcome.
        outcome: PaymentOutcome,
    },
    /// Announce entries committed by another process, such as `stoa flow migrate`.
    Announce {
        /// The conversation.
        conversation_no: ConversationNo,
        /// The last seq before these entries.
        after: Seq,
    },
    /// Ask the gateway about an order without news.
    Reconcile {
        /// The order's number.
        order_no: i64,
    },
    /// Send money back through the gateway.
    Refund {
        /// The refund's id, which is also its idempotency key at the gateway.
        refund: Uuid,
    },
    /// Deliver a webhook to the platform.
    DeliverEvent {
        /// The event's number.
        event_no: i64,
    },
    /// Check a file of which all bytes have come.
    CheckFile {
        /// The file.
        file_no: FileNo,
    },
    /// Delete a file's bytes if it is due and no message shows it, and its row long after that.
    DropFile {
        /// The file.
        file_no: FileNo,
    },
    /// Handle an event of the platform. Events about one subject are handled in the order of their numbers.
    HandleEvent {
        /// The event's number.
        event_no: i64,
    },
    /// Carry out a rule that runs later than its event.
    RunRule {
        /// The event's number.
        event_no: i64,
        /// The place of the run among those of the event.
        place: i16,
    },
    /// Post webhooks of the sandbox to this server.
    SandboxEvents {
        /// The events in order, each with its id and envelope.
        events: Vec<(String, String)>,
    },
}

impl Job {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 12] = [
        "create_order",
        "payment_event",
        "tell_deal",
        "announce",
        "reconcile",
        "refund",
        "deliver_event",
        "check_file",
        "drop_file",
        "handle_event",
        "run_rule",
        "sandbox_events",
    ];

    /// The name of the kind in the database.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateOrder { .. } => "create_order",
            Self::PaymentEvent { .. } => "payment_event",
            Self::TellDeal { .. } => "tell_deal",
            Self::Announce { .. } => "announce",
            Self::Reconcile { .. } => "reconcile",
            Self::Refund { .. } => "refund",
            Self::DeliverEvent { .. } => "deliver_event",
            Self::HandleEvent { .. } => "handle_event",
            Self::RunRule { .. } => "run_rule",
            Self::SandboxEvents { .. } => "sandbox_events",
            Self::CheckFile { .. } => "check_file",
            Self::DropFile { .. } => "drop_file",
        }
    }

    /// The lane: slow receivers of webhooks must not delay payments.
    pub fn lane(&self) -> Lane {
        match self {
            Self::DeliverEvent { .. } => Lane::Delivery,
            Self::CheckFile { .. } | Self::DropFile { .. } => Lane::Files,
            Self::HandleEvent { .. } | Self::RunRule { .. } => Lane::Events,
            Self::CreateOrder { .. }
            | Self::PaymentEvent { .. }
            | Self::TellDeal { .. }
            | Self::Announce { .. }
            | Self::Reconcile { .. }
            | Self::Refund { .. }
            | Self::SandboxEvents { .. } => Lane::Work,
        }
    }
}

/// Jobs of different lanes do not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Jobs that concern this server and the gateway.
    Work,
    /// Webhooks to the platform.
    Delivery,
    /// Checks and deletions of files.
    Files,
    /// What follows from the platform's events.
    Events,
}

impl Lane {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Delivery => "delivery",
            Self::Files => "files",
            Self::Events => "events",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_stored_under_the_kind_that_it_says() {
        let jobs = [
            Job::CreateOrder {
                conversation_no: ConversationNo(1),
                order: 2,
            },
            Job::PaymentEvent {
                gateway: "razorpay".into(),
                event_id: "e".into(),
            },
            Job::TellDeal {
                conversation_no: ConversationNo(1),
                order: 2,
                outcome: PaymentOutcome::Paid,
            },
            Job::Announce {
                conversation_no: ConversationNo(1),
                after: 2,
            },
            Job::Reconcile { order_no: 3 },
            Job::Refund {
                refund: Uuid::now_v7(),
            },
            Job::DeliverEvent { event_no: 4 },
            Job::CheckFile { file_no: FileNo(5) },
            Job::DropFile { file_no: FileNo(5) },
            Job::HandleEvent { event_no: 6 },
            Job::RunRule {
                event_no: 6,
                place: 1,
            },
            Job::SandboxEvents {
                events: vec![("e".into(), "{}".into())],
            },
        ];
        assert_eq!(jobs.each_ref().map(Job::kind), Job::KINDS);
        for job in jobs {
            let stored = serde_json::to_value(&job).unwrap();
            assert_eq!(stored["kind"], job.kind());
            assert_eq!(serde_json::from_value::<Job>(stored).unwrap(), job);
        }
    }
}
