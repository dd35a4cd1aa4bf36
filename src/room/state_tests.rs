//! Every command by everybody: what a room decides, and what it knows afterwards.

use chrono::{DateTime, Utc};
use std::sync::Arc;

use super::*;
use crate::domain::command::Typing;
use crate::domain::ids::{ConversationId, ConversationNo, MessageId};
use crate::domain::message::Message;
use crate::domain::principal::{Profile, Roles};

const PLACE: ConversationNo = ConversationNo(7);

/// Everybody who may ask, in the order of the tables below.
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
        expires_at: 0,
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
        delivered_seq: 5,
        read_seq: 3,
        joined_at: moment(0),
    }
}

fn conversation(kind: ConversationKind) -> Conversation {
    Conversation {
        no: PLACE,
        id: ConversationId::fresh(),
        kind,
        title: Some("title".to_owned()),
        status: ConversationStatus::Open,
        subject: None,
        created_by: id("owner"),
        last_seq: 10,
        policy_version: 2,
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
    })
}

fn group() -> State {
    state(ConversationKind::Group)
}

/// `change`, `already`, or the code of the refusal.
fn verdict(state: &State, name: &str, command: &Command) -> &'static str {
    match state.decide(&caller(name), command) {
        Ok(Decision::Change(_)) => "change",
        Ok(Decision::Already) => "already",
        Err(refusal) => refusal.code_and_status().0,
    }
}

/// Compares the verdicts on a command of all callers; `ok` stands for a change.
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
    Command::ChangeSettings {
        title: None,
        status: Some(status),
    }
}

fn sends(state: &State, expected: [&str; 9]) {
    let draft = Draft::text(None, "hello".to_owned());
    for (name, expected) in CALLERS.iter().zip(expected) {
        let found = state.may_send(&caller(name), &draft);
        let found = found.map_or_else(|refusal| refusal.code_and_status().0, |()| "ok");
        assert_eq!(found, expected, "a message by {name}");
    }
}

#[test]
fn who_may_speak_edit_and_delete() {
    let speaks = [
        "ok", "ok", "MUTED", "BLOCKED", OUT, OUT, UNKNOWN, "ok", "ok",
    ];
    sends(&group(), speaks);
    table(&group(), &edit(), speaks);
    let delete = Command::Delete {
        message: message_id(),
    };
    let deletes = ["ok", "ok", "ok", "BLOCKED", OUT, OUT, UNKNOWN, "ok", "ok"];
    table(&group(), &delete, deletes);
    for (name, expected) in [("owner", true), ("staff", true), ("member", false)] {
        let Ok(Decision::Change(ChangeKind::Delete { power, .. })) =
            group().decide(&caller(name), &delete)
        else {
            panic!("no deletion by {name}");
        };
        assert_eq!(power == Power::Moderates, expected, "{name}");
    }
    let mut closed = group();
    closed.conversation.status = ConversationStatus::Closed;
    const CLOSED: &str = "CONVERSATION_CLOSED";
    let speaks = [
        CLOSED, CLOSED, "MUTED", "BLOCKED", OUT, OUT, UNKNOWN, CLOSED, CLOSED,
    ];
    sends(&closed, speaks);
    table(&closed, &edit(), speaks);
    table(&closed, &delete, deletes);
}

#[test]
fn only_the_platform_sends_other_kinds_and_nobody_answers_what_is_elsewhere() {
    let draft = Draft {
        kind: MessageKind::System,
        ..Draft::text(None, "hello".to_owned())
    };
    let refused = group().may_send(&caller("staff"), &draft).unwrap_err();
    assert_eq!(refused.code_and_status().0, "FORBIDDEN");
    assert_eq!(group().may_send(&caller("platform"), &draft), Ok(()));
    let elsewhere = MessageId {
        conversation: ConversationNo(8),
        seq: 1,
    };
    let reply = Draft {
        reply_to: Some(elsewhere),
        ..Draft::text(None, "hello".to_owned())
    };
    let refused = group().may_send(&caller("member"), &reply);
    assert_eq!(refused, Err(Refusal::MessageNotFound));
}

