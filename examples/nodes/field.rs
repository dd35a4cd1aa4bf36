//! Everything that runs during the rounds: PostgreSQL, Redis, three nodes with ways to both that can be cut, HAProxy.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Options;
use crate::drive::Failure;
use crate::drive::client::Target;
use crate::drive::process::free_address;
use crate::fleet::balancer::{Balancer, Kind};
use crate::fleet::link::{End, Link};
use crate::fleet::redis::Redis;
use crate::fleet::sentinels::Sentinels;
use crate::fleet::{Fleet, Recipe, TAGS, empty_database};

/// The node whose way to PostgreSQL can be cut; the others reach it directly.
pub const FAR: usize = 1;

/// What runs.
pub struct Field {
    pub fleet: Fleet,
    pub redis: Option<Redis>,
    pub sentinels: Option<Sentinels>,
    /// The ways of the nodes to Redis, by the nodes' places.
    pub to_redis: Vec<Link>,
    /// The way of one node to PostgreSQL.
    pub to_database: Link,
    /// For Socket.IO clients, which know one address.
    pub balancer: Option<Balancer>,
}

impl Field {
    /// Starts everything.
    pub fn prepare(options: &Options, server: &Path) -> Result<Self, Failure> {
        let (cluster, database) = empty_database()?;
        let folder = cluster.folder().to_owned();
        let (mut redis, mut sentinels) = (None, None);
        if options.sentinels {
            sentinels = Some(Sentinels::start(&folder)?);
        } else if !options.without_redis {
            redis = Some(Redis::start(&folder)?);
        }
        let far = folder.join("far");
        std::fs::create_dir(&far)?;
        let socket = |folder: &Path| End::Unix(folder.join(".s.PGSQL.5432"));
        let to_database = Link::open(socket(&far), socket(&folder))?;
        let (mut to_redis, mut recipes) = (Vec::new(), Vec::new());
        for node in 0..TAGS.len() {
            let is_deaf = options.one_without_redis && node + 1 == TAGS.len();
            let url = match &redis {
                Some(_) if is_deaf => None,
                Some(redis) => Some(way_to(redis, &mut to_redis)?),
                None => sentinels.as_ref().map(Sentinels::url),
            };
            let host = if node == FAR { &far } else { &folder };
            recipes.push(Recipe {
                program: program_of(node, options, server),
                database: format!("postgresql://postgres@/nodes?host={}", host.display()),
                redis: url,
                arguments: ["--drain-notice-seconds", "3", "--drain-seconds", "1"]
                    .map(str::to_owned)
                    .to_vec(),
            });
        }
        let fleet = Fleet::start((cluster, database), &recipes)?;
        let balancer = match options.without_socketio {
            true => None,
            false => Some(Balancer::start(Kind::Haproxy, &fleet.addresses(), &folder)?),
        };
        Ok(Self {
            fleet,
            redis,
            sentinels,
            to_redis,
            to_database,
            balancer,
        })
    }

    /// The nodes, as clients reach them.
    pub fn targets(&self) -> Result<Vec<Target>, Failure> {
        self.fleet.nodes.iter().map(|node| node.target()).collect()
    }

    /// Sends a signal to PostgreSQL and all its processes.
    pub fn signal_database(&self, signal: &str) -> Result<(), Failure> {
        let file = self.fleet.folder().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file)?;
        let main = text.lines().next().ok_or("postmaster.pid is empty")?;
        let children = Command::new("pgrep").args(["-P", main]).output()?;
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        // A process may have ended since it was listed.
        Command::new("kill")
            .args(["-s", signal, main])
            .args(children.lines())
            .stderr(Stdio::null())
            .status()?;
        Ok(())
    }
}

/// With versions mixed, the first node runs the older one.
fn program_of(node: usize, options: &Options, server: &Path) -> PathBuf {
    match (&options.previous, node) {
        (Some(previous), 0) => previous.clone(),
        _ => server.to_owned(),
    }
}

/// A way to Redis of its own; answers the address that a node gets.
fn way_to(redis: &Redis, ways: &mut Vec<Link>) -> Result<String, Failure> {
    let near = free_address()?;
    let link = Link::open(End::Tcp(near.clone()), End::Tcp(redis.address.clone()))?;
    ways.push(link);
    Ok(format!("redis://{near}"))
}
