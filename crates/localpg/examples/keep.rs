//! Keeps a private PostgreSQL running until its input ends: `cargo run -p localpg --example keep -- FOLDER`, then `psql URL`.

use std::error::Error;
use std::io::{Write, stderr, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use localpg::{Cluster, Liveness};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder?")?;
    let cluster = Arc::new(Cluster::start(&PathBuf::from(folder), "keep")?);
    writeln!(stdout(), "{}", cluster.url())?;
    let watched = Arc::downgrade(&cluster);
    thread::spawn(move || {
        while let Some(cluster) = watched.upgrade() {
            match cluster.ensure_running() {
                Ok(Liveness::WasRunning) => {}
                Ok(Liveness::Restarted) => {
                    drop(writeln!(stderr(), "PostgreSQL died; it runs again"))
                }
                Err(cause) => drop(writeln!(stderr(), "{cause}")),
            }
            drop(cluster);
            thread::sleep(Duration::from_secs(1));
        }
    });
    stdin().lines().for_each(drop);
    cluster.stop()?;
    Ok(())
}
