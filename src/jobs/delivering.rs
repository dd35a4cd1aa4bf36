//! Posts webhooks to the platform, as Standard Webhooks (standardwebhooks.com) specifies.

use chrono::Utc;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{JobDeps, JobEnd};
use crate::config::WebhookOptions;
use crate::error::Error;
use crate::outbound::{Call, Outbound, Reach};
use crate::signing::base64_signature;
use crate::store::jobs::{self, Claimed};
use crate::store::webhook_events::{self, Attempt, EventRow};

/// The platform's webhook endpoint and its signing keys.
pub struct Platform {
    url: String,
    keys: Vec<Vec<u8>>,
    client: Outbound,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

impl Platform {
    /// The platform that the options configure; `None` if they name no address.
    pub fn of(options: &WebhookOptions) -> Option<Self> {
        let url = options.webhook_url.clone()?;
        let reach = match options.webhook_allow_private {
            true => Reach::Anywhere,
            false => Reach::Public,
        };
        let time_out = Duration::from_millis(options.webhook_timeout_ms);
        Some(Self {
            url,
            keys: options.keys(),
            client: Outbound::new(reach, time_out),
        })
    }

    /// Posts an event. Of the response, only the status is read.
    fn post(&self, event: &EventRow) -> Attempt {
        let begun = Instant::now();
        let headers = headers(&self.keys, &event.id, Utc::now().timestamp(), &event.body);
        let answered = self.client.call(&Call {
            method: "POST",
            url: &self.url,
            headers: &headers,
            body: event.body.as_bytes(),
            keep: 0,
        });
        let (status, problem) = match answered {
            Ok(answer) => (Some(answer.status), problem_of(answer.status)),
            Err(trouble) => (None, Some(trouble.name())),
        };
        Attempt {
            status,
            problem,
            took: begun.elapsed(),
        }
    }
}

/// The problem that a status stands for; `None` if the event was accepted.
fn problem_of(status: u16) -> Option<&'static str> {
    match status {
        200..=299 => None,
        300..=399 => Some("redirected"),
        410 => Some("gone"),
        _ => Some("refused"),
    }
}

/// The headers of a webhook, with one signature for each key, the first key first.
pub fn headers(
    keys: &[Vec<u8>],
    id: &str,
    timestamp: i64,
    body: &str,
) -> [(&'static str, String); 4] {
    let text = format!("{id}.{timestamp}.{body}");
    let sign = |key: &Vec<u8>| format!("v1,{}", base64_signature(key, text.as_bytes()));
    let signatures: Vec<String> = keys.iter().map(sign).collect();
    [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ]
}

/// Delivers an event. The platform accepts it with 2xx and refuses it for good with 410; anything else is
/// retried for a day.
pub(super) async fn deliver(
    deps: &Arc<JobDeps>,
    claimed: &Claimed,
    event_no: i64,
) -> Result<JobEnd, Error> {
    let find = move |connection: &mut _| webhook_events::by_no(connection, event_no);
    let event = deps.pool.run(find).await?;
    let Some(event) = event.filter(|event| event.delivered_at.is_none()) else {
        return Ok(JobEnd::Done);
    };
    let poster = Arc::clone(deps);
    let posted = tokio::task::spawn_blocking(move || {
        poster
            .platform
            .as_ref()
            .map(|platform| platform.post(&event))
    });
    let Some(attempt) = posted.await.map_err(Error::internal)? else {
        return Ok(JobEnd::Done);
    };
    let over = attempt.problem == Some("gone") || deps.retry_delay(claimed).is_none();
    let (lease, problem) = (claimed.lease, attempt.problem);
    let updated = deps.pool.run(move |connection| match problem {
        None => jobs::finish_with(connection, lease, |connection| {
            webhook_events::note(connection, event_no, &attempt)?;
            webhook_events::set_delivered(connection, event_no)
        }),
        Some(_) if over => jobs::finish_with(connection, lease, |connection| {
            webhook_events::note(connection, event_no, &attempt)?;
            webhook_events::set_given_up(connection, event_no)
        }),
        Some(_) => webhook_events::note(connection, event_no, &attempt).map(Some),
    });
    updated.await?;
    match problem {
        Some(problem) if !over => Ok(JobEnd::Retry(problem.to_owned())),
        Some(_) | None => Ok(JobEnd::Finished),
    }
}
