//! Every option of the server: a flag, an environment variable, a default; secrets are redacted when printed.

mod addresses;
mod bounds;
mod claims;
mod cookie;
mod demo;
mod dialects;
mod files;
mod later;
mod money;
mod operation;
mod origins;
mod people;
mod policies;
pub mod redis;
mod search;
mod socketio;

use clap::{Args, ValueEnum};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use bounds::BoundOptions;
pub use claims::{Claim, ClaimOptions, OwnRole, RequiredClaim, RoleMapping, unescaped};
pub use cookie::CookieName;
pub use dialects::DialectOptions;
pub use files::{FileOptions, FileStore, Previews, ScannerAddress, Unscanned};
pub use later::{JobOptions, WebhookOptions};
pub use money::PaymentOptions;
pub use operation::OperationOptions;
pub use origins::{AllowedOrigins, LocalPages, Origin};
pub use people::{PeopleOptions, StartRule};
pub use redis::RedisOptions;
pub use search::SearchOptions;
pub use socketio::SocketIoOptions;

use crate::domain::network::Network;

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Whether the rate limits apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// They apply.
    On,
    /// They do not apply, for load tests.
    Off,
}

/// The options of `stoa serve`. A flag wins over its variable.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Address to listen on
    #[arg(long, env = "STOA_LISTEN", default_value = "127.0.0.1:8080", value_parser = operation::listen_address)]
    pub listen: SocketAddr,
    /// Folder of the private database and the demo's secret [default: /var/lib/stoa as root, else ~/.local/share/stoa]
    #[arg(long, env = "STOA_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Folder with the flow files of new deals; without it, the flows that ship with Stoa
    #[arg(long, env = "STOA_FLOWS", value_name = "FOLDER")]
    pub flows: Option<PathBuf>,
    /// Rules files, or folders with them, comma-separated: which events the platform tells, and what follows. Without them it can tell none
    #[arg(long, env = "STOA_RULES", value_name = "PATH", value_delimiter = ',')]
    pub rules: Vec<PathBuf>,
    /// Folder with types of notifications (*.toml), beside those that ship; one of the same name takes the place of a shipped one
    #[arg(long, env = "STOA_NOTICES", value_name = "FOLDER")]
    pub notices: Option<PathBuf>,
    /// Check the options as a start does, print them with secrets redacted, and exit: with code 2 if they cannot be used
    #[arg(long)]
    pub print_config: bool,

    /// Demo mode: sample people and conversations, and a token for every visitor. Loopback only, and not together with a database
    /// or a token key of yours
    #[arg(long, env = "STOA_DEMO", help_heading = "Demo", value_parser = demo::yes_or_no)]
    pub demo: bool,
    /// Allow --demo to listen on an address that others can reach
    #[arg(long, env = "STOA_DEMO_ANYWHERE", help_heading = "Demo", value_parser = demo::yes_or_no)]
    pub demo_anywhere: bool,
    /// Allow --demo with DATABASE_URL or a token key: its people and conversations go into that database
    #[arg(long, env = "STOA_DEMO_INTO_DATABASE", help_heading = "Demo", value_parser = demo::yes_or_no)]
    pub demo_into_database: bool,

    /// Authentication
    #[command(flatten)]
    pub auth: AuthOptions,
    /// The database
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Rates
    #[command(flatten)]
    pub rates: RateOptions,
    /// People
    #[command(flatten)]
    pub people: PeopleOptions,
    /// Bounds for callers
    #[command(flatten)]
    pub bounds: BoundOptions,
    /// Sockets
    #[command(flatten)]
    pub sockets: SocketOptions,
    /// Operation
    #[command(flatten)]
    pub operation: OperationOptions,
    /// Socket.IO
    #[command(flatten)]
    pub socketio: SocketIoOptions,
    /// Actors
    #[command(flatten)]
    pub actors: ActorOptions,
    /// Payments
    #[command(flatten)]
    pub payments: PaymentOptions,
    /// Webhooks to the platform
    #[command(flatten)]
    pub webhooks: WebhookOptions,
    /// Jobs
    #[command(flatten)]
    pub jobs: JobOptions,
    /// Dialects
    #[command(flatten)]
    pub dialects: DialectOptions,
    /// Search
    #[command(flatten)]
    pub search: SearchOptions,
    /// Files
    #[command(flatten)]
    pub files: FileOptions,
    /// The wire between servers
    #[command(flatten)]
    pub redis: RedisOptions,
}

