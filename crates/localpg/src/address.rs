//! The path of a cluster's socket, and its URL.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::account;
use crate::error::ClusterError;
use crate::name::Name;

/// The longest path of a socket, in bytes, without the closing NUL.
const SOCKET_PATH: usize = 107;
/// The default port; it is only a part of the socket's name.
pub(crate) const PORT: u16 = 5432;

/// The address of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The socket's folder.
    pub(crate) folder: PathBuf,
    /// The number in its name.
    pub(crate) port: u16,
}

impl Address {
    /// The socket's folder for a new postmaster: the data folder, or a short one elsewhere if that path is too
    /// long or contains a comma, at which libpq would split it.
    pub(crate) fn choose(data_folder: &Path, name: &Name) -> Result<Self, ClusterError> {
        let mut address = Self::inside(data_folder);
        let path = address.socket("").into_os_string();
        if path.len() > SOCKET_PATH || path.as_bytes().contains(&b',') {
            address.folder = short_folder(data_folder, name)?;
        }
        Ok(address)
    }

    /// The address in the data folder.
    pub(crate) fn inside(data_folder: &Path) -> Self {
        Self {
            folder: data_folder.join("socket"),
            port: PORT,
        }
    }

    /// The libpq URL. It names the port, because libpq would otherwise read `PGPORT`.
    pub(crate) fn url(&self, name: &Name) -> String {
        let folder: String = self
            .folder
            .as_os_str()
            .as_bytes()
            .iter()
            .copied()
            .map(percent_encoded)
            .collect();
        format!(
            "postgresql://{name}@/{name}?host={folder}&port={}",
            self.port
        )
    }

    /// Removes the socket's folder if it is empty and not the data folder.
    pub(crate) fn tidy(&self, home: &Path) {
        let inside = home
            .parent()
            .is_some_and(|data_folder| self.folder.starts_with(data_folder));
        if !inside && let Err(cause) = fs::remove_dir(&self.folder) {
            log::debug!("{} stays: {cause}", self.folder.display());
        }
    }

    /// The path of the socket, or of a file beside it.
    pub(crate) fn socket(&self, ending: &str) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}{ending}", self.port))
    }

    /// The value of `unix_socket_directories`, quoted because the path may contain special characters.
    pub(crate) fn setting(&self) -> OsString {
        let mut setting = b"unix_socket_directories=\"".to_vec();
        for byte in self.folder.as_os_str().as_bytes() {
            setting.extend(std::iter::repeat_n(
                *byte,
                if *byte == b'"' { 2 } else { 1 },
            ));
        }
        setting.push(b'"');
        OsString::from_vec(setting)
    }
}

/// A folder in `/tmp` that depends on the data folder only. `/tmp` is open to all, so an existing folder's
/// owner is checked.
fn short_folder(data_folder: &Path, name: &Name) -> Result<PathBuf, ClusterError> {
    let found =
        fs::metadata(data_folder).map_err(|cause| ClusterError::folder(data_folder, cause))?;
    let parent = if account::is_root() { "/run" } else { "/tmp" };
    Ok(Path::new(parent).join(format!("{name}-{:x}-{:x}", found.dev(), found.ino())))
}

fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(folder: &str) -> Address {
        Address {
            folder: PathBuf::from(folder),
            port: 5432,
        }
    }

    #[test]
    fn the_url_is_percent_encoded() {
        let url = address("/a b/ü&?%").url(&Name::parse("agora").unwrap());
        assert_eq!(
            url,
            "postgresql://agora@/agora?host=%2Fa%20b%2F%C3%BC%26%3F%25&port=5432"
        );
    }

    #[test]
    fn a_comma_or_quote_in_the_path_does_not_end_the_setting() {
        assert_eq!(
            address("/a,\"b").setting(),
            "unix_socket_directories=\"/a,\"\"b\""
        );
    }
}
