//! The commands besides `serve`: `token`, `flow` and `rules`.

pub mod flow_commands;
mod flow_files;
mod flow_migration;
pub mod rules_commands;
pub mod token_command;
