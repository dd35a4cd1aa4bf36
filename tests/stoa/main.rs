//! Stoa from outside: HTTP, sockets, browsers and broken machines against the real thing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    dead_code,
    reason = "a test fails by panicking"
)]

mod client;
mod cluster;
mod crash;
#[path = "../drive/mod.rs"]
mod drive;
mod house;
mod postgres;
mod talking;
