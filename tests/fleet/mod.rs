//! Several nodes on one database and what stands beside them, as processes: balancers, Redis. Each can be killed, frozen and started again.

pub mod balancer;
pub mod crowd;
pub mod judge;
pub mod link;
pub mod listening;
pub mod node;
pub mod process;
pub mod random;
pub mod redis;
pub mod sending;
pub mod sentinels;

use std::path::Path;
use std::time::Duration;

use crate::drive::Failure;
use crate::postgres::TestCluster;

pub use node::Recipe;
use node::{Node, Plan};

/// The tags of nodes, as the balancers' files in `deploy` name them.
pub const TAGS: [&str; 3] = ["a", "b", "c"];
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Three nodes on a database of their own.
pub struct Fleet {
    pub nodes: Vec<Node>,
    pub database: String,
    pub cluster: TestCluster,
}

/// A cluster with an empty database for nodes, and how to reach that.
pub fn empty_database() -> Result<(TestCluster, String), Failure> {
    let cluster = TestCluster::start()?;
    let database = cluster.create_database("nodes")?;
    Ok((cluster, database))
}

impl Fleet {
    /// Starts the nodes, and waits until all are ready.
    pub fn start(
        (cluster, database): (TestCluster, String),
        recipes: &[Recipe],
    ) -> Result<Self, Failure> {
        let folder = cluster.folder().join("nodes");
        std::fs::create_dir(&folder)?;
        let mut nodes = Vec::new();
        for (tag, recipe) in TAGS.into_iter().zip(recipes) {
            let plan = Plan {
                recipe: recipe.clone(),
                log: folder.join(format!("{tag}.log")),
            };
            // One after the other: the first one makes the tables.
            let mut node = Node::start(tag, plan)?;
            node.wait_until_ready(READY_LIMIT)?;
            nodes.push(node);
        }
        Ok(Self {
            nodes,
            database,
            cluster,
        })
    }

    /// A folder that goes away with the fleet.
    pub fn folder(&self) -> &Path {
        self.cluster.folder()
    }

    /// The addresses of the nodes, with their tags.
    pub fn addresses(&self) -> Vec<(&'static str, String)> {
        let nodes = self.nodes.iter();
        nodes.map(|node| (node.tag, node.address.clone())).collect()
    }
}
