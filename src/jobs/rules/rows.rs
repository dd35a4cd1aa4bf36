//! Effects that are rows: written in one transaction with the progress of their run.

use diesel::pg::PgConnection;
use rules::Effect;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::Outcome;
use crate::domain::flow::WebhookEvent;
use crate::domain::ids::UserNo;
use crate::domain::message::SYSTEM;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::jobs::JobDeps;
use crate::store::audit::{self, Audited};
use crate::store::events::EventRow;
use crate::store::rule_runs::{self, PendingRun};
use crate::store::{ties, users, webhook_events};

/// Writes the rows of an effect, and advances its run.
pub(super) async fn write(
    deps: &Arc<JobDeps>,
    event: &EventRow,
    run: &PendingRun,
    effect: Effect,
) -> Result<Outcome, Error> {
    let (event, run) = (event.clone(), run.clone());
    let now = deps.pool.clock().now();
    let write = move |connection: &mut PgConnection| {
        rule_runs::advance_with(connection, &run, |connection| match effect {
            Effect::Emit { name, data } => {
                let webhook = webhook(&event, name, data);
                webhook_events::add(connection, None, &webhook, now).map(drop)
            }
            Effect::Audit { action, text } => {
                audit::write(connection, &line(&event, &run, action, text))
            }
            Effect::Connect { from, to, kind } => {
                let (from, to) = (user(connection, &from)?, user(connection, &to)?);
                ties::connect(connection, from, to, &kind)
            }
            Effect::Disconnect { from, to, kind } => {
                let (from, to) = (user(connection, &from)?, user(connection, &to)?);
                ties::disconnect(connection, from, to, &kind)
            }
            Effect::Trait {
                user: of,
                name,
                value,
            } => {
                let of = user(connection, &of)?;
                ties::note_trait(connection, of, &name, &value)
            }
            _ => Err(Error::internal("this effect is no row")),
        })
    };
    deps.pool.run(write).await.map(Outcome::TookAndAdvanced)
}

fn user(connection: &mut PgConnection, id: &str) -> Result<UserNo, Error> {
    let row = users::find(connection, id)?;
    let row = row.ok_or_else(|| Refusal::UserNotFound(id.to_owned()))?;
    Ok(UserNo(row.no))
}

/// What an event is, for those who read what followed.
fn cause(event: &EventRow) -> Value {
    json!({ "source": event.source, "id": event.id, "type": event.event_type })
}

fn webhook(event: &EventRow, name: String, data: Map<String, Value>) -> WebhookEvent {
    let subject = event.subject();
    WebhookEvent {
        event: name,
        data: json!({ "event": cause(event), "subject": subject, "data": data }),
    }
}

/// A line about what the event is about, or about the event itself where it is about nothing.
fn line(event: &EventRow, run: &PendingRun, action: String, text: Option<String>) -> Audited {
    let about = event.subject();
    let (object_type, object_id) = match about {
        Some(subject) => (subject.kind, subject.id),
        None => ("event".to_owned(), event.id.clone()),
    };
    Audited {
        actor: event.actor_no.map_or(SYSTEM.0, UserNo),
        action: action.into(),
        object_type: object_type.into(),
        object_id,
        conversation: None,
        data: json!({ "event": cause(event), "rule": run.rule, "text": text }),
    }
}
