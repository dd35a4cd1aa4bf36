//! Search: what is written for it, and the statements that find messages.

mod conditions;
mod connections;
mod docs;
mod everywhere;
mod finding;
mod lexemes;
mod message_search;
mod plans;
mod recent;
mod searched_conversation;
mod walking;

pub use conditions::Position;
pub use connections::SearchConnections;
pub use docs::index;
pub(in crate::store) use docs::{forget, hold};
pub use finding::find;
pub use message_search::{Found, Hit, MessageSearch, Order, Page, Scope};
pub use plans::Bounds;
