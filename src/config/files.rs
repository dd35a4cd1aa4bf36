//! Options of files: where they are stored, how much users may store, and how long files without a message are kept.

use clap::{Args, ValueEnum};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::origins::Origin;

/// Options of files.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct FileOptions {
    /// Where files are stored: `local` (in the data folder), `local:FOLDER`, or `off`. Several servers of one database need the same
    /// folder
    #[arg(
        long,
        env = "STOA_FILES",
        value_name = "WHERE",
        default_value = "local"
    )]
    pub files: FileStore,
    /// Maximum bytes of one file
    #[arg(long, env = "STOA_FILE_LIMIT", value_name = "BYTES", default_value_t = 26_214_400, value_parser = clap::value_parser!(u64).range(1..=2_147_483_648))]
    pub file_limit: u64,
    /// Bytes of files that one user may upload in 24 hours; a file counts as at least 64 KiB, here and in the next two
    #[arg(
        long,
        env = "STOA_FILES_PER_DAY",
        value_name = "BYTES",
        default_value_t = 524_288_000
    )]
    pub files_per_day: u64,
    /// Bytes of files that one user may have
    #[arg(
        long,
        env = "STOA_FILES_PER_USER",
        value_name = "BYTES",
        default_value_t = 5_368_709_120
    )]
    pub files_per_user: u64,
    /// Bytes of files that all users together may have [default: any number]
    #[arg(long, env = "STOA_FILES_TOTAL", value_name = "BYTES")]
    pub files_total: Option<u64>,
    /// Unfinished uploads that one user may have
    #[arg(long, env = "STOA_UPLOADS_PER_USER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub uploads_per_user: u32,
    /// Files that this server checks at the same time
    #[arg(long, env = "STOA_FILE_CHECKS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub file_checks: u16,
    /// Virus scanner that checks every file: `clamd:PATH` (its socket) or `clamd:HOST:PORT`
    #[arg(long, env = "STOA_SCAN", value_name = "SCANNER")]
    pub scan: Option<ScannerAddress>,
    /// What happens to a file that is larger than the scanner takes
    #[arg(long, env = "STOA_UNSCANNED", value_enum, default_value = "refuse")]
    pub unscanned: Unscanned,
    /// Hours for which a file is kept that no message shows
    #[arg(long, env = "STOA_UNSENT_FILE_HOURS", value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub unsent_file_hours: u32,
    /// Hours for which a file is kept when the last message that shows it is deleted
    #[arg(long, env = "STOA_DELETED_FILE_HOURS", value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8_760))]
    pub deleted_file_hours: u32,
    /// Origin that links to files begin with, such as https://files.example.com, which leads to this server; files are then served
    /// there alone [default: the origin of --public-url, else links without an origin]
    #[arg(long, env = "STOA_FILES_ORIGIN", value_name = "ORIGIN")]
    pub files_origin: Option<Origin>,
}

/// What happens to a file that is larger than the scanner takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unscanned {
    /// It is refused.
    Refuse,
    /// It is taken.
    Allow,
}

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerAddress {
    /// At a socket of this machine.
    Socket(PathBuf),
    /// At a host and a port.
    Host(String),
}

impl FromStr for ScannerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be clamd:PATH or clamd:HOST:PORT".to_owned();
        let place = text.strip_prefix("clamd:").ok_or_else(wrong)?;
        let port = place
            .rsplit_once(':')
            .map(|(host, port)| (host, port.parse::<u16>()));
        match port {
            _ if place.starts_with('/') => Ok(Self::Socket(place.into())),
            Some((host, Ok(_))) if !host.is_empty() => Ok(Self::Host(place.to_owned())),
            Some(_) | None => Err(wrong()),
        }
    }
}

/// Where files are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStore {
    /// In the data folder.
    DataFolder,
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: no files can be uploaded.
    Off,
}

impl FromStr for FileStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "local" => Ok(Self::DataFolder),
            None if text == "off" => Ok(Self::Off),
            Some(("local", folder)) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            Some(_) | None => Err("must be local, local:FOLDER or off".to_owned()),
        }
    }
}

impl fmt::Display for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataFolder => f.write_str("local"),
            Self::Folder(folder) => write!(f, "local:{}", folder.display()),
            Self::Off => f.write_str("off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_is_a_socket_or_a_host() {
        let socket = "clamd:/run/clamav/clamd.ctl".parse();
        assert_eq!(
            socket,
            Ok(ScannerAddress::Socket("/run/clamav/clamd.ctl".into()))
        );
        for host in ["127.0.0.1:3310", "[::1]:3310", "scanner.example:3310"] {
            let address = format!("clamd:{host}").parse();
            assert_eq!(address, Ok(ScannerAddress::Host(host.to_owned())));
        }
        for wrong in [
            "",
            "clamd:",
            "clamd:host",
            "clamd::3310",
            "clamd:host:x",
            "/run/clamd.ctl",
        ] {
            assert!(wrong.parse::<ScannerAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_store_is_a_folder_or_none() {
        for text in ["local", "local:/srv/files", "off"] {
            let store: FileStore = text.parse().expect("a store");
            assert_eq!(store.to_string(), text);
        }
        for wrong in ["", "local:", "nfs:/x", "/srv/files", "Off"] {
            assert!(wrong.parse::<FileStore>().is_err(), "{wrong}");
        }
    }
}
