//! A Redis with a replica, watched by three sentinels, which make the replica the master if the master fails.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::drive::Failure;
use crate::drive::polling::poll_blocking;
use crate::drive::process::free_address;

use super::process::{Process, program};
use super::redis::{Redis, tell};

/// The name under which sentinels know the master.
const NAME: &str = "stoa";
const SENTINELS: usize = 3;
const START_LIMIT: Duration = Duration::from_secs(30);
const FAILOVER_LIMIT: Duration = Duration::from_secs(30);

/// A master, a replica, and those who watch them. Dropping it kills them.
pub struct Sentinels {
    redises: Vec<Redis>,
    addresses: Vec<String>,
    _processes: Vec<Process>,
}

impl Sentinels {
    /// Starts all of them, and waits until the sentinels know each other and the replica.
    pub fn start(folder: &Path) -> Result<Self, Failure> {
        let mut redises = Vec::new();
        for name in ["first", "second"] {
            let own = folder.join(name);
            std::fs::create_dir(&own)?;
            redises.push(Redis::start(&own)?);
        }
        let [first, second] = redises.as_slice() else {
            return Err("there are two".into());
        };
        let master = first.address.replace(':', " ");
        second.tell(&format!("REPLICAOF {master}"))?;
        let (mut addresses, mut processes) = (Vec::new(), Vec::new());
        for number in 0..SENTINELS {
            let own = folder.join(format!("sentinel-{number}"));
            std::fs::create_dir(&own)?;
            let address = free_address()?;
            processes.push(sentinel(&own, &address, &master)?);
            addresses.push(address);
        }
        let all = Self {
            redises,
            addresses,
            _processes: processes,
        };
        poll_blocking("the sentinels to know all", START_LIMIT, || all.is_known())?;
        Ok(all)
    }

    /// How nodes reach the master.
    pub fn url(&self) -> String {
        format!("redis-sentinel://{}/{NAME}", self.addresses.join(","))
    }

    /// Whether every sentinel knows the others and the replica.
    fn is_known(&self) -> Result<(), String> {
        for address in &self.addresses {
            let said = tell(address, &format!("SENTINEL MASTER {NAME}"));
            let said = said.map_err(|failure| failure.to_string())?;
            let others = format!("num-other-sentinels\r\n$1\r\n{}", SENTINELS - 1);
            let knows_all = said.contains("num-slaves\r\n$1\r\n1") && said.contains(&others);
            if !knows_all {
                return Err(said);
            }
        }
        Ok(())
    }

    /// The Redis that the sentinels take for the master.
    pub fn master(&mut self) -> Result<&mut Redis, Failure> {
        let asked = format!("SENTINEL GET-MASTER-ADDR-BY-NAME {NAME}");
        let address = self.addresses.first().ok_or("no sentinel")?;
        let said = tell(address, &asked)?;
        let is_named = |redis: &&mut Redis| {
            let port = redis.address.rsplit(':').next().unwrap_or_default();
            said.lines().any(|line| line == port)
        };
        let found = self.redises.iter_mut().find(is_named);
        found.ok_or_else(|| format!("the master is unknown: {said}").into())
    }

    /// The Redis at this address.
    pub fn at(&mut self, address: &str) -> Result<&mut Redis, Failure> {
        let mut redises = self.redises.iter_mut();
        let found = redises.find(|redis| redis.address == address);
        Ok(found.ok_or("no such Redis")?)
    }

    /// Makes the replica the master, as an operator would.
    pub fn fail_over(&mut self) -> Result<(), Failure> {
        let before = self.master()?.address.clone();
        let address = self.addresses.first().ok_or("no sentinel")?.clone();
        poll_blocking("a failover to begin", FAILOVER_LIMIT, || {
            tell(&address, &format!("SENTINEL FAILOVER {NAME}"))
        })?;
        self.wait_for_another(&before)
    }

    /// Waits until another Redis than this one is the master.
    pub fn wait_for_another(&mut self, before: &str) -> Result<(), Failure> {
        poll_blocking("a failover", FAILOVER_LIMIT, || match self.master() {
            Ok(master) if master.address != before => Ok(()),
            Ok(_) => Err("the master is the same".to_owned()),
            Err(failure) => Err(failure.to_string()),
        })?;
        Ok(())
    }

    /// Starts what has been killed, and waits until it is the replica.
    pub fn heal(&mut self) -> Result<(), Failure> {
        for redis in &mut self.redises {
            redis.start_if_it_has_ended()?;
        }
        poll_blocking("a replica", FAILOVER_LIMIT, || {
            let roles = self.redises.iter().map(|redis| redis.tell("ROLE"));
            let is_replica = |role: std::io::Result<String>| {
                role.is_ok_and(|role| role.contains("slave") && role.contains("connected"))
            };
            match roles
                .filter_map(|role| Some(is_replica(role)).filter(|is| *is))
                .count()
            {
                1 => Ok(()),
                count => Err(format!("{count} replicas")),
            }
        })?;
        Ok(())
    }
}

fn sentinel(folder: &Path, address: &str, master: &str) -> Result<Process, Failure> {
    let (host, port) = address.split_once(':').ok_or("no port")?;
    let file = folder.join("sentinel.conf");
    let text = format!(
        "bind {host}\nport {port}\ndir {}\nsentinel monitor {NAME} {master} 2\n\
         sentinel down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 4000\n",
        folder.display()
    );
    std::fs::write(&file, text)?;
    let mut command = Command::new(program("redis-server")?);
    command.arg(&file).arg("--sentinel");
    Process::start(&mut command, &folder.join("log"))
}
