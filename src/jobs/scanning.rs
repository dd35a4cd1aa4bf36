//! Has files scanned for viruses, if a scanner is named.

use std::sync::Arc;

use super::JobDeps;
use super::spool::Spooled;
use crate::config::Unscanned;
use crate::domain::file::Unfit;
use crate::error::Error;
use crate::objects::blocking;
use crate::scanner::{self, Verdict};

/// Why a file is refused by the scanner; `None` if it is not. Fails while the scanner is away: then the check is tried again later.
pub(super) async fn scanned(
    deps: &Arc<JobDeps>,
    whole: Spooled,
) -> Result<(Spooled, Option<Unfit>), Error> {
    let Some(address) = deps.config.files.scan.clone() else {
        return Ok((whole, None));
    };
    let (whole, verdict) = blocking(move || {
        let verdict = scanner::scan(&address, &whole.file, whole.size)?;
        Ok((whole, verdict))
    })
    .await?;
    let unfit = match (verdict, deps.config.files.unscanned) {
        (Verdict::Clean, _) | (Verdict::TooLarge, Unscanned::Allow) => None,
        (Verdict::TooLarge, Unscanned::Refuse) => Some(Unfit::Unscanned),
        (Verdict::Infected(name), _) => {
            log::warn!(event = "file_infected", found = name.as_str(); "");
            Some(Unfit::Infected)
        }
    };
    Ok((whole, unfit))
}
