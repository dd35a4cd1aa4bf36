//! The rounds: load, a kill at a random moment, a start; and the comparison after the last one.

use std::fmt::Write as _;
use std::fs::{create_dir, read_to_string};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::drive::Failure;
use crate::drive::process::{ServerProcess, free_address};
use crate::postgres::TestCluster;

use super::Role;
use super::checker::VERDICT;
use super::load::REPORTED;
use crate::drive::polling::poll_blocking;

const DATABASE: &str = "nothing_lost";
/// How long a server may take to be ready, and to acknowledge the first message, on a machine that does much besides.
const READY_LIMIT: Duration = Duration::from_secs(60);
const END_LIMIT: Duration = Duration::from_secs(60);
const SHORTEST_ROUND: u64 = 1_300;
const LONGEST_ROUND: u64 = 2_000;
const LONGEST_OUTAGE: u64 = 600;
/// Acknowledged sends a second, while the server says that it is ready.
const FLOOR: f64 = 5_000.0;
const TABLE_HEAD: &str =
    "round  killed                    after ms  acknowledged  a second  away ms";
/// What is killed in which round, over and over.
const VICTIMS: [Victim; 7] = [
    Victim::Server,
    Victim::DatabaseAtOnce,
    Victim::Server,
    Victim::Both,
    Victim::Server,
    Victim::DatabaseKilled,
    Victim::Server,
];

/// A series of rounds.
pub struct Campaign<'a> {
    /// The server program.
    pub server: PathBuf,
    pub rounds: usize,
    /// What the random moments are drawn from.
    pub seed: u64,
    /// A command that starts this program so that it plays its role.
    pub role: &'a dyn Fn() -> Command,
}

/// How it went.
pub struct Outcome {
    /// Whether nothing was lost, doubled or put elsewhere.
    pub is_right: bool,
    /// Whether the load was as heavy as it must be.
    pub is_fast_enough: bool,
    /// The table of rounds and the verdict.
    pub summary: String,
}

#[derive(Clone, Copy)]
enum Victim {
    /// `kill -9` of the server.
    Server,
    /// `pg_ctl stop -m immediate` below a running server.
    DatabaseAtOnce,
    /// `kill -9` of Postgres below a running server.
    DatabaseKilled,
    /// `kill -9` of both.
    Both,
}

/// What runs during a campaign.
struct SystemUnderTest {
    cluster: TestCluster,
    database: String,
    binary: PathBuf,
    address: String,
    folder: PathBuf,
    server: Option<ServerProcess>,
}

impl Campaign<'_> {
    /// Runs it to the verdict.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let mut system = SystemUnderTest::prepare(&self.server)?;
        let mut load = Load::start(self.role, &system)?;
        let mut summary = format!("seed {}\n{TABLE_HEAD}\n", self.seed);
        let rate = self.rounds(&mut system, &mut load, &mut summary)?;
        let ended = Instant::now();
        load.end()?;
        system.end()?;
        let settled = ended.elapsed();
        let (verdict, is_right) = system.check(self.role)?;
        let compared = ended.elapsed() - settled;
        writeln!(
            summary,
            "settled in {:.1} s, compared in {:.1} s",
            settled.as_secs_f64(),
            compared.as_secs_f64()
        )?;
        writeln!(summary, "{verdict}")?;
        Ok(Outcome {
            is_right,
            is_fast_enough: rate >= FLOOR,
            summary,
        })
    }

    /// Load, a kill, a start, over and over. Answers the acknowledged sends a second.
    fn rounds(
        &self,
        system: &mut SystemUnderTest,
        load: &mut Load,
        summary: &mut String,
    ) -> Result<f64, Failure> {
        let (mut random, mut total, mut total_up) = (Random(self.seed), 0, Duration::ZERO);
        load.wait_for_first()?;
        for (round, victim) in (1..=self.rounds).zip(VICTIMS.into_iter().cycle()) {
            let (before, begun) = (load.acknowledged(), Instant::now());
            sleep(random.between(SHORTEST_ROUND, LONGEST_ROUND));
            let (count, up) = (load.acknowledged() - before, begun.elapsed());
            let away = system.strike(victim, random.between(0, LONGEST_OUTAGE))?;
            load.must_run()?;
            total += count;
            total_up += up;
            writeln!(
                summary,
                "{round:>5}  {:<24}  {:>8}  {count:>12}  {:>8.0}  {:>7}",
                victim.name(),
                up.as_millis(),
                count as f64 / up.as_secs_f64(),
                away.as_millis()
            )?;
        }
        let rate = total as f64 / total_up.as_secs_f64();
        writeln!(
            summary,
            "{total} acknowledged in {:.1} s of a ready server: {rate:.0}/s",
            total_up.as_secs_f64()
        )?;
        Ok(rate)
    }
}

