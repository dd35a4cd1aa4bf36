//! Search: what is written for it, and the statements that find messages.

mod conditions;
mod connections;
mod docs;
mod everywhere;
mod finding;
mod lexemes;
mod places;
mod plans;
mod recent;
mod request;
mod walking;

pub use conditions::Position;
pub use connections::SearchConnections;
pub use docs::index;
pub(in crate::store) use docs::{forget, hold};
pub use finding::find;
pub use plans::Bounds;
pub use request::{Found, Hit, Order, Page, Scope, SearchRequest};
