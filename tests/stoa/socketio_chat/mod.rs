//! The chat over Socket.IO, in the words of the Stoory and Lola guides, beside native clients.

pub mod bounds;
mod encoding;
mod entrance;
mod joining;
mod recovering;
mod returning;
pub mod talker;
mod together;
mod vocabulary;

pub use talker::{Talker, door};
