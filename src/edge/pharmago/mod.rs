//! The dialect of Pharmago's chat, as clients of Django REST framework call it: rooms of orders, their participants, their messages.
//! `docs/pharmago.md` has a line for each endpoint.

mod denial;
mod errors;
mod messages;
mod numbers;
mod pages;
mod people;
pub mod rest;
mod rooms;

use crate::domain::dialect::Needs;
use crate::edge::dialect::{Mount, Spec};

/// The type of the subject of a room.
const ORDER: &str = "order";

macro_rules! mounts {
    ($($prefix:literal => $routes:path),+ $(,)?) => {
        &[$(
            Mount { prefix: concat!("/api/", $prefix), routes: $routes, refused: Some(denial::refused) },
            Mount { prefix: concat!("/api/v1/", $prefix), routes: $routes, refused: Some(denial::refused) },
        )+]
    };
}

/// The dialect.
pub static DIALECT: Spec = Spec {
    name: "pharmago",
    needs: Needs::NOTHING,
    encode: |_, _, _| None,
    socketio: None,
    rest: mounts! {
        "chat-rooms" => rest::rooms,
        "chat-participants" => rest::participants,
        "chat-messages" => rest::messages,
    },
};