impl Victim {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server -9",
            Self::DatabaseAtOnce => "database stop immediate",
            Self::DatabaseKilled => "database -9",
            Self::Both => "server -9, database -9",
        }
    }
}

impl SystemUnderTest {
    fn prepare(binary: &Path) -> Result<Self, Failure> {
        let cluster = TestCluster::start()?;
        let database = cluster.create_database(DATABASE)?;
        // Beside the cluster's data: it goes away with it.
        let folder = cluster.folder().join("clients");
        create_dir(&folder)?;
        let address = free_address()?;
        let mut system = Self {
            cluster,
            database,
            binary: binary.to_owned(),
            address,
            folder,
            server: None,
        };
        system.start_server()?;
        system.wait_until_ready()?;
        Ok(system)
    }

    fn start_server(&mut self) -> Result<(), Failure> {
        let log = self.folder.join("server.txt");
        self.server = Some(ServerProcess::start(
            &self.binary,
            &self.address,
            &log,
            |command| {
                command.env("DATABASE_URL", &self.database);
            },
        )?);
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let server = self.server.as_mut().ok_or("no server runs")?;
        server
            .wait_until_ready(READY_LIMIT)
            .map_err(|failure| self.with_log(&failure))
    }

    /// Kills, leaves dead for a while, starts again. Answers how long nobody could be served.
    fn strike(&mut self, victim: Victim, outage: Duration) -> Result<Duration, Failure> {
        let struck = Instant::now();
        match victim {
            Victim::Server => self.server = None,
            Victim::DatabaseAtOnce => self.cluster.stop_immediate()?,
            Victim::DatabaseKilled => self.cluster.kill()?,
            Victim::Both => {
                self.server = None;
                self.cluster.kill()?;
            }
        }
        sleep(outage);
        if !matches!(victim, Victim::Server) {
            self.cluster.start_again()?;
        }
        if self.server.is_none() {
            self.start_server()?;
        }
        self.wait_until_ready()?;
        Ok(struck.elapsed())
    }

    /// Ends the server as an operator would.
    fn end(&mut self) -> Result<(), Failure> {
        let server = self.server.take().ok_or("no server runs")?;
        server
            .end(END_LIMIT)
            .map_err(|failure| self.with_log(&failure))
    }

    fn check(&self, role: &dyn Fn() -> Command) -> Result<(String, bool), Failure> {
        let mut checker = Role::Check.cast(role(), &self.folder, &self.address, &self.database);
        let told = checker
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        let verdict = text
            .find(VERDICT)
            .and_then(|start| text.get(start..))
            .unwrap_or("the checker gave no verdict");
        let wanted = |line: &&str| line.starts_with(VERDICT) || line.starts_with("WRONG");
        let verdict: Vec<&str> = verdict.lines().filter(wanted).collect();
        Ok((
            verdict.join("\n"),
            told.status.success() && !verdict.is_empty(),
        ))
    }

    fn with_log(&self, failure: &Failure) -> Failure {
        let log = read_to_string(self.folder.join("server.txt")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let newest = lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default()
            .join("\n");
        format!("{failure}; the server's log ends with:\n{newest}").into()
    }
}

/// The process with all clients.
struct Load {
    process: Child,
    acknowledged: Arc<AtomicU64>,
}

impl Load {
    fn start(role: &dyn Fn() -> Command, system: &SystemUnderTest) -> Result<Self, Failure> {
        let mut command =
            Role::Load.cast(role(), &system.folder, &system.address, &system.database);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(process.stdout.take().ok_or("the load has no output")?);
        let acknowledged = Arc::new(AtomicU64::new(0));
        let told = acknowledged.clone();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let count = line
                    .rsplit_once(REPORTED)
                    .and_then(|(_, count)| count.parse().ok());
                count.inspect(|count| told.store(*count, Ordering::Relaxed));
            }
        });
        Ok(Self {
            process,
            acknowledged,
        })
    }

    fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    fn must_run(&mut self) -> Result<(), Failure> {
        match self.process.try_wait()? {
            Some(status) => Err(format!("the load ended early: {status}").into()),
            None => Ok(()),
        }
    }

    fn wait_for_first(&mut self) -> Result<(), Failure> {
        poll_blocking("the first acknowledgement", READY_LIMIT, || {
            match self.must_run() {
                Ok(()) if self.acknowledged() == 0 => Err("none"),
                outcome => Ok(outcome),
            }
        })?
    }

    /// Lets everything settle, and waits until the process is through.
    fn end(mut self) -> Result<(), Failure> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the load did not settle: {status}").into())
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A seed that differs from run to run.
pub fn seed() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |time| time.as_secs())
}

/// The splitmix64 sequence.
struct Random(u64);

impl Random {
    fn between(&mut self, shortest: u64, longest: u64) -> Duration {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Duration::from_millis(shortest + (mixed ^ (mixed >> 31)) % (longest - shortest))
    }
}
