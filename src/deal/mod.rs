//! Deals that run: the actor of one, what it decides, the catalogue of flows, and how deals come to a newer version of theirs.
//!
//! A *flow* is a file, a *definition* one checked version of it, an *instance* (a deal) one conversation that follows it. Its
//! *effects* are what an action, a deadline or a payment brings about; a *transition* is one line of the log. What follows from what, the crate `flow` says.

pub mod actor;
pub mod catalogue;
pub mod deciding;
pub mod documents;
pub mod moving;
pub mod past;
pub mod reader;
mod requests;