#[test]
fn who_may_bring_people_in_change_them_and_send_them_away() {
    for newcomer in ["stranger", "left", "removed"] {
        table(&group(), &add(newcomer), MANAGED);
    }
    let mut already = MANAGED.map(|verdict| if verdict == "ok" { "already" } else { verdict });
    table(&group(), &add("member"), already);
    table(&group(), &mute("member"), MANAGED);
    table(&group(), &mute("muted"), already);
    already = MANAGED.map(|verdict| match verdict {
        "ok" => "PARTICIPANT_NOT_FOUND",
        other => other,
    });
    for absent in ["left", "stranger"] {
        assert_eq!(verdict(&group(), "owner", &mute(absent)), already[0]);
        assert_eq!(verdict(&group(), "owner", &remove(absent)), already[0]);
    }
    let mut removal = MANAGED;
    removal[1] = "ok";
    table(&group(), &remove("member"), removal);
    for (by, expected) in [("owner", Membership::Removed), ("member", Membership::Left)] {
        let Ok(Decision::Change(ChangeKind::Set { participant })) =
            group().decide(&caller(by), &remove("member"))
        else {
            panic!("no removal by {by}");
        };
        assert_eq!(participant.membership, expected);
    }
}

#[test]
fn who_may_change_title_and_status() {
    table(&group(), &status(ConversationStatus::Closed), MANAGED);
    let already = MANAGED.map(|verdict| if verdict == "ok" { "already" } else { verdict });
    table(&group(), &status(ConversationStatus::Open), already);
    let rename = |title: Option<&str>| Command::ChangeSettings {
        title: Some(title.map(str::to_owned)),
        status: None,
    };
    table(&group(), &rename(None), MANAGED);
    table(&group(), &rename(Some("title")), already);
}

#[test]
fn in_a_direct_conversation_each_may_stop_the_other_and_nobody_comes_in() {
    let direct = state(ConversationKind::Direct);
    assert_eq!(verdict(&direct, "muted", &mute("member")), "change");
    assert_eq!(verdict(&direct, "muted", &mute("muted")), "FORBIDDEN");
    let role = ParticipantChange {
        role: Some("owner".to_owned()),
        ..ParticipantChange::default()
    };
    assert_eq!(
        verdict(&direct, "muted", &change("member", role)),
        "FORBIDDEN"
    );
    assert_eq!(
        verdict(&direct, "member", &add("stranger")),
        "UNPROCESSABLE"
    );
    assert_eq!(verdict(&direct, "staff", &add("stranger")), "UNPROCESSABLE");
    assert_eq!(verdict(&direct, "member", &add("muted")), "already");
    assert_eq!(
        verdict(&direct, "member", &remove("muted")),
        "UNPROCESSABLE"
    );
    assert_eq!(verdict(&direct, "staff", &remove("muted")), "change");
    assert_eq!(verdict(&direct, "member", &remove("member")), "change");
    assert_eq!(
        verdict(&direct, "member", &status(ConversationStatus::Closed)),
        "change"
    );
}

#[test]
fn a_full_conversation_takes_nobody_but_those_who_are_there() {
    let mut full = group();
    for number in 100..100 + limits::PARTICIPANTS as i64 {
        let mut other = person("member");
        (other.no, other.id) = (UserNo(number), id(&number.to_string()));
        full.people.insert(other.no, other);
    }
    assert_eq!(verdict(&full, "owner", &add("stranger")), "UNPROCESSABLE");
    assert_eq!(verdict(&full, "owner", &add("left")), "UNPROCESSABLE");
    assert_eq!(verdict(&full, "owner", &add("member")), "already");
}

