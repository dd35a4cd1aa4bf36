//! The secret with which a demo signs its tokens. It is generated for a data folder or a database; a configured
//! secret is never used.

use diesel::PgConnection;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::identity::auth::SECRET_BYTES;
use crate::store::installation;
use crate::store::pool::Pool;

/// The secret of this demo, stored so that tokens survive a restart: in the data folder if the database is the server's own, and
/// always in the database, where other nodes of the demo find it. `None` outside demo mode.
pub async fn take(config: &Config, pool: &Pool) -> Result<Option<String>, String> {
    if !config.demo {
        return Ok(None);
    }
    let own = match config.database.database_url {
        None => Some(in_folder(&config.data_folder())?),
        Some(_) => None,
    };
    let kept = pool.run(move |connection| match own {
        Some(secret) => installation::set_demo_secret(connection, &secret).map(|()| secret),
        None => installation::keep_demo_secret(connection, &fresh()),
    });
    let kept = kept
        .await
        .map_err(|error| format!("The demo's secret could not be kept in the database: {error}"))?;
    Ok(Some(kept))
}

/// The secret of the demo in this database.
pub fn in_database(url: &str) -> Result<String, String> {
    use diesel::Connection;
    let explain = |cause: &dyn std::fmt::Display| {
        format!("The demo's secret could not be read from the database: {cause}")
    };
    let mut connection = PgConnection::establish(url).map_err(|error| explain(&error))?;
    let kept = installation::demo_secret(&mut connection).map_err(|error| explain(&error))?;
    kept.ok_or_else(|| {
        "There is no demo in this database: start one with `stoa serve --demo --demo-into-database`, or give --jwt-secret.".to_owned()
    })
}

/// The path of the secret in a data folder.
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("demo-secret")
}

/// Reads the secret in the data folder, or generates it.
fn in_folder(folder: &Path) -> Result<String, String> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = file_in(folder);
    let explain = |error: std::io::Error| format!("{}: {error}", file.display());
    std::fs::create_dir_all(folder).map_err(explain)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(&file) {
        Ok(mut created) => {
            let secret = fresh();
            writeln!(created, "{secret}").map_err(explain)?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&file),
        Err(error) => Err(explain(error)),
    }
}

/// Reads the secret in this file.
pub fn read(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
    match text.trim() {
        secret if secret.len() >= SECRET_BYTES => Ok(secret.to_owned()),
        _ => Err(format!(
            "{}: the demo's secret in it is shorter than {SECRET_BYTES} bytes. Remove the file: the demo makes another.",
            file.display()
        )),
    }
}

fn fresh() -> String {
    let half = || uuid::Uuid::new_v4().simple();
    format!("{}{}", half(), half())
}
