//! What the nodes run on: a private PostgreSQL and a Redis; and the nodes of one measurement.

use std::fs::{DirBuilder, Permissions, read_to_string, remove_dir_all, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};
use localpg::Cluster;

use super::case::{Case, Wire};
use super::usage::{Usage, of_family, of_process, resident};
use crate::drive::Failure;
use crate::drive::client::{Target, answer};
use crate::drive::polling::poll;
use crate::fleet::node::{Node, Plan, Recipe};
use crate::fleet::redis::Redis;
use crate::hosting::PARENT;

const READY_LIMIT: Duration = Duration::from_secs(60);
const MEETING_LIMIT: Duration = Duration::from_secs(20);
/// The name of the cluster's superuser and first database, as a server names them.
const NAME: &str = "stoa";
const DATABASE: &str = "measured";
const TAGS: [&str; MOST] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// The most nodes, which the connections of the private PostgreSQL suffice for.
pub const MOST: usize = 8;

/// What runs for the whole time. Dropping it ends and removes everything.
pub struct Field {
    server: PathBuf,
    redis: Redis,
    cluster: Cluster,
    folder: Folder,
}

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

/// The nodes of one measurement on an empty database.
pub struct Town {
    nodes: Vec<Node>,
    /// The seconds until the last node was ready.
    pub ready: f64,
}

impl Field {
    /// Starts PostgreSQL and Redis in a folder of their own.
    pub fn open(server: PathBuf) -> Result<Self, Failure> {
        let folder = Path::new(PARENT).join(format!("stoa-load-{}-nodes", std::process::id()));
        DirBuilder::new().create(&folder)?;
        let folder = Folder(folder);
        set_permissions(&folder.0, Permissions::from_mode(0o755))?;
        Ok(Self {
            server,
            redis: Redis::start(&folder.0)?,
            cluster: Cluster::start(&folder.0.join("data"), NAME)?,
            folder,
        })
    }

    /// Starts the nodes of a case on an empty database, one after the other, and waits until each hears the others.
    pub async fn settle(&self, case: Case) -> Result<Town, Failure> {
        self.tell_database(&format!("drop database if exists {DATABASE} with (force)"))?;
        self.tell_database(&format!("create database {DATABASE}"))?;
        let (mut nodes, mut ready) = (Vec::new(), 0.0);
        for (index, tag) in TAGS.into_iter().take(case.nodes()).enumerate() {
            let begun = Instant::now();
            let mut node = Node::start(tag, self.plan(index, tag, case.wire()))?;
            let waited = node.wait_until_ready(READY_LIMIT);
            waited.map_err(|failure| format!("node {tag} is not ready: {failure}"))?;
            ready = begun.elapsed().as_secs_f64();
            nodes.push(node);
        }
        let town = Town { nodes, ready };
        town.until_acquainted(case.wire()).await?;
        Ok(town)
    }

    fn plan(&self, index: usize, tag: &str, wire: Wire) -> Plan {
        let mut arguments = vec!["--drain-notice-seconds", "0", "--drain-seconds", "0"];
        if index > 0 {
            arguments.extend(["--jobs", "off"]);
        }
        let recipe = Recipe {
            program: self.server.clone(),
            database: self
                .cluster
                .url()
                .replacen("/stoa?", &format!("/{DATABASE}?"), 1),
            redis: (wire == Wire::Redis).then(|| self.redis.url()),
            arguments: arguments.into_iter().map(str::to_owned).collect(),
        };
        let log = self.folder.0.join(format!("{tag}.log"));
        Plan { recipe, log }
    }

    fn tell_database(&self, statement: &str) -> Result<(), Failure> {
        let mut connection = PgConnection::establish(&self.cluster.url())?;
        sql_query(statement).execute(&mut connection)?;
        Ok(())
    }

    /// What these nodes, PostgreSQL and Redis have used so far.
    pub fn usage(&self, town: &Town) -> Result<Usage, Failure> {
        let file = self.folder.0.join("data/postgres/postmaster.pid");
        let text = read_to_string(file)?;
        let main = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        let nodes = town.nodes.iter();
        let nodes = nodes.map(|node| of_process(node.process()?.id()));
        Ok(Usage {
            nodes: nodes.collect::<Result<_, _>>()?,
            postgres: of_family(main.ok_or("postmaster.pid has no process")?)?,
            redis: of_process(self.redis.process()?.id())?,
        })
    }
}

impl Town {
    /// The nodes, as clients reach them.
    pub fn targets(&self) -> Result<Vec<Target>, Failure> {
        self.nodes.iter().map(Node::target).collect()
    }

    /// The MiB of memory that the last node has.
    pub fn memory_of_last(&self) -> Result<f64, Failure> {
        let last = self.nodes.last().ok_or("there is no node")?;
        resident(last.process()?.id())
    }

    /// Stops the nodes, each of which must end well.
    pub fn stop(mut self) -> Result<(), Failure> {
        self.nodes.iter_mut().try_for_each(Node::stop)
    }

    async fn until_acquainted(&self, wire: Wire) -> Result<(), Failure> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let wanted = match wire {
            Wire::None => "off",
            Wire::Redis => "whole",
        };
        for node in &self.nodes {
            let url = format!("http://{}/readyz", node.address);
            let what = format!("node {} to hear the others", node.tag);
            let look = async || {
                let told = answer(http.get(&url)).await.map_err(|no| no.to_string())?;
                let checks = told.get("checks").cloned().unwrap_or_default();
                let peers = checks.get("peers").and_then(serde_json::Value::as_u64);
                let hears_all = peers == Some(self.nodes.len() as u64 - 1);
                match hears_all && checks.get("wire").is_some_and(|state| state == wanted) {
                    true => Ok(()),
                    false => Err(checks.to_string()),
                }
            };
            poll(&what, MEETING_LIMIT, look).await?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _nothing_left = remove_dir_all(&self.0);
    }
}
