//! Types of notifications: their data, texts, defaults, and who gets them. Pure: no clock, no input or output.
#![doc = include_str!("../README.md")]

mod catalogue;
mod kind;
mod preferences;
mod reading;
mod shipped;
mod wording;

pub use catalogue::Notices;
pub use kind::{Category, NoticeType, Priority};
pub use language::declared::Wrong;
pub use language::problem::Problem;
pub use preferences::{Channel, Decided, Preference, Preferences, Reason};
pub use wording::{Action, Worded, is_link};

#[cfg(test)]
mod tests;
