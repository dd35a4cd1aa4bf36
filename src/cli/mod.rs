//! The commands besides `serve`: `token` and `flow`.

pub mod flow_commands;
mod flow_files;
mod flow_migration;
pub mod token_command;
