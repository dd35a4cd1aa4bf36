//! What is measured: how many nodes, with or without Redis, and who sends and listens where.

use std::time::Duration;

use crate::drive::client::Target;
use crate::sending::SendRate;
use crate::traffic::Part;

/// Conversations of the ratios.
const CONVERSATIONS: usize = 50;
/// Conversations of the table, shared out among the nodes.
const SHARED_OUT: usize = 48;
const CROWD: usize = 200;
/// Messages a second while a third node is not used.
pub const STEADY_RATE: u32 = 20_000;

/// One thing to measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// One node without Redis.
    One,
    /// One node with Redis.
    OneWithRedis,
    /// Senders at one node, listeners at the other.
    Apart,
    /// Both nodes write the same conversations.
    Same,
    /// Each node writes conversations of its own.
    Different,
    /// One conversation with many listeners at one node without Redis.
    Crowd,
    /// One conversation with many listeners at the other node.
    CrowdApart,
    /// A steady rate at one of three nodes, the last of which nobody uses.
    Unused,
    /// So many nodes with Redis, senders at each, their listeners at the next.
    Nodes(usize),
}

/// Whether nodes have a Redis between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    None,
    Redis,
}

impl Case {
    /// Everything, with a table of up to so many nodes.
    pub fn all(nodes: usize) -> Vec<Self> {
        let ratios = [
            Self::One,
            Self::OneWithRedis,
            Self::Apart,
            Self::Same,
            Self::Different,
            Self::Crowd,
            Self::CrowdApart,
            Self::Unused,
        ];
        let table = (1..=nodes).map(Self::Nodes);
        ratios.into_iter().chain(table).collect()
    }

    /// Its name in the tables.
    pub fn name(self) -> String {
        let name = match self {
            Self::One => "one node",
            Self::OneWithRedis => "one node with Redis",
            Self::Apart => "senders on A, listeners on B",
            Self::Same => "both write the same 50",
            Self::Different => "both write 50 different ones",
            Self::Crowd => "200 listeners on one node",
            Self::CrowdApart => "200 listeners on B",
            Self::Unused => "a third node that nobody uses",
            Self::Nodes(1) => return "1 node".to_owned(),
            Self::Nodes(count) => return format!("{count} nodes"),
        };
        name.to_owned()
    }

    /// The nodes that run.
    pub fn nodes(self) -> usize {
        match self {
            Self::One | Self::OneWithRedis | Self::Crowd => 1,
            Self::Apart | Self::Same | Self::Different | Self::CrowdApart => 2,
            Self::Unused => 3,
            Self::Nodes(count) => count,
        }
    }

    /// Whether they have a Redis.
    pub fn wire(self) -> Wire {
        match self {
            Self::One | Self::Crowd => Wire::None,
            _ => Wire::Redis,
        }
    }

    /// Sends in flight for each sender, and when they are sent.
    pub fn load(self) -> (usize, SendRate) {
        match self {
            Self::Unused => {
                let each = STEADY_RATE / CONVERSATIONS as u32;
                (64, SendRate::Every(Duration::from_secs(1) / each))
            }
            _ => (4, SendRate::Unbounded),
        }
    }

    /// Who sends and listens where.
    pub fn parts(self, nodes: &[Target]) -> Vec<Part<'_>> {
        let at = |index: usize| nodes.iter().cycle().nth(index).into_iter();
        let part = |conversations, senders: Vec<usize>, listeners: Vec<usize>| Part {
            conversations,
            senders: senders.into_iter().flat_map(at).collect(),
            people: 1,
            listeners: listeners.into_iter().flat_map(at).collect(),
        };
        let crowd = |node: usize| Part {
            people: CROWD,
            ..part(1, vec![0], vec![node; CROWD])
        };
        match self {
            Self::One | Self::OneWithRedis | Self::Unused => {
                vec![part(CONVERSATIONS, vec![0], vec![0])]
            }
            Self::Apart => vec![part(CONVERSATIONS, vec![0], vec![1])],
            Self::Same => vec![part(CONVERSATIONS, vec![0, 1], vec![0, 1])],
            Self::Different => vec![
                part(CONVERSATIONS, vec![0], vec![0]),
                part(CONVERSATIONS, vec![1], vec![1]),
            ],
            Self::Crowd => vec![crowd(0)],
            Self::CrowdApart => vec![crowd(1)],
            Self::Nodes(count) => {
                let share =
                    |node: usize| SHARED_OUT / count + usize::from(node < SHARED_OUT % count);
                let parts = (0..count).map(|node| part(share(node), vec![node], vec![node + 1]));
                parts.collect()
            }
        }
    }
}