/// Which tokens are trusted.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Tokens")]
pub struct AuthOptions {
    /// Secret that the platform signs its tokens with (HS256), at least 32 bytes
    #[arg(long, env = "STOA_JWT_SECRET", hide_env_values = true, value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text)), conflicts_with_all = ["jwt_public_key", "jwks"])]
    pub jwt_secret: Option<Secret>,
    /// PEM file with the public key that verifies tokens (RS256, ES256 or EdDSA, by the type of the key)
    #[arg(
        long,
        env = "STOA_JWT_PUBLIC_KEY",
        value_name = "FILE",
        conflicts_with = "jwks"
    )]
    pub jwt_public_key: Option<PathBuf>,
    /// JWKS file with the public keys that verify tokens, selected by `kid`
    #[arg(long, env = "STOA_JWKS", value_name = "FILE")]
    pub jwks: Option<PathBuf>,
    /// The `iss` that a token must have
    #[arg(long, env = "STOA_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// The `aud` that a token must have
    #[arg(long, env = "STOA_JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// Maximum age and lifetime of a token in seconds: with it every token needs an `iat`; without it a token is valid until its
    /// `exp`
    #[arg(long, env = "STOA_TOKEN_MAX_AGE", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=315_360_000))]
    pub token_max_age: Option<u64>,
    /// Origins whose pages may connect, besides the server's own; comma-separated, such as https://app.example.com
    #[arg(long, env = "STOA_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
    /// Cookie that holds the token of requests without an Authorization header; for front ends of this origin and of --allowed-origins
    #[arg(long, env = "STOA_TOKEN_COOKIE", value_name = "NAME")]
    pub token_cookie: Option<CookieName>,
    /// Where tokens say who their bearer is.
    #[command(flatten)]
    pub claims: ClaimOptions,
}

/// The database and its time-outs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseOptions {
    /// PostgreSQL to use; without it the server runs its own in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text)))]
    pub database_url: Option<Secret>,
    /// Database connections for everything except appends, steps, claims, the feed, the watch and the list of servers, which have 8 of their own, and searches, which have 3
    #[arg(long, env = "STOA_DATABASE_CONNECTIONS", default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub database_connections: u32,
    /// Milliseconds to wait for a database connection before answering 503
    #[arg(long, env = "STOA_DATABASE_WAIT_MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub database_wait_ms: u64,
    /// Milliseconds without an answer from the database after which requests get 503, until it answers again
    #[arg(long, env = "STOA_DATABASE_SILENCE_MS", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(500..=60_000))]
    pub database_silence_ms: u64,
    /// Milliseconds that one statement may take
    #[arg(long, env = "STOA_STATEMENT_TIMEOUT_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub statement_timeout_ms: u64,
    /// Milliseconds that a statement may wait for a lock
    #[arg(long, env = "STOA_LOCK_TIMEOUT_MS", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub lock_timeout_ms: u64,
    /// Milliseconds that a transaction may be idle before PostgreSQL ends it and releases its locks
    #[arg(long, env = "STOA_IDLE_IN_TRANSACTION_TIMEOUT_MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub idle_in_transaction_timeout_ms: u64,
}

/// Rate limits: a steady rate per second, and a burst of twice as much.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rates")]
pub struct RateOptions {
    /// Whether rate limits apply
    #[arg(long, env = "STOA_RATE_LIMITS", value_enum, default_value = "on")]
    pub rate_limits: Switch,
    /// Frames per second from one session
    #[arg(long, env = "STOA_SESSION_RATE", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub session_rate: u32,
    /// Frames and requests per second from one user, all sessions together
    #[arg(long, env = "STOA_USER_RATE", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub user_rate: u32,
    /// Requests and connections per second from one address
    #[arg(long, env = "STOA_ADDRESS_RATE", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub address_rate: u32,
    /// Addresses and networks of proxies whose X-Forwarded-For is trusted, such as 192.0.2.7 or 10.0.0.0/8; comma-separated
    #[arg(long, env = "STOA_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
}

