//! Stoa from outside: HTTP, sockets, browsers and broken machines against the real thing.

mod client;
mod cluster;
mod crash;
#[path = "../drive/mod.rs"]
mod drive;
mod house;
mod postgres;
mod talking;
