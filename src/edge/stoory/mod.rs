//! The words of the Stoory guide: its rows, its `action_data`, its presses, its events. `docs/stoory.md` has a line for each endpoint and
//! event.

pub mod answers;
pub mod cards;
pub mod events;
pub mod known;
pub mod media;
pub mod money;
pub mod press;
pub mod requests;
pub mod rest;
pub mod rows;
pub mod sides;
pub mod work;

/// Who the system is where the options do not say otherwise.
pub const SYSTEM_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Where it is spoken over Socket.IO.
pub const NAMESPACE: &str = "/";
