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
mod addresses;
mod annotations;
mod append_plans;
mod appends;
mod audiences;
mod badges;
mod beginning;
mod beginning_plans;
mod blocks;
mod bounds;
mod browser;
mod businesses;
mod child;
mod client;
mod clients;
mod connection_ends;
mod connections;
mod crash;
mod crowds;
mod database_at_start;
mod deals;
mod demo;
mod dialects;
mod documented;
mod draining;
#[path = "../drive/mod.rs"]
mod drive;
mod endpoint_access;
#[path = "../../crates/socketio/tests/protocol/engineio_client.rs"]
mod engineio_client;
mod events;
mod failing_joins;
mod feed;
mod files;
#[path = "../fleet/mod.rs"]
mod fleet;
mod flow_commands;
mod forgetting;
mod former_participants;
mod forwarding;
mod frames;
#[path = "../fronts/mod.rs"]
mod fronts;
mod frozen;
mod hot_updates;
mod identities;
mod invisible_texts;
mod joining_later;
mod laws;
mod lists;
mod lola;
mod lone_surrogates;
mod malformed_values;
mod mentions;
mod methods;
mod metrics;
mod mine;
mod naughty;
mod nodes;
mod nothing_changes;
mod notifications;
mod operation;
mod outages;
mod pacing;
mod pages;
mod participants;
mod payments;
mod people_plans;
mod plans;
mod policies;
mod polling;
mod pooler;
mod postgres;
mod profile_visibility;
mod proxy;
mod races;
mod raw_http;
mod raw_websocket;
mod real;
mod reauthentication;
mod recovery;
mod refusals_in_the_log;
mod repeats;
mod rooms;
mod row_locks;
mod rules_commands;
mod search;
mod sending_again;
mod servers;
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
mod test_server;
mod text_fields;
mod token_claims;
mod token_cookie;
mod token_rules;
mod tokens;
mod two_servers;
mod visibility;
mod whole_numbers;
mod wire;