#[test]
fn a_watermark_moves_forward_to_what_exists() {
    let mark = |name: &str, mark, seq| group().mark(&caller(name), mark, seq);
    assert_eq!(mark("member", Mark::Seen, 4), Ok((3, Some(4))));
    assert_eq!(mark("member", Mark::Seen, 3), Ok((3, None)));
    assert_eq!(mark("member", Mark::Seen, 99), Ok((3, Some(10))));
    assert_eq!(mark("member", Mark::Delivered, 5), Ok((5, None)));
    assert_eq!(mark("muted", Mark::Delivered, 6), Ok((5, Some(6))));
    assert_eq!(mark("staff", Mark::Seen, 4), Err(Refusal::NotAParticipant));
    assert_eq!(mark("blocked", Mark::Seen, 4), Err(Refusal::Blocked));
    assert_eq!(
        mark("stranger", Mark::Seen, 4),
        Err(Refusal::ConversationNotFound)
    );
    let mut state = group();
    let member = number("member");
    assert_eq!(state.evolve_mark(member, Mark::Seen, 8), Some(3));
    assert_eq!(
        state.evolve_mark(member, Mark::Delivered, 7),
        None,
        "what was read was delivered"
    );
    assert_eq!(state.evolve_mark(member, Mark::Seen, 4), None);
    assert_eq!(state.marked(member, Mark::Seen), Some(8));
    assert_eq!(state.marked(member, Mark::Delivered), Some(8));
    assert_eq!(state.evolve_mark(number("stranger"), Mark::Seen, 4), None);
}

fn entry(seq: Seq, fact: Fact) -> Entry {
    let at = moment(seq);
    Entry { seq, at, fact }
}

fn message() -> Message {
    Message {
        id: message_id(),
        sender: number("member"),
        sender_id: id("member"),
        draft: Arc::new(Draft::text(None, "hello".to_owned())),
        created_at: moment(1),
        edited_at: None,
        deleted_at: None,
    }
}

#[test]
fn every_entry_moves_the_seq_and_the_moment_and_some_the_policy() {
    let mut state = group();
    let facts = [
        (Fact::Said(message()), 2),
        (Fact::Edited(message()), 2),
        (Fact::Deleted(message()), 2),
        (
            Fact::Participant {
                by: number("owner"),
                now: person("stranger"),
            },
            3,
        ),
        (
            Fact::Settings {
                title: None,
                status: ConversationStatus::Closed,
            },
            4,
        ),
    ];
    for (seq, (fact, policy)) in (11..).zip(facts) {
        state.evolve(&entry(seq, fact));
        let now = &state.conversation;
        assert_eq!(
            (now.last_seq, now.policy_version, now.updated_at),
            (seq, policy, moment(seq))
        );
    }
    assert_eq!(state.conversation.title, None);
    assert_eq!(state.conversation.status, ConversationStatus::Closed);
    assert!(
        state.standing(&caller("stranger")).is_ok(),
        "no stranger any more"
    );
}

#[test]
fn a_mark_that_overtook_a_change_of_its_owner_stays() {
    let mut state = group();
    state.evolve_mark(number("member"), Mark::Seen, 9);
    let mut now = person("member");
    now.role = "helper".to_owned();
    let by = number("owner");
    state.evolve(&entry(11, Fact::Participant { by, now }));
    let member = state.person(number("member")).unwrap();
    assert_eq!(
        (member.read_seq, member.delivered_seq, member.role.as_str()),
        (9, 9, "helper")
    );
}

#[test]
fn what_a_room_does_not_decide_is_no_change() {
    let send = Command::Send(Arc::new(Draft::text(None, "hello".to_owned())));
    for command in [
        send,
        Command::Type(Typing::Started),
        Command::Mark {
            mark: Mark::Seen,
            seq: 1,
        },
    ] {
        assert_eq!(verdict(&group(), "member", &command), "already");
        assert_eq!(verdict(&group(), "stranger", &command), UNKNOWN);
    }
    assert_eq!(
        group().reader(&caller("member")).unwrap().role.as_deref(),
        Some(MEMBER)
    );
    assert_eq!(group().reader(&caller("staff")).unwrap().role, None);
}
