//! Driving a running server from outside: its process, its endpoints, and its frames.

pub mod client;
pub mod frame;
pub mod polling;
pub mod process;

/// What went wrong, for a person.
pub type Failure = Box<dyn std::error::Error>;
