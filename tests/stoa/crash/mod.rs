//! Nothing lost: server and database are killed at random moments under load; then another process compares what
//! clients were told with what is stored. The load and the comparison are this same program, started in another role.

mod account;
mod campaign;
mod checker;
mod load;
mod log;
mod member;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::drive::Failure;
pub use campaign::{Campaign, seed};

const ROLE: &str = "STOA_CRASH_ROLE";
const FOLDER: &str = "STOA_CRASH_FOLDER";
const ADDRESS: &str = "STOA_CRASH_ADDRESS";
const DATABASE: &str = "STOA_CRASH_DATABASE";

/// A part that a process of its own plays.
#[derive(Clone, Copy)]
enum Role {
    /// All clients.
    Load,
    /// The comparison at the end.
    Check,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Check => "check",
        }
    }

    /// Makes a command that starts this program play the role.
    fn cast(self, mut program: Command, folder: &Path, address: &str, database: &str) -> Command {
        program
            .env(ROLE, self.name())
            .env(FOLDER, folder)
            .env(ADDRESS, address)
            .env(DATABASE, database);
        program
    }
}

/// Plays the role that this process was started for. False where it was started for none.
pub fn play_role() -> Result<bool, Failure> {
    let Ok(role) = std::env::var(ROLE) else {
        return Ok(false);
    };
    let folder = PathBuf::from(std::env::var(FOLDER)?);
    if role == Role::Check.name() {
        checker::run(&folder, &std::env::var(DATABASE)?)?;
    } else {
        load::run(&folder, &std::env::var(ADDRESS)?)?;
    }
    Ok(true)
}

/// Not a test: what the processes that the test below starts run. By itself it does nothing.
#[test]
fn process() {
    play_role().unwrap();
}

/// A shorter campaign than that of `make crash`. How heavy the load must be is asked of a release build only.
#[test]
fn nothing_acknowledged_is_lost() {
    use std::io::Write;
    let server = PathBuf::from(env!("CARGO_BIN_EXE_stoa"));
    let this_program = || {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["crash::process", "--exact", "--nocapture"]);
        program
    };
    let outcome = Campaign {
        server,
        rounds: 6,
        seed: seed(),
        role: &this_program,
    }
    .run()
    .unwrap();
    // Past the capture of tests, so that the figures are always seen.
    let _ = writeln!(std::io::stdout(), "{}", outcome.summary);
    assert!(outcome.is_right, "{}", outcome.summary);
    assert!(
        cfg!(debug_assertions) || outcome.is_fast_enough,
        "{}",
        outcome.summary
    );
}
