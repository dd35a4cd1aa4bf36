//! The scenarios of sends at one server: many conversations, few, one with many listeners.

use std::time::Duration;

use crate::drive::Failure;
use crate::drive::client::Target;
use crate::report::{Row, grouped, rate};
use crate::sending::SendRate;
use crate::traffic::{Part, Traffic};

const WARM_UP: Duration = Duration::from_secs(2);
/// A group has at most 256 participants; more sockets than that share them.
const LISTENING_PEOPLE: usize = 250;

/// A scenario of sends.
pub struct Sends {
    pub name: &'static str,
    pub conversations: usize,
    /// Sends in flight for each sender.
    pub window: usize,
    /// Listening sockets for each conversation, besides the sender's.
    pub listeners: usize,
    pub seconds: f64,
    pub asked: &'static str,
}

impl Sends {
    /// Runs the scenario and checks everything that was received.
    pub async fn run(&self, target: &Target) -> Result<Row, Failure> {
        let part = Part {
            conversations: self.conversations,
            senders: vec![target],
            listeners: vec![target; self.listeners],
            people: self.listeners.min(LISTENING_PEOPLE),
        };
        let traffic = Traffic {
            name: self.name,
            parts: vec![part],
            window: self.window,
            rate: SendRate::Unbounded,
            warm_up: WARM_UP,
            seconds: self.seconds,
        };
        let outcome = traffic.run(|| ()).await?;
        let (acknowledged, delivered) = (&outcome.meter.acknowledged, &outcome.meter.delivered);
        Ok(Row {
            scenario: self.name,
            load: format!(
                "{} × {} in flight, {} listening",
                self.conversations, self.window, self.listeners
            ),
            figures: format!(
                "{} acknowledged/s, p50/p99 {}; {} delivered/s, {}",
                rate(acknowledged.count(), outcome.seconds),
                acknowledged.quantiles(),
                rate(delivered.count(), outcome.seconds),
                delivered.quantiles(),
            ),
            asked: self.asked,
            checked: format!(
                "{} messages × {} sockets",
                grouped(outcome.checked),
                self.listeners + 1
            ),
            problems: outcome.problems,
        })
    }
}
