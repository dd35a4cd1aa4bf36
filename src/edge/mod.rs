//! Everything that a client touches: HTTP, connections, and one folder for each dialect.

pub mod connection;
pub mod dialect;
pub mod files;
pub mod http;
pub mod links;
pub mod lola;
pub mod native;
pub mod parttimepays;
pub mod quotexbert;
pub mod refusal_json;
pub mod stoory;
pub mod webhooks;
