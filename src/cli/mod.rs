//! The commands besides `serve`: `token`, `flow`, `rules` and `picture`.

pub mod flow_commands;
mod flow_files;
mod flow_migration;
pub mod picture_command;
pub mod rules_commands;
pub mod token_command;
