//! The domain: values and rules of users, conversations, messages and payments. Pure.

pub mod access;
pub mod answer;
pub mod attachment;
pub mod business;
pub mod command;
pub mod conversation;
pub mod deal_memory;
pub mod deal_reader;
pub mod dialect;
pub mod encoded;
pub mod entry;
pub mod event;
pub mod file;
pub mod file_name;
pub mod flow;
pub mod ids;
pub mod job;
pub mod limits;
pub mod measures;
pub mod media_hosts;
pub mod message;
pub mod mine;
pub mod network;
pub mod object;
pub mod offset;
pub mod payment;
pub mod people;
pub mod preview;
pub mod principal;
pub mod refund;
pub mod refusal;
pub mod room_event;
pub mod search;
pub mod snapshot;
pub mod tokens;

pub use language::{visible, web_address, whole};
