//! The decisions of a room on every command, for every kind of caller.

use super::*;
use crate::domain::command::{Reads, Typing};
use crate::domain::conversation::Card;

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
            decide(&group(), name, &delete)
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
    let content = Content {
        kind: MessageKind::System,
        ..Content::text(None, "hello".to_owned())
    };
    let refused = group().may_send(&caller("staff"), &content).unwrap_err();
    assert_eq!(refused.code_and_status().0, "FORBIDDEN");
    assert_eq!(group().may_send(&caller("platform"), &content), Ok(()));
    let elsewhere = MessageId {
        conversation: ConversationNo(8),
        seq: 1,
    };
    let reply = Content {
        reply_to: Some(elsewhere),
        ..Content::text(None, "hello".to_owned())
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
            decide(&group(), by, &remove("member"))
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
    let rename = |title: Option<&str>| {
        Command::ChangeSettings(SettingsChange {
            title: Some(title.map(str::to_owned)),
            ..SettingsChange::default()
        })
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
        full.people.insert(other);
    }
    assert_eq!(verdict(&full, "owner", &add("stranger")), "UNPROCESSABLE");
    assert_eq!(verdict(&full, "owner", &add("left")), "UNPROCESSABLE");
    assert_eq!(verdict(&full, "owner", &add("member")), "already");
}

#[test]
fn what_a_room_does_not_decide_is_no_change() {
    let send = Command::Send(Arc::new(Content::text(None, "hello".to_owned())));
    for command in [
        send,
        Command::Type(Typing::Started),
        Command::Mark {
            mark: Mark::Seen(Reads::All),
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

/// Only the platform's back end.
const PLATFORM: [&str; 9] = [NO, NO, NO, "BLOCKED", OUT, OUT, UNKNOWN, NO, "ok"];

fn about(card: Card) -> State {
    let mut about = group();
    about.conversation.status = ConversationStatus::Closed;
    about.conversation.subject = Some(Arc::new(Subject {
        kind: "job".to_owned(),
        id: "1".to_owned(),
        card,
    }));
    about
}

#[test]
fn only_the_platform_describes_a_subject_and_its_first_word_begins_anew() {
    let card = |text: &str| text.parse::<Card>().expect("JSON");
    let (card, other) = (card(r#"{"title":"a job"}"#), card(r#"{"title":"a task"}"#));
    let describe = |title: Option<&str>, card: &Card| Command::DescribeSubject {
        title: title.map(str::to_owned),
        card: card.clone(),
    };
    table(&about(Card::Null), &describe(None, &card), PLATFORM);
    let same = verdict(&about(card.clone()), "platform", &describe(None, &card));
    assert_eq!(same, "already");
    let of_nothing = verdict(&group(), "platform", &describe(None, &card));
    assert_eq!(of_nothing, "already");
    use ConversationStatus::{Closed, Open};
    for (before, said, expected) in [
        (Card::Null, None, (None, Open)),
        (Card::Null, Some("new"), (Some("new"), Open)),
        (other.clone(), None, (Some("title"), Closed)),
        (other.clone(), Some("new"), (Some("new"), Closed)),
    ] {
        let decided = decide(&about(before), "platform", &describe(said, &card));
        let Ok(Decision::Change(ChangeKind::Settings {
            settings,
            card: after,
            ..
        })) = decided
        else {
            panic!("{decided:?}");
        };
        assert_eq!((settings.title.as_deref(), settings.status), expected);
        assert_eq!(after, Some(card.clone()));
    }
}

#[test]
fn only_the_platform_assigns_roles_and_none_while_a_deal_runs() {
    let assign = |name: &str, role: &str| Command::AssignRole {
        user: id(name),
        role: role.to_owned(),
    };
    table(&group(), &assign("member", "buyer"), PLATFORM);
    let platform = |state: &State, command| verdict(state, "platform", &command);
    assert_eq!(platform(&group(), assign("member", MEMBER)), "already");
    let absent = platform(&group(), assign("left", "buyer"));
    assert_eq!(absent, "PARTICIPANT_NOT_FOUND");
    for (phase, expected) in [(Phase::Running, "already"), (Phase::Over, "change")] {
        let mut deal = group();
        deal.conversation.flow = Some(Arc::new(deal_view(phase)));
        assert_eq!(platform(&deal, assign("member", "buyer")), expected);
    }
}

#[test]
fn a_user_who_left_a_direct_conversation_may_return_and_bring_back_nobody_else() {
    let mut direct = state(ConversationKind::Direct);
    let mut left = person("left");
    left.role = MEMBER.to_owned();
    direct.people.insert(left.clone());
    assert_eq!(verdict(&direct, "left", &add("left")), "change");
    assert_eq!(verdict(&direct, "left", &add("member")), OUT);
    assert_eq!(verdict(&direct, "member", &add("left")), "change");
    left.blocked = true;
    direct.people.insert(left);
    assert_eq!(verdict(&direct, "left", &add("left")), "BLOCKED");
    assert_eq!(verdict(&group(), "left", &add("left")), OUT);
    for (by, expected) in [("owner", Returns::Once), ("staff", Returns::Always)] {
        let Ok(Decision::Change(ChangeKind::Add { returns, .. })) =
            decide(&group(), by, &add("left"))
        else {
            panic!("not brought back by {by}");
        };
        assert_eq!(returns, expected, "{by}");
    }
}

#[test]
fn who_is_added_sees_what_the_platform_lets_their_role_see_or_less() {
    let added = |role: &str, history| {
        let add = Command::AddParticipant {
            user: id("stranger"),
            role: Some(role.to_owned()),
            history,
        };
        match decide(&group(), "owner", &add) {
            Ok(Decision::Change(ChangeKind::Add { history, .. })) => history,
            other => panic!("not added: {other:?}"),
        }
    };
    let (all, later) = (History::All, History::FromJoining);
    for (role, asked, expected) in [
        (MEMBER, None, all),
        (MEMBER, Some(all), all),
        (MEMBER, Some(later), later),
        ("rider", None, later),
        ("rider", Some(all), later),
        ("rider", Some(later), later),
    ] {
        assert_eq!(added(role, asked), expected, "{role} {asked:?}");
    }
}

#[test]
fn a_conversation_is_full_at_its_own_maximum_and_at_the_kinds() {
    let full = |own, of_kind| {
        let mut state = group();
        state.conversation.max_participants = own;
        let mut policies = Policies::default();
        policies.group.maximum = of_kind;
        let decided = state.decide(&caller("owner"), &add("stranger"), &policies);
        decided.is_err()
    };
    // Four take part.
    assert!(full(Some(4), 256) && full(None, 4) && full(Some(256), 4) && full(Some(2), 256));
    assert!(!full(Some(5), 256) && !full(None, 5) && !full(Some(256), 5));
}

#[test]
fn who_manages_says_how_many_may_take_part() {
    let limit = |most| {
        Command::ChangeSettings(SettingsChange {
            max_participants: Some(most),
            ..SettingsChange::default()
        })
    };
    table(&group(), &limit(Some(2)), MANAGED);
    assert_eq!(verdict(&group(), "owner", &limit(None)), "already");
    for wrong in [0, 257] {
        let found = verdict(&group(), "owner", &limit(Some(wrong)));
        assert_eq!(found, "INVALID_REQUEST", "{wrong}");
    }
    let direct = state(ConversationKind::Direct);
    let found = verdict(&direct, "member", &limit(Some(2)));
    assert_eq!(found, "UNPROCESSABLE");
}
