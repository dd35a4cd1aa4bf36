//! The REST resources of Stoa's own API, under `/api/v1`.

pub mod conversations;
pub mod creating;
pub mod events;
pub mod flows;
pub(in crate::edge) mod found;
pub mod me;
pub mod messages;
pub mod participants;
pub mod sign_out;
pub(in crate::edge) mod subject;
