//! The chat over Socket.IO in the Stoory and Lola dialects, beside native clients.

pub mod bounds;
pub mod client;
mod dialect;
mod encoding;
mod entrance;
mod joining;
mod recovering;
mod returning;
mod together;

pub use client::{SocketIoClient, endpoint};
