//! Tables of every command by every kind of caller: what a room decides and what its state is afterwards.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

mod deciding;
mod evolving;

use super::*;
use crate::domain::access::blocks::{Block, Blocks};
use crate::domain::access::policies::{History, Policies};
use crate::domain::command::{ParticipantChange, SettingsChange};
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, MEMBER, Membership, Settings, Signals,
    Subject,
};
use crate::domain::flow::{DealView, Phase};
use crate::domain::ids::UserId;
use crate::domain::ids::{ConversationId, ConversationNo, MessageId};
use crate::domain::limits;
use crate::domain::message::Power;
use crate::domain::principal::{Profile, Roles};
use crate::store::changes::Returns;

const PLACE: ConversationNo = ConversationNo(7);

/// All callers, in the order of the columns of the tables below.
const CALLERS: [&str; 9] = [
    "owner", "member", "muted", "blocked", "left", "removed", "stranger", "staff", "platform",
];

fn number(name: &str) -> UserNo {
    let place = CALLERS.iter().position(|caller| *caller == name);
    UserNo(place.unwrap() as i64 + 1)
}

fn id(name: &str) -> UserId {
    UserId::stored(name.to_owned())
}

fn moment(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn caller(name: &str) -> Principal {
    Principal {
        no: number(name),
        id: id(name),
        profile: Arc::new(Profile::default()),
        roles: Roles {
            support: name == "staff",
            service: name == "platform",
            admin: false,
        },
        platform_role: None,
        valid_until: 0,
        issued_at: None,
    }
}

fn person(name: &str) -> Participant {
    let membership = match name {
        "left" => Membership::Left,
        "removed" => Membership::Removed,
        _ => Membership::Present,
    };
    Participant {
        no: number(name),
        id: id(name),
        name: None,
        avatar_url: None,
        role: if name == "owner" { "owner" } else { MEMBER }.to_owned(),
        membership,
        muted: name == "muted",
        blocked: name == "blocked",
        sees_from: 0,
        delivered_seq: 5,
        read_seq: 3,
        threads_seq: 3,
        unread_from: None,
        joined_at: moment(0),
        signals: Signals::Shown,
    }
}

fn conversation(kind: ConversationKind) -> Conversation {
    Conversation {
        no: PLACE,
        id: ConversationId::fresh(),
        kind,
        title: Some("title".into()),
        status: ConversationStatus::Open,
        subject: None,
        created_by: id("owner"),
        last_seq: 10,
        policy_version: 2,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: None,
        created_at: moment(0),
        updated_at: moment(0),
    }
}

fn state(kind: ConversationKind) -> State {
    let names: &[&str] = match kind {
        ConversationKind::Direct => &["member", "muted"],
        _ => &["owner", "member", "muted", "blocked", "left", "removed"],
    };
    State::new(Loaded {
        conversation: conversation(kind),
        participants: names.iter().map(|name| person(name)).collect(),
        blocks: Blocks::default(),
        staff: Vec::new(),
        spoken: Vec::new(),
    })
}

fn group() -> State {
    state(ConversationKind::Group)
}

/// The view of a deal in this phase.
fn deal_view(phase: Phase) -> DealView {
    DealView {
        flow: "bid".to_owned(),
        flow_version: 1,
        state: "begun".to_owned(),
        title: "Begun".to_owned(),
        state_version: 1,
        awaiting_role: None,
        phase,
        entered_at: moment(0),
        deadline: None,
        chat: BTreeMap::new(),
        available_actions: BTreeMap::new(),
    }
}

fn decide(state: &State, name: &str, command: &Command) -> Result<Decision, Refusal> {
    state.decide(&caller(name), command, &Policies::default())
}

/// `change`, `already`, or the code of the refusal.
fn verdict(state: &State, name: &str, command: &Command) -> &'static str {
    match decide(state, name, command) {
        Ok(Decision::Change(_)) => "change",
        Ok(Decision::Already) => "already",
        Err(refusal) => refusal.code_and_status().0,
    }
}

/// Compares the decisions on a command of all callers; `ok` stands for a change.
fn table(state: &State, command: &Command, expected: [&str; 9]) {
    for (name, expected) in CALLERS.iter().zip(expected) {
        let expected = if expected == "ok" { "change" } else { expected };
        let found = verdict(state, name, command);
        assert_eq!(found, expected, "{command:?} by {name}");
    }
}

const OUT: &str = "NOT_A_PARTICIPANT";
const UNKNOWN: &str = "CONVERSATION_NOT_FOUND";
const NO: &str = "FORBIDDEN";
/// Only those who manage.
const MANAGED: [&str; 9] = ["ok", NO, NO, "BLOCKED", OUT, OUT, UNKNOWN, "ok", "ok"];

fn message_id() -> MessageId {
    MessageId {
        conversation: PLACE,
        seq: 1,
    }
}

fn edit() -> Command {
    Command::Edit {
        message: message_id(),
        body: "other".to_owned(),
    }
}

fn add(name: &str) -> Command {
    Command::AddParticipant {
        user: id(name),
        role: None,
        history: None,
    }
}

fn remove(name: &str) -> Command {
    Command::RemoveParticipant { user: id(name) }
}

fn change(name: &str, change: ParticipantChange) -> Command {
    Command::ChangeParticipant {
        user: id(name),
        change,
    }
}

fn mute(name: &str) -> Command {
    let muted = ParticipantChange {
        muted: Some(true),
        ..ParticipantChange::default()
    };
    change(name, muted)
}

fn status(status: ConversationStatus) -> Command {
    Command::ChangeSettings(SettingsChange {
        status: Some(status),
        ..SettingsChange::default()
    })
}

fn sends(state: &State, expected: [&str; 9]) {
    let content = Content::text(None, "hello".to_owned());
    for (name, expected) in CALLERS.iter().zip(expected) {
        let found = state.may_send(&caller(name), &content);
        let found = found.map_or_else(|refusal| refusal.code_and_status().0, |()| "ok");
        assert_eq!(found, expected, "a message by {name}");
    }
}
