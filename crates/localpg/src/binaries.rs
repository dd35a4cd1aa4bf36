//! Finds PostgreSQL's server programs and their version.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::ClusterError;

const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with `initdb`, `pg_ctl` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// The first usable folder: on PATH, at `pg_config --bindir`, or Debian's (newest first). If the cluster in
    /// `home` exists, the version must be `made_by`.
    pub(crate) fn find(
        account: &Account,
        made_by: Option<u32>,
        home: &Path,
    ) -> Result<Self, ClusterError> {
        let mut found: Vec<Self> = Vec::new();
        for folder in candidates(account) {
            if found.iter().any(|earlier| earlier.folder == folder) {
                continue;
            }
            found.extend(Self::probe(account, folder));
        }
        choose(found, made_by, home)
    }

    /// The path of one of the programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads the version as the account that will run the program, because it may not be able to.
    fn probe(account: &Account, folder: PathBuf) -> Option<Self> {
        let said = account
            .output(&folder.join("postgres"), &[&"--version"])
            .ok()?;
        Some(Self {
            major: major(&said)?,
            folder,
        })
    }
}

fn choose(
    found: Vec<Binaries>,
    made_by: Option<u32>,
    home: &Path,
) -> Result<Binaries, ClusterError> {
    if found.is_empty() {
        return Err(ClusterError::NoBinaries);
    }
    let versions = found.iter().map(|binaries| binaries.major).collect();
    let fitting = found
        .into_iter()
        .find(|binaries| made_by.is_none_or(|made_by| made_by == binaries.major));
    fitting.ok_or_else(|| ClusterError::WrongVersion {
        home: home.to_owned(),
        made_by: made_by.unwrap_or_default(),
        found: versions,
    })
}

fn candidates(account: &Account) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .iter()
        .flat_map(env::split_paths)
        .collect();
    if let Ok(said) = account.output(Path::new("pg_config"), &[&"--bindir"]) {
        folders.push(PathBuf::from(said.trim()));
    }
    folders.extend(debian_folders(Path::new(DEBIAN)));
    folders
        .iter()
        .filter_map(|folder| complete(folder))
        .collect()
}

fn debian_folders(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let version = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let mut versions: Vec<u32> = entries.flatten().filter_map(version).collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions
        .iter()
        .map(|version| parent.join(version.to_string()).join("bin"))
        .collect()
}

/// The folder with links resolved, if it contains all three programs.
fn complete(folder: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(folder.join("postgres"))
        .ok()?
        .parent()?
        .to_owned();
    ["initdb", "pg_ctl"]
        .iter()
        .all(|name| real.join(name).is_file())
        .then_some(real)
}

/// Parses `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, or `17beta1`, or `18devel`.
fn major(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL) ")?.1;
    let digits = version
        .split(|letter: char| !letter.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(major: u32) -> Binaries {
        Binaries {
            folder: PathBuf::from(format!("/pg/{major}")),
            major,
        }
    }

    #[test]
    fn reads_the_major_version() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18devel\n"), Some(18));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_new_cluster_takes_the_first() {
        assert_eq!(
            choose(vec![of(15), of(17)], None, Path::new("/x")).unwrap(),
            of(15)
        );
    }

    #[test]
    fn an_old_cluster_takes_what_made_it() {
        assert_eq!(
            choose(vec![of(17), of(15)], Some(15), Path::new("/x")).unwrap(),
            of(15)
        );
    }

    #[test]
    fn an_old_cluster_without_its_binaries_says_what_to_install() {
        let said = choose(vec![of(17), of(16)], Some(15), Path::new("/x"))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("install postgresql-15") && said.contains("only 17, 16"),
            "{said}"
        );
    }

    #[test]
    fn without_binaries_it_says_what_to_install() {
        let refused = choose(Vec::new(), None, Path::new("/x")).unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("apt-get install postgresql"), "{said}");
        assert!(refused.is_about_the_machine());
    }

    #[test]
    fn debian_folders_come_newest_first_by_number() {
        let parent = env::temp_dir().join(format!("localpg-debian-{}", std::process::id()));
        for name in ["9", "15", "17", "common"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        let found = debian_folders(&parent);
        fs::remove_dir_all(&parent).unwrap();
        assert_eq!(
            found,
            ["17/bin", "15/bin", "9/bin"].map(|name| parent.join(name))
        );
        assert_eq!(debian_folders(Path::new("/nowhere")), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_folder_without_all_three_programs_does_not_count() {
        assert_eq!(complete(Path::new("/etc")), None);
    }
}
