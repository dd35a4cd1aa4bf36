//! Nodes and a Redis as processes, started as the tests of several nodes start them.

#[path = "../../tests/fleet/node.rs"]
#[expect(dead_code, reason = "nodes are neither killed nor started again here")]
pub mod node;
#[path = "../../tests/fleet/process.rs"]
pub mod process;
#[path = "../../tests/fleet/redis.rs"]
#[expect(dead_code, reason = "Redis is neither killed nor told anything here")]
pub mod redis;
