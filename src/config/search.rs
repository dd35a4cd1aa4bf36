//! Options of search.

use clap::Args;

use super::Switch;
use crate::domain::tokens::Language;

/// Options of search.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Search")]
pub struct SearchOptions {
    /// Whether messages can be searched; the same on all servers of the database
    #[arg(long, env = "STOA_SEARCH", value_enum, default_value = "on")]
    pub search: Switch,
    /// Languages whose words are found in all their forms, as codes of ISO 639-1, comma-separated. Words of all other languages are
    /// found as they are written. After a change all messages are read again
    #[arg(long, env = "STOA_SEARCH_LANGUAGES", value_name = "CODES", default_value = "en", value_parser = language, value_delimiter = ',')]
    pub search_languages: Vec<Language>,
}

fn language(code: &str) -> Result<Language, String> {
    Language::parse(code.trim()).ok_or_else(|| {
        let all: Vec<&str> = Language::ALL.iter().map(|one| one.code()).collect();
        format!("must be one of {}", all.join(", "))
    })
}