/// Bounds of connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct SocketOptions {
    /// Open sockets
    #[arg(long, env = "STOA_MAX_CONNECTIONS", default_value_t = 50_000, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=4_294_967_295))]
    pub max_connections: usize,
    /// Maximum bytes of one frame, of one message in several frames, and of one packet over long-polling
    #[arg(long, env = "STOA_FRAME_LIMIT", default_value_t = 131_072, value_parser = clap::value_parser!(u32).range(1_024..=1_048_576))]
    pub frame_limit: u32,
    /// Bytes that may wait for one connection before it is closed as slow
    #[arg(long = "outbox-limit", value_name = "OUTBOX_LIMIT", env = "STOA_OUTBOX_LIMIT", default_value_t = 1_048_576, value_parser = clap::value_parser!(u32).range(16_384..))]
    pub queue_limit: u32,
    /// Bytes of the kernel's send buffer for each connection
    #[arg(long, env = "STOA_SEND_BUFFER", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(4_096..=16_777_216))]
    pub send_buffer: u32,
    /// Seconds that sent bytes may stay unacknowledged (TCP_USER_TIMEOUT)
    #[arg(long, env = "STOA_UNACKNOWLEDGED_SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub unacknowledged_seconds: u64,
    /// Idle seconds after which the server sends a ping
    #[arg(long, env = "STOA_HEARTBEAT_SECONDS", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub heartbeat_seconds: u64,
    /// Seconds without any frame after which a connection is closed
    #[arg(long, env = "STOA_SILENCE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub silence_seconds: u64,
    /// Seconds within which a connection must authenticate
    #[arg(long, env = "STOA_AUTHENTICATION_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub authentication_seconds: u64,
    /// Seconds from the end of a user's last session until the user is offline
    #[arg(long, env = "STOA_OFFLINE_GRACE_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    pub offline_grace_seconds: u64,
    /// Maximum bytes of a REST request's body
    #[arg(long, env = "STOA_BODY_LIMIT", default_value_t = 131_072, value_parser = clap::value_parser!(u32).range(1_024..))]
    pub body_limit: u32,
    /// Threads that serve connections [default: one per core]
    #[arg(long, env = "STOA_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Seconds over which open connections are closed when the server stops
    #[arg(long, env = "STOA_DRAIN_SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub drain_seconds: u64,
}

/// Bounds of rooms and the journal.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Actors")]
pub struct ActorOptions {
    /// Seconds without listeners after which a room is unloaded
    #[arg(long, env = "STOA_ROOM_IDLE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub room_idle_seconds: u64,
    /// Commands that may wait for one room
    #[arg(long, env = "STOA_ROOM_MAILBOX", default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(16..))]
    pub room_mailbox: u32,
    /// Appends that may wait for the journal, all rooms together
    #[arg(long, env = "STOA_JOURNAL_LIMIT", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(16..))]
    pub journal_limit: u32,
    /// Maximum number of appends in one commit
    #[arg(long, env = "STOA_BATCH_LIMIT", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub batch_limit: u32,
    /// Threads that run rooms
    #[arg(long, env = "STOA_ROOM_THREADS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub room_threads: u16,
}

impl SocketOptions {
    /// Checks the options. An error is a sentence that says what to do.
    fn check(&self) -> Result<(), String> {
        let (heartbeat, silence) = (self.heartbeat_seconds, self.silence_seconds);
        if heartbeat >= silence {
            return Err(format!(
                "--heartbeat-seconds ({heartbeat}) must be below --silence-seconds ({silence}): \
                 or quiet connections are closed before they are asked for a sign of life."
            ));
        }
        Ok(())
    }
}

impl Config {
    /// The origins whose pages may connect. A demo admits pages of its own machine at any port, where a front end is developed.
    pub fn origins(&self) -> AllowedOrigins {
        AllowedOrigins {
            listed: self.auth.allowed_origins.clone(),
            local: match self.demo {
                true => LocalPages::Welcome,
                false => LocalPages::AsListed,
            },
        }
    }

    /// The data folder: the given one, or the default for this account.
    pub fn data_folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_folder)
    }

    /// Checks the options together. An error is a sentence that says what to do.
    pub fn check(&self) -> Result<(), String> {
        self.check_demo()?;
        let AuthOptions {
            jwt_secret,
            jwt_public_key,
            jwks,
            ..
        } = &self.auth;
        if jwt_secret
            .as_ref()
            .is_some_and(|secret| secret.0.len() < 32)
        {
            return Err("--jwt-secret must have at least 32 bytes.".to_owned());
        }
        self.socketio.check(self.sockets.frame_limit)?;
        self.sockets.check()?;
        self.payments.check()?;
        self.webhooks.check()?;
        self.dialects.check()?;
        self.policies()?;
        self.redis.check()?;
        self.files.check()?;
        if !self.demo && jwt_secret.is_none() && jwt_public_key.is_none() && jwks.is_none() {
            return Err("No token key is configured: give --jwt-secret, --jwt-public-key or --jwks; or --demo to try it out.".to_owned());
        }
        Ok(())
    }

    /// The effective options, one per line, with secrets redacted.
    pub fn printed(&self) -> String {
        let folder = self.data_folder();
        format!("{:#?}\ndata folder in use: {}", self, folder.display())
    }
}

/// `/var/lib/stoa` for root (PostgreSQL then runs as another account, which must reach it), else a folder of the user's own.
pub fn default_data_folder() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    if runs_as_root() {
        return PathBuf::from("/var/lib/stoa");
    }
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("stoa")
}

fn runs_as_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
