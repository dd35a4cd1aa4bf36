//! A private PostgreSQL in a data folder: found or made, started, adopted, watched, stopped.
#![doc = include_str!("../README.md")]

mod account;
mod address;
mod binaries;
mod error;
mod folder;
mod name;
mod postmaster;

use std::fs::File;
use std::path::Path;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use account::Account;
use address::Address;
use binaries::Binaries;
pub use error::ClusterError;
use name::Name;
use postmaster::{Launch, Running};

/// How long a start tries again where an earlier postmaster is still leaving.
const TURNOVER: Duration = Duration::from_secs(20);
const TURNOVER_PAUSE: Duration = Duration::from_millis(250);

/// What [`Cluster::ensure_running`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Nothing had to be done.
    WasRunning,
    /// The postmaster had died and a new one answers; every connection to the old one is lost.
    Restarted,
}

/// A running private cluster. One process holds a data folder at a time; dropping it stops the cluster.
///
/// The postmaster is a session of its own: it outlives a server that was killed, and the next
/// [`Cluster::start`] on the folder adopts it.
#[derive(Debug)]
pub struct Cluster {
    launch: Launch,
    /// Held for as long as this process may touch the folder; the kernel frees it if the process dies.
    lock: File,
    state: Mutex<State>,
}

/// What the watcher and the stopping caller share.
#[derive(Debug)]
struct State {
    /// The postmaster, if it is this process's child and has not been waited for.
    child: Option<Child>,
    /// Set by `stop`, so that the watcher does not start it again.
    stopped: bool,
}

impl Cluster {
    /// Takes the data folder (made if it is missing) and returns its cluster, started or adopted. Its superuser and
    /// its database are called `name`: 1 to 30 lower-case letters, the same at every start. Blocks until
    /// connections are accepted.
    ///
    /// # Errors
    ///
    /// Where another process holds the folder, the folder or PostgreSQL cannot be used, or it does not start.
    pub fn start(data_folder: &Path, name: &str) -> Result<Self, ClusterError> {
        let name = Name::parse(name)?;
        let data_folder = folder::prepare(data_folder)?;
        let lock = folder::lock(&data_folder)?;
        folder::clear_unfinished(&data_folder);
        let home = data_folder.join("postgres");
        let account = Account::for_cluster(&home)?;
        account.check_reach(&data_folder)?;
        let binaries = binaries_for(&account, &data_folder, &home, &name)?;
        let mut launch = Launch {
            address: Address::choose(&data_folder, &name)?,
            log: data_folder.join("postgres.log"),
            home,
            binaries,
            account,
            name,
        };
        let (child, running) = bring_up(&launch)?;
        launch.address = running.address;
        let state = Mutex::new(State {
            child,
            stopped: false,
        });
        Ok(Self {
            launch,
            lock,
            state,
        })
    }

    /// The libpq URL of the database, over the unix socket. It stays the same over restarts.
    pub fn url(&self) -> String {
        self.launch.address.url(&self.launch.name)
    }

    /// The libpq URL of a database that another process runs in this data folder, where its socket is in the folder itself.
    ///
    /// # Errors
    ///
    /// Where a cluster cannot have that name.
    pub fn url_in(data_folder: &Path, name: &str) -> Result<String, ClusterError> {
        Ok(Address::inside(data_folder).url(&Name::parse(name)?))
    }

    /// Starts the postmaster again if it died by itself. Meant to be called every second or so.
    ///
    /// # Errors
    ///
    /// Where it does not start (calling again tries again), or after [`Cluster::stop`].
    pub fn ensure_running(&self) -> Result<Liveness, ClusterError> {
        let mut state = self.state();
        if state.stopped {
            return Err(ClusterError::Stopped);
        }
        state.reap();
        if postmaster::find(&self.launch.home).is_some() {
            return Ok(Liveness::WasRunning);
        }
        log::warn!("the private PostgreSQL is gone; starting it again");
        let (child, _) = bring_up(&self.launch)?;
        state.child = child;
        Ok(Liveness::Restarted)
    }

    /// Shuts the cluster down: connections are ended, committed work is kept. Waits, then gives the folder free.
    ///
    /// # Errors
    ///
    /// Where it has not shut down after a minute; it goes on with it by itself.
    pub fn stop(&self) -> Result<(), ClusterError> {
        let mut state = self.state();
        state.stopped = true;
        state.reap();
        if postmaster::find(&self.launch.home).is_some() {
            self.launch.shut_down()?;
        }
        state.wait();
        self.launch.address.tidy(&self.launch.home);
        self.lock
            .unlock()
            .map_err(|cause| ClusterError::folder(&self.launch.home, cause))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.state().stopped {
            return;
        }
        if let Err(cause) = self.stop() {
            log::error!("the private PostgreSQL was not stopped: {cause}");
        }
    }
}

impl State {
    /// Takes note of a child that ended: as a zombie its process id would look alive to Postgres.
    fn reap(&mut self) {
        if let Some(child) = &mut self.child
            && !matches!(child.try_wait(), Ok(None))
        {
            self.child = None;
        }
    }

    fn wait(&mut self) {
        if let Some(mut child) = self.child.take()
            && let Err(cause) = child.wait()
        {
            log::warn!("cannot wait for the postmaster: {cause}");
        }
    }
}

/// Finds the binaries for the cluster in `home`, which is made if it is not there.
fn binaries_for(
    account: &Account,
    data_folder: &Path,
    home: &Path,
    name: &Name,
) -> Result<Binaries, ClusterError> {
    let made_by = folder::made_by(home)?;
    let binaries = Binaries::find(account, made_by, home)?;
    if made_by.is_none() {
        folder::init(account, &binaries, data_folder, home, name)?;
    }
    Ok(binaries)
}

/// A postmaster that accepts connections: the one that is there, or a new one, which is then this process's child.
///
/// Tries again where a postmaster started by a server that was killed wins the race, or where the
/// backends of a dead one have not all left yet.
fn bring_up(launch: &Launch) -> Result<(Option<Child>, Running), ClusterError> {
    let deadline = Instant::now() + TURNOVER;
    loop {
        if let Some(running) = postmaster::settle(&launch.home)? {
            log::info!(
                "adopted the PostgreSQL that was running, process {}",
                running.pid
            );
            return Ok((None, running));
        }
        match launch.run() {
            Ok((child, running)) => return Ok((Some(child), running)),
            Err(cause) if Instant::now() > deadline || !passes(launch, &cause) => {
                return Err(cause);
            }
            Err(_) => thread::sleep(TURNOVER_PAUSE),
        }
    }
}

fn passes(launch: &Launch, cause: &ClusterError) -> bool {
    postmaster::find(&launch.home).is_some() || cause.is_turnover()
}
