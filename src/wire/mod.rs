//! The wire between servers on one database: what each sends the others, and how it comes to them over Redis.
//!
//! Redis stores nothing of it. A server that misses something reads the database.
//!
//! A [`section::Section`] goes to [`outgoing::Outgoing`], [`frames::Frames`] gathers sections into sealed frames, and
//! [`frame::read`] opens a frame of another server. [`running::Wire`] publishes the one and hears the other.

mod annotation_json;
mod backoff;
pub mod body;
mod echo;
pub mod entries;
mod entry_json;
mod fields;
pub mod frame;
pub mod frames;
mod inbox;
mod listening;
mod message_json;
pub mod outgoing;
mod redis;
pub mod running;
#[cfg(test)]
mod samples;
pub mod seal;
pub mod section;
mod section_fields;
mod settings_json;
mod state_report;
mod task;
mod weight;
