//! Work that is written down with the fact that caused it, and done later.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::flow::{PaymentOutcome, StateVersion};
use super::ids::{ConversationNo, Seq};

/// Everything that can be done later. Stored as its kind and its payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Job {
    /// Have the gateway make an order that a deal has asked for.
    CreateOrder {
        /// The deal.
        conversation_no: ConversationNo,
        /// The order, by the version at which it was asked for.
        order: StateVersion,
    },
    /// Look at an event from a gateway's webhook.
    PaymentEvent {
        /// The gateway's name.
        gateway: String,
        /// The event's id.
        event_id: String,
    },
    /// Tell a deal what became of money. Those of one deal are told in the order in which they were written.
    TellDeal {
        /// The deal.
        conversation_no: ConversationNo,
        /// The order.
        order: StateVersion,
        /// What became of it.
        outcome: PaymentOutcome,
    },
    /// Tell a conversation's room what somebody has committed who is no server.
    Announce {
        /// The conversation.
        conversation_no: ConversationNo,
        /// The last seq before.
        after: Seq,
    },
    /// Ask the gateway about an order that nobody has heard of for a while.
    Reconcile {
        /// The order's number.
        order_no: i64,
    },
    /// Have the gateway send money back.
    Refund {
        /// The refund's id, which is its key at the gateway too.
        refund: Uuid,
    },
    /// Tell the platform of something.
    DeliverEvent {
        /// The event's number.
        event_no: i64,
    },
    /// What the sandbox, as a gateway, posts to us.
    SandboxEvents {
        /// Each with its id and its envelope, in order.
        events: Vec<(String, String)>,
    },
}

impl Job {
    /// The name of its kind in the database.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateOrder { .. } => "create_order",
            Self::PaymentEvent { .. } => "payment_event",
            Self::TellDeal { .. } => "tell_deal",
            Self::Announce { .. } => "announce",
            Self::Reconcile { .. } => "reconcile",
            Self::Refund { .. } => "refund",
            Self::DeliverEvent { .. } => "deliver_event",
            Self::SandboxEvents { .. } => "sandbox_events",
        }
    }

    /// Who does it: slow receivers of webhooks must not keep payments waiting.
    pub fn lane(&self) -> Lane {
        match self {
            Self::DeliverEvent { .. } => Lane::Delivery,
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

/// Jobs of one lane wait for each other only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Ours and the gateway's.
    Work,
    /// The platform's webhooks.
    Delivery,
}

impl Lane {
    /// The name used in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Delivery => "delivery",
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
            Job::Reconcile { order_no: 3 },
            Job::Refund {
                refund: Uuid::now_v7(),
            },
            Job::DeliverEvent { event_no: 4 },
            Job::SandboxEvents {
                events: vec![("e".into(), "{}".into())],
            },
        ];
        for job in jobs {
            let stored = serde_json::to_value(&job).unwrap();
            assert_eq!(stored["kind"], job.kind());
            assert_eq!(serde_json::from_value::<Job>(stored).unwrap(), job);
        }
    }
}
