//! Guided conversations as data: a flow file becomes a checked definition, and pure functions say what follows from what.
//!
//! A *flow* is a file, a *definition* one checked version of it, an *instance* (a deal) one conversation that follows it. A *course* is what
//! an action, a deadline or a payment brings about; a *hop* is one line of the log.

pub mod catalogue;
pub mod deal;
pub mod deciding;
pub mod definition;
mod expression;
pub mod graph;
pub mod machine;
pub mod migrate;
pub mod moving;
pub mod outline;
pub mod past;
mod period;
mod problem;
pub mod simulate;
mod source;
mod text;
mod value;

pub use definition::Definition;
pub use migrate::migrate;
pub use problem::Problem;

#[cfg(test)]
mod tests;
