//! Running deals: the actor of a deal, how it decides, the catalogue of flows, and the migration of deals to a
//! newer version of their flow.
//!
//! A *flow* is a file, a *definition* is one checked version of it, an *instance* (a deal) is one conversation
//! that follows it. *Effects* are what an action, a deadline or a payment brings about; a *transition* is one
//! line of a deal's log. The crate `flow` computes all of it.

pub mod actor;
pub mod catalogue;
pub mod deciding;
pub mod documents;
pub mod migration;
pub mod past;
mod requests;
