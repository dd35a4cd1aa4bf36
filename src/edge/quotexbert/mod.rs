//! The dialect of quotexbert's front end: threads about leads, which it polls over REST. `docs/quotexbert.md` has a line for each endpoint.

mod addresses;
mod concerned;
mod denial;
mod lead;
mod message;
mod open_thread;
mod people;
pub mod rest;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, Spec};

/// The type of the subject of a thread.
const LEAD: &str = "lead";

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "quotexbert",
    needs: Needs::NOTHING,
    encode: |_, _, _| None,
    socketio: None,
    rest: &[
        Mount {
            prefix: "/api/threads",
            routes: rest::threads,
            refused: Some(denial::refused),
        },
        Mount {
            prefix: "/api/typing-indicators",
            routes: rest::typing_indicators,
            refused: Some(denial::refused),
        },
    ],
};
