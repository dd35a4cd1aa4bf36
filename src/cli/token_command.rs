//! `stoa token`: signs a token for trying things out, within the bounds that the server checks.

use clap::Args;
use clock::Clock;
use std::path::PathBuf;
use stoa::config::ClaimOptions;
use stoa::identity::auth::{Claims, IdForm, SECRET_BYTES, Verifier, mint, mint_for_demo, named};
use stoa::identity::demo_secret;

/// The maximum lifetime of a token in hours: ten years.
const MOST_HOURS: u64 = 87_600;

#[derive(Args)]
pub struct TokenOptions {
    /// The user's id
    #[arg(long)]
    sub: String,
    /// Write the user's id as a whole number, as platforms with numbered users do; needs --user-claim
    #[arg(long)]
    sub_number: bool,
    /// The name to show
    #[arg(long)]
    name: Option<String>,
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// A role: admin, support or service; may be given several times
    #[arg(long = "role", value_parser = ["admin", "support", "service"])]
    roles: Vec<String>,
    /// Hours until the token expires
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=MOST_HOURS))]
    hours: u64,
    /// The `iss` claim, if the server requires an issuer
    #[arg(long)]
    iss: Option<String>,
    /// The `aud` claim, if the server requires an audience
    #[arg(long)]
    aud: Option<String>,
    /// Which claims the token has: those that the server reads
    #[command(flatten)]
    claims: ClaimOptions,
    /// The shared secret; without it, the demo's secret of the database or of the data folder
    #[arg(long, env = "STOA_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<String>,
    /// Folder with the demo's secret
    #[arg(long, env = "STOA_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Database with the demo's secret, for a demo with --demo-into-database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// Signs the token.
pub fn run(options: TokenOptions) -> Result<String, String> {
    let since_1970 = Clock::default().since_1970();
    let claims = Claims {
        sub: options.sub,
        exp: since_1970.as_secs() + options.hours * 3_600,
        iat: Some(since_1970.as_secs()),
        name: options.name,
        email: options.email,
        roles: options.roles,
        iss: options.iss,
        aud: options.aud,
        ..Claims::default()
    };
    let form = match options.sub_number {
        true => IdForm::Number,
        false => IdForm::Text,
    };
    let claims = named(&claims, &options.claims, form)?;
    let (secret, token, names) = match options.jwt_secret {
        Some(secret) if secret.len() < SECRET_BYTES => {
            return Err(format!(
                "the secret must have at least {SECRET_BYTES} bytes"
            ));
        }
        Some(secret) => {
            let token = mint(&secret, &claims)?;
            (secret, token, options.claims)
        }
        None => {
            let secret = secret_of_a_demo(options.data_dir, options.database_url)?;
            let token = mint_for_demo(&secret, &claims)?;
            (secret, token, options.claims)
        }
    };
    let read = Verifier::of_secret(&secret, names).verify(&token, since_1970);
    read.map_err(|refusal| format!("a server would refuse this token: {}", refusal.message()))?;
    Ok(token)
}

/// The demo's secret: from the named folder, from the database, or from the default folder.
fn secret_of_a_demo(folder: Option<PathBuf>, database: Option<String>) -> Result<String, String> {
    let is_named = folder.is_some();
    let file = demo_secret::file_in(&folder.unwrap_or_else(stoa::config::default_data_folder));
    match database {
        Some(url) if !(is_named && file.exists()) => demo_secret::in_database(&url),
        Some(_) | None if file.exists() => demo_secret::read(&file),
        Some(_) | None => Err(format!(
            "give --jwt-secret (or STOA_JWT_SECRET); there is no demo secret at {}",
            file.display()
        )),
    }
}
