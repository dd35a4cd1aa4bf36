//! The faults: what each does, whom it excuses for being late, and how late the others may be.

use std::thread::sleep;
use std::time::Duration;

use clap::ValueEnum;

use crate::drive::Failure;
use crate::field::{FAR, Field};
use crate::fleet::TAGS;
use crate::fleet::link::State;
use crate::fleet::random::Random;

const READY_LIMIT: Duration = Duration::from_secs(60);

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Fault {
    /// Nothing
    None,
    /// kill -9 of a node, and a start
    NodeKilled,
    /// SIGTERM to a node, its end, and a start
    NodeRestarted,
    /// SIGSTOP to a node, and SIGCONT
    NodeFrozen,
    /// kill -9 of Redis, and a start
    RedisKilled,
    /// FLUSHALL
    RedisFlushed,
    /// CLIENT KILL TYPE pubsub
    SubscribersKilled,
    /// SIGSTOP to Redis, and SIGCONT
    RedisFrozen,
    /// A node's connections to Redis break, and new ones are refused
    RedisCut,
    /// A node's connections to Redis carry nothing
    RedisStalled,
    /// A node's connections to Redis carry everything late, and one in three breaks
    RedisUnreliable,
    /// The sentinels make the replica the master
    FailedOver,
    /// SIGSTOP to the master until the replica has taken over, and SIGCONT
    MasterFrozen,
    /// kill -9 of the master until the replica has taken over, and a start
    MasterKilled,
    /// SIGSTOP to PostgreSQL, and SIGCONT
    DatabaseFrozen,
    /// kill -9 of PostgreSQL, and a start
    DatabaseKilled,
    /// A node's connections to PostgreSQL break, and new ones are refused
    DatabaseCut,
}

/// What connects the nodes besides PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Nothing, or not all of them.
    None,
    Redis,
}

/// Who is excused for being late until a fault is over: what they cannot hear, or nobody can store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excused {
    Nobody,
    /// Listeners of this node, by its place.
    Node(usize),
    Everybody,
}

impl Fault {
    /// Whether what it is about is there.
    pub fn is_possible(self, field: &Field) -> bool {
        match self {
            Self::RedisKilled
            | Self::RedisFlushed
            | Self::SubscribersKilled
            | Self::RedisFrozen
            | Self::RedisCut
            | Self::RedisStalled
            | Self::RedisUnreliable => field.redis.is_some(),
            Self::FailedOver | Self::MasterFrozen | Self::MasterKilled => field.sentinels.is_some(),
            _ => true,
        }
    }

    /// The seconds by which listeners may be late, as docs/nodes.md states.
    pub fn asked(self, wire: Wire) -> f64 {
        match (self, wire) {
            (Self::None | Self::RedisFlushed, Wire::Redis) => 1.0,
            (Self::None, Wire::None) => 1.5,
            _ => 3.0,
        }
    }

    /// Makes it happen and undoes it; answers who is excused meanwhile.
    pub fn strike(self, field: &mut Field, random: &mut Random) -> Result<Excused, Failure> {
        let victim = usize::try_from(random.draw() % TAGS.len() as u64)?;
        let while_it_lasts = random.between(3_000, 6_000);
        match self {
            Self::None => sleep(while_it_lasts),
            Self::NodeKilled | Self::NodeRestarted | Self::NodeFrozen => {
                return self.strike_node(field, victim, while_it_lasts);
            }
            Self::DatabaseFrozen | Self::DatabaseKilled | Self::DatabaseCut => {
                return self.strike_database(field, while_it_lasts);
            }
            Self::FailedOver | Self::MasterFrozen | Self::MasterKilled => {
                self.strike_master(field)?;
            }
            _ => self.strike_redis(field, victim, while_it_lasts)?,
        }
        Ok(Excused::Nobody)
    }

    fn strike_node(
        self,
        field: &mut Field,
        victim: usize,
        while_it_lasts: Duration,
    ) -> Result<Excused, Failure> {
        let node = field.fleet.nodes.get_mut(victim).ok_or("no such node")?;
        let excused = match self {
            Self::NodeKilled => {
                node.kill();
                sleep(while_it_lasts);
                node.start_again()?;
                Excused::Nobody
            }
            Self::NodeRestarted => {
                node.stop()?;
                node.start_again()?;
                Excused::Nobody
            }
            _ => {
                node.process()?.signal("STOP")?;
                sleep(while_it_lasts);
                node.process()?.signal("CONT")?;
                Excused::Node(victim)
            }
        };
        node.wait_until_ready(READY_LIMIT)?;
        Ok(excused)
    }

    fn strike_redis(
        self,
        field: &mut Field,
        victim: usize,
        while_it_lasts: Duration,
    ) -> Result<(), Failure> {
        let redis = field.redis.as_mut().ok_or("there is no Redis")?;
        match self {
            Self::RedisKilled => {
                redis.kill();
                sleep(while_it_lasts);
                redis.start_again()?;
            }
            Self::RedisFlushed => drop(redis.tell("FLUSHALL")?),
            Self::SubscribersKilled => drop(redis.tell("CLIENT KILL TYPE pubsub")?),
            Self::RedisFrozen => {
                redis.process()?.signal("STOP")?;
                sleep(while_it_lasts);
                redis.process()?.signal("CONT")?;
            }
            _ => {
                let ways = &field.to_redis;
                let link = ways.get(victim % ways.len().max(1)).ok_or("no way")?;
                link.set(match self {
                    Self::RedisCut => State::Cut,
                    Self::RedisStalled => State::Stalled,
                    _ => State::Unreliable,
                });
                sleep(while_it_lasts);
                link.set(State::Open);
            }
        }
        Ok(())
    }

    fn strike_master(self, field: &mut Field) -> Result<(), Failure> {
        let sentinels = field.sentinels.as_mut().ok_or("there are no sentinels")?;
        if self == Self::FailedOver {
            sentinels.fail_over()?;
            return sentinels.heal();
        }
        let master = sentinels.master()?;
        let before = master.address.clone();
        if self == Self::MasterKilled {
            master.kill();
            sentinels.wait_for_another(&before)?;
            return sentinels.heal();
        }
        master.process()?.signal("STOP")?;
        let waited = sentinels.wait_for_another(&before);
        let old = sentinels.at(&before)?;
        old.process()?.signal("CONT")?;
        waited?;
        sentinels.heal()
    }

    fn strike_database(
        self,
        field: &mut Field,
        while_it_lasts: Duration,
    ) -> Result<Excused, Failure> {
        match self {
            Self::DatabaseFrozen => {
                field.signal_database("STOP")?;
                sleep(while_it_lasts);
                field.signal_database("CONT")?;
                Ok(Excused::Everybody)
            }
            Self::DatabaseKilled => {
                field.fleet.cluster.kill()?;
                sleep(Duration::from_secs(1));
                field.fleet.cluster.start_again()?;
                Ok(Excused::Everybody)
            }
            _ => {
                field.to_database.set(State::Cut);
                sleep(while_it_lasts);
                field.to_database.set(State::Open);
                Ok(Excused::Node(FAR))
            }
        }
    }
}
