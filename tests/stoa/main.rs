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

mod access;
mod access_in_sql;
mod acquaintances;
mod addresses;
mod append_plans;
mod appends;
mod audiences;
mod badges;
mod bounds;
mod browser;
mod child;
mod client;
mod clients;
mod connections;
mod crash;
mod crowds;
mod deals;
mod demo;
mod dialects;
mod documented;
mod draining;
#[path = "../drive/mod.rs"]
mod drive;
mod endpoint_access;
mod feed;
mod fields;
mod flow_commands;
mod former;
mod forms;
mod frames;
mod frozen;
#[path = "../../crates/socketio/tests/protocol/guest.rs"]
mod guest;
mod halves;
mod identities;
mod invisible;
mod laws;
mod lists;
mod locked;
mod methods;
mod metrics;
mod naughty;
mod neighbours;
mod nothing_changes;
mod opening;
mod operation;
mod outages;
mod pacing;
mod pages;
mod participants;
mod payments;
mod plain;
mod plans;
mod polling;
mod pooler;
mod postgres;
mod proxy;
mod races;
mod raw;
mod recovery;
mod refused;
mod renewing;
mod repeats;
mod sending_again;
mod shapes;
mod sign_out;
mod skewed_clock;
mod skewed_plans;
mod slow_bodies;
mod socketio_chat;
mod stoory;
mod subjects;
mod takeover;
mod talking;
mod test_app;
mod tickets;
mod token_claims;
mod token_cookie;
mod token_rules;
mod tokens;
mod two_servers;
mod visibility;
mod whole;
