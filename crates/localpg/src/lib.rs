//! A private PostgreSQL in a data folder: finds or creates, starts, adopts, watches and stops it.
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

/// How long a start retries while an earlier postmaster is ending.
const TURNOVER: Duration = Duration::from_secs(20);
const TURNOVER_PAUSE: Duration = Duration::from_millis(250);

/// The result of [`Cluster::ensure_running`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It was running.
    WasRunning,
    /// The postmaster had died and a new one is running; every connection to the old one is lost.
    Restarted,
}

/// A running private cluster. One process holds a data folder at a time; dropping the cluster stops it.
///
/// The postmaster has a session of its own, so it outlives a killed server; the next [`Cluster::start`] on the
/// folder adopts it.
#[derive(Debug)]
pub struct Cluster {
    launch: Launch,
    /// Held while this process may touch the folder; the kernel releases it if the process dies.
    lock: File,
    state: Mutex<State>,
}

/// The state shared by the watcher and the caller of `stop`.
#[derive(Debug)]
struct State {
    /// The postmaster, if it is this process's child and has not been waited for.
    child: Option<Child>,
    /// Set by `stop`, so that the watcher does not restart it.
    stopped: bool,
}

impl Cluster {
    /// Locks the data folder (created if missing) and starts or adopts its cluster. `name` is the name of its
    /// superuser and database: 1 to 30 lower-case letters, the same at every start. Blocks until it accepts
    /// connections.
    ///
    /// # Errors
    ///
    /// If another process holds the folder, the folder or PostgreSQL cannot be used, or the cluster does not
    /// start.
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

    /// The libpq URL of the database, over the Unix socket. It stays the same after restarts.
    pub fn url(&self) -> String {
        self.launch.address.url(&self.launch.name)
    }

    /// The libpq URL of a database that another process runs in this data folder, if its socket is in the
    /// folder.
    ///
    /// # Errors
    ///
    /// If the name is not valid.
    pub fn url_in(data_folder: &Path, name: &str) -> Result<String, ClusterError> {
        Ok(Address::inside(data_folder).url(&Name::parse(name)?))
    }

    /// Restarts the postmaster if it has died. Call it about every second.
    ///
    /// # Errors
    ///
    /// If it does not start (a later call retries), or after [`Cluster::stop`].
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

    /// Shuts the cluster down: ends connections and keeps committed work. Waits, then releases the folder.
    ///
    /// # Errors
    ///
    /// If it has not shut down after a minute; the shutdown continues by itself.
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
    /// Waits for a child that has ended: a zombie's process id looks alive to PostgreSQL.
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

/// Finds the binaries for the cluster in `home`, and creates the cluster if it does not exist.
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

/// A postmaster that accepts connections: the running one, or a new child of this process.
///
/// Retries if the postmaster of a killed server wins the race, or if processes of a dead one are still ending.
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
