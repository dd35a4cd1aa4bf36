//! Notifies people of an event: rows that are written in one transaction with the progress of their run.

use diesel::pg::PgConnection;
use notices::{NoticeType, Priority};
use rules::{Effect, Rooms, Selected, Subject};
use std::collections::BTreeSet;

use super::{Outcome, RuleDeps};
use crate::domain::ids::UserNo;
use crate::domain::message::SYSTEM;
use crate::domain::notice::{About, Notice, NoticeSpec, RECIPIENTS};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::events::EventRow;
use crate::store::notices::{self as rows, NewNotices};
use crate::store::rule_runs::{self, PendingRun};
use crate::store::{participants, rule_rooms, users};

/// Makes the notifications of an effect, advances its run, and informs those who are online.
pub(super) async fn notify(
    rules: &RuleDeps,
    event: &EventRow,
    run: &PendingRun,
    effect: Effect,
) -> Result<Outcome, Error> {
    let Effect::Notify {
        to,
        kind,
        subject,
        words,
        data,
    } = effect
    else {
        return Err(Error::internal("this effect notifies nobody"));
    };
    let of = rules.notices.get(&kind);
    let of = of.ok_or(Refusal::NotificationTypeNotFound {
        name: kind.clone(),
        near: None,
    })?;
    let (of, run, actor) = (of.clone(), run.clone(), event.actor_no.map(UserNo));
    let data = of.check(&data);
    let data = data.map_err(|wrong| Refusal::invalid(wrong.field, wrong.reason))?;
    let priority = words.priority.as_deref().and_then(Priority::named);
    let now = rules.room.pool.clock().now();
    let spec = NoticeSpec {
        kind,
        module: of.module.clone(),
        priority: priority.unwrap_or(of.priority),
        data,
        title: words.title,
        message: words.message,
        action: None,
        about: subject.as_ref().map(about),
        metadata: None,
        key: words.key,
        client_id: None,
        expires_at: of.expires.map(|span| now + span),
    };
    let mut told = Vec::new();
    let write = move |connection: &mut PgConnection| {
        let progress = rule_runs::advance_with(connection, &run, |connection| {
            let recipients = recipients(connection, &to, subject.as_ref(), actor)?;
            told = make(connection, spec, of, recipients)?;
            Ok(())
        })?;
        Ok((progress, told))
    };
    let (progress, told) = rules.room.pool.run(write).await?;
    rules.room.notifier.tell(told);
    Ok(Outcome::TookAndAdvanced(progress))
}

fn about(subject: &Subject) -> About {
    About {
        kind: subject.kind.clone(),
        id: subject.id.clone(),
    }
}

fn make(
    connection: &mut PgConnection,
    spec: NoticeSpec,
    of: NoticeType,
    recipients: Vec<UserNo>,
) -> Result<Vec<Notice>, Error> {
    let new = NewNotices {
        spec,
        of,
        maker: SYSTEM.0,
        recipients,
    };
    let made = rows::create(connection, &new)?;
    let new = made.notices.into_iter().map(|(notice, _)| notice);
    Ok(made.replaced.into_iter().chain(new).collect())
}

/// Who is notified, each once: the users whom the event names, and participants but for the one who caused it.
fn recipients(
    connection: &mut PgConnection,
    to: &[Selected],
    subject: Option<&Subject>,
    actor: Option<UserNo>,
) -> Result<Vec<UserNo>, Error> {
    let mut found = BTreeSet::new();
    for selected in to {
        match selected {
            Selected::User(id) => {
                let row = users::find(connection, id)?;
                let row = row.ok_or_else(|| Refusal::UserNotFound(id.clone()))?;
                found.insert(row.no);
            }
            Selected::Role(role) => {
                found.extend(present(connection, subject, Some(role), actor)?);
            }
            Selected::Participants => found.extend(present(connection, subject, None, actor)?),
        }
    }
    Ok(found.into_iter().take(RECIPIENTS).map(UserNo).collect())
}

/// Those who take part in an open conversation about the subject, in this role.
fn present(
    connection: &mut PgConnection,
    subject: Option<&Subject>,
    role: Option<&String>,
    actor: Option<UserNo>,
) -> Result<Vec<i64>, Error> {
    let Some(subject) = subject else {
        return Ok(Vec::new());
    };
    let rooms = Rooms {
        subject: subject.clone(),
        room: None,
    };
    let mut found = Vec::new();
    for room in rule_rooms::open_rooms(connection, &rooms)? {
        let people = participants::of(connection, room.no)?.into_iter();
        let meant = people.filter(|person| {
            let has_role = role.is_none_or(|role| *role == person.role);
            person.takes_part() && has_role && Some(person.no) != actor
        });
        found.extend(meant.map(|person| person.no.0));
    }
    Ok(found)
}
