//! Options of files: where they are stored, how much users may store, and how long files without a message are kept.

use clap::{Args, ValueEnum};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::Secret;
use super::addresses::web_address;
use super::origins::Origin;

/// Options of files.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct FileOptions {
    /// Where files are stored: `local` (in the data folder), `local:FOLDER`, `s3://BUCKET/PREFIX`, or `off`. Several servers of one
    /// database need the same folder or bucket
    #[arg(
        long,
        env = "STOA_FILES",
        value_name = "WHERE",
        default_value = "local"
    )]
    pub files: FileStore,
    /// Address of a store that speaks S3's protocol [default: Amazon's]
    #[arg(long, env = "STOA_S3_ENDPOINT", value_name = "URL", value_parser = web_address)]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket
    #[arg(
        long,
        env = "STOA_S3_REGION",
        value_name = "REGION",
        default_value = "us-east-1"
    )]
    pub s3_region: String,
    /// Key id that may read, write and delete objects of the bucket
    #[arg(long, env = "AWS_ACCESS_KEY_ID", value_name = "ID")]
    pub s3_access_key: Option<String>,
    /// Secret of that key
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true, value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text)))]
    pub s3_secret_key: Option<Secret>,
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
    /// Virus scanner that checks every file: `clamd:PATH` (its socket), `clamd:HOST:PORT`, or the URL to which files are posted (2xx:
    /// clean, 422: infected, 413: too large)
    #[arg(long, env = "STOA_SCAN", value_name = "SCANNER")]
    pub scan: Option<ScannerAddress>,
    /// What happens to a file that is larger than the scanner takes
    #[arg(long, env = "STOA_UNSCANNED", value_enum, default_value = "refuse")]
    pub unscanned: Unscanned,
    /// Whether pictures get previews: `on`, `off`, or the program that makes them (called as `PROGRAM picture`). `on` calls this
    /// program, as a process that may use little memory and time
    #[arg(long, env = "STOA_PREVIEWS", value_name = "HOW", default_value = "on")]
    pub previews: Previews,
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

impl FileOptions {
    /// Checks the options together. An error is a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.files {
            FileStore::Bucket { .. } => self.bucket_key().map(drop),
            FileStore::DataFolder | FileStore::Folder(_) | FileStore::Off => Ok(()),
        }
    }

    /// The key of the bucket: its id and its secret. An error is a sentence that says what to do.
    pub fn bucket_key(&self) -> Result<(&str, &Secret), String> {
        let key = self
            .s3_access_key
            .as_deref()
            .zip(self.s3_secret_key.as_ref());
        key.ok_or_else(|| "--files s3://… needs --s3-access-key and --s3-secret-key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.".to_owned())
    }
}

/// What happens to a file that is larger than the scanner takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unscanned {
    /// It is refused.
    Refuse,
    /// It is taken.
    Allow,
}

/// Who makes previews of pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Previews {
    /// This program, in a process of its own for each picture.
    OwnProgram,
    /// This one.
    Program(PathBuf),
    /// Nobody.
    Off,
}

impl FromStr for Previews {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self::OwnProgram),
            "off" => Ok(Self::Off),
            path if path.starts_with('/') => Ok(Self::Program(path.into())),
            _ => Err("must be on, off or the path of a program".to_owned()),
        }
    }
}

impl fmt::Display for Previews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnProgram => f.write_str("on"),
            Self::Program(path) => write!(f, "{}", path.display()),
            Self::Off => f.write_str("off"),
        }
    }
}

/// Where the scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerAddress {
    /// At a socket of this machine.
    Socket(PathBuf),
    /// At a host and a port.
    Host(String),
    /// At this URL, over HTTP.
    Web(String),
}

impl FromStr for ScannerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be clamd:PATH, clamd:HOST:PORT or a URL".to_owned();
        if text.starts_with("https://") || text.starts_with("http://") {
            return web_address(text).map(Self::Web);
        }
        let address = text.strip_prefix("clamd:").ok_or_else(wrong)?;
        let port = address
            .rsplit_once(':')
            .map(|(host, port)| (host, port.parse::<u16>()));
        match port {
            _ if address.starts_with('/') => Ok(Self::Socket(address.into())),
            Some((host, Ok(_))) if !host.is_empty() => Ok(Self::Host(address.to_owned())),
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
    /// In a bucket of S3, or of a store that speaks its protocol.
    Bucket {
        /// Its name.
        name: String,
        /// What all keys begin with.
        prefix: String,
    },
    /// Nowhere: no files can be uploaded.
    Off,
}

impl FromStr for FileStore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be local, local:FOLDER, s3://BUCKET/PREFIX or off".to_owned();
        match text.split_once(':') {
            None if text == "local" => Ok(Self::DataFolder),
            None if text == "off" => Ok(Self::Off),
            Some(("local", folder)) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            Some(("s3", path)) => bucket(path).ok_or_else(wrong),
            Some(_) | None => Err(wrong()),
        }
    }
}

/// Reads `//BUCKET/PREFIX`.
fn bucket(path: &str) -> Option<FileStore> {
    let path = path.strip_prefix("//")?;
    let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
    let prefix = prefix.trim_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    let fits = !name.is_empty() && path.chars().all(is_plain) && !prefix.contains("//");
    fits.then(|| FileStore::Bucket {
        name: name.to_owned(),
        prefix: match prefix {
            "" => "stoa".to_owned(),
            prefix => prefix.to_owned(),
        },
    })
}

impl fmt::Display for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataFolder => f.write_str("local"),
            Self::Folder(folder) => write!(f, "local:{}", folder.display()),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
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
        let url = "https://scanner.example/scan";
        assert_eq!(url.parse(), Ok(ScannerAddress::Web(url.to_owned())));
        for wrong in [
            "",
            "clamd:",
            "clamd:host",
            "clamd::3310",
            "clamd:host:x",
            "/run/clamd.ctl",
            "ftp://scanner.example",
            "https://",
        ] {
            assert!(wrong.parse::<ScannerAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn previews_are_made_by_this_program_or_another_or_not() {
        for text in ["on", "off", "/usr/bin/stoa"] {
            let previews: Previews = text.parse().expect("a way");
            assert_eq!(previews.to_string(), text);
        }
        assert!("stoa".parse::<Previews>().is_err());
    }

    #[test]
    fn a_store_is_a_folder_or_none() {
        for text in ["local", "local:/srv/files", "s3://bucket/some/where", "off"] {
            let store: FileStore = text.parse().expect("a store");
            assert_eq!(store.to_string(), text);
        }
        for wrong in [
            "",
            "local:",
            "nfs:/x",
            "/srv/files",
            "Off",
            "s3:bucket",
            "s3://",
            "s3:///x",
            "s3://a b",
        ] {
            assert!(wrong.parse::<FileStore>().is_err(), "{wrong}");
        }
    }
}
