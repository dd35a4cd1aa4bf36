//! Tables of the access rule: every state of a participant, token, deal, status and privilege.

use chrono::DateTime;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

mod speaking;

use super::*;
use crate::domain::conversation::Signals;
use crate::domain::deal_reader::DealReader;
use crate::domain::flow::{Phase, Style};
use crate::domain::ids::{ConversationId, ConversationNo, UserId};

fn all_roles() -> impl Iterator<Item = Roles> {
    (0..8).map(|bits| Roles {
        admin: bits & 1 != 0,
        support: bits & 2 != 0,
        service: bits & 4 != 0,
    })
}

fn person(role: &str, membership: &str, flags: &str) -> Participant {
    Participant {
        no: UserNo(1),
        id: UserId::stored("one".to_owned()),
        name: None,
        avatar_url: None,
        role: role.to_owned(),
        membership: Membership::named(membership).unwrap(),
        muted: flags.contains("muted"),
        blocked: flags.contains("blocked"),
        sees_from: 0,
        delivered_seq: 0,
        read_seq: 0,
        unread_from: None,
        joined_at: DateTime::UNIX_EPOCH,
        signals: Signals::Shown,
    }
}

fn code(refusal: impl Into<Refusal>) -> &'static str {
    refusal.into().code_and_status().0
}

fn named(access: Result<Access<'_>, Denied>) -> &'static str {
    match access {
        Ok(Access::Participant(_)) => "participant",
        Ok(Access::StaffParticipant(_)) => "staff participant",
        Ok(Access::BusinessStaff(_)) => "staff of a business",
        Ok(Access::Staff) => "staff",
        Err(denied) => code(denied),
    }
}

const GONE: &str = "NOT_A_PARTICIPANT";
const BLOCKED: &str = "BLOCKED";

/// Membership and flags; the state; the access with an ordinary token; the access with a token that opens every
/// conversation; the membership that is sent after access was lost.
const ROWS: [(&str, &str, &str, &str, &str, &str); 12] = [
    (
        "present",
        "",
        "Active",
        "participant",
        "staff participant",
        "blocked",
    ),
    (
        "present",
        "muted",
        "Muted",
        "participant",
        "staff participant",
        "blocked",
    ),
    ("present", "blocked", "Blocked", BLOCKED, "staff", "blocked"),
    (
        "present",
        "muted blocked",
        "Blocked",
        BLOCKED,
        "staff",
        "blocked",
    ),
    ("left", "", "Left", GONE, "staff", "left"),
    ("left", "muted", "Left", GONE, "staff", "left"),
    ("left", "blocked", "Blocked", BLOCKED, "staff", "left"),
    ("left", "muted blocked", "Blocked", BLOCKED, "staff", "left"),
    ("removed", "", "Removed", GONE, "staff", "removed"),
    ("removed", "muted", "Removed", GONE, "staff", "removed"),
    ("removed", "blocked", "Blocked", BLOCKED, "staff", "removed"),
    (
        "removed",
        "muted blocked",
        "Blocked",
        BLOCKED,
        "staff",
        "removed",
    ),
];

#[test]
fn who_may_read_and_as_what() {
    for (membership, flags, state, ordinary, opening, lost) in ROWS {
        let own = person("member", membership, flags);
        assert_eq!(format!("{:?}", own.state()), state, "{own:?}");
        assert_eq!(lost_membership(Some(&own)), lost, "{own:?}");
        for roles in all_roles() {
            let expected = match roles == Roles::default() {
                true => ordinary,
                false => opening,
            };
            let access = Access::of(Some(&own), roles);
            assert_eq!(named(access), expected, "{roles:?} {own:?}");
        }
        let reads = Access::of(Some(&own), Roles::default()).ok();
        let role = role_among(std::slice::from_ref(&own), own.no);
        assert_eq!(role, reads.and_then(Access::role), "{own:?}");
        assert_eq!(role_among(std::slice::from_ref(&own), UserNo(2)), None);
    }
    assert_eq!(lost_membership(None), "none");
    for roles in all_roles() {
        let expected = match roles == Roles::default() {
            true => "CONVERSATION_NOT_FOUND",
            false => "staff",
        };
        assert_eq!(named(Access::of(None, roles)), expected, "{roles:?}");
    }
}

#[test]
fn who_asks_for_a_message_learns_of_it_what_they_may_know_of_the_conversation() {
    for (denied, of_conversation, of_message) in [
        (
            Denied::Stranger,
            "CONVERSATION_NOT_FOUND",
            "MESSAGE_NOT_FOUND",
        ),
        (Denied::Gone, GONE, GONE),
        (Denied::Blocked, BLOCKED, BLOCKED),
    ] {
        assert_eq!(code(denied), of_conversation);
        assert_eq!(code(denied.of_message()), of_message);
    }
}

#[test]
fn only_who_left_two_by_themselves_may_return() {
    use ConversationKind::{Direct, Group, Support};
    for (membership, flags, state, ..) in ROWS {
        let own = person("member", membership, flags);
        for kind in [Direct, Group, Support] {
            for roles in all_roles() {
                let admission = Admission::of(Some(&own), kind, roles);
                let returns = state == "Left" && kind == Direct && roles == Roles::default();
                let expected = match returns {
                    true => Ok(Admission::MayReturn),
                    false => Access::of(Some(&own), roles).map(Admission::Has),
                };
                assert_eq!(admission, expected, "{kind:?} {roles:?} {own:?}");
            }
        }
    }
    let stranger = Admission::of(None, Direct, Roles::default());
    assert_eq!(stranger, Err(Denied::Stranger));
}

fn deal(chat: ChatPolicy) -> DealView {
    DealView {
        flow: "bid".to_owned(),
        flow_version: 1,
        state: "begun".to_owned(),
        title: "Begun".to_owned(),
        state_version: 1,
        awaiting_role: None,
        phase: Phase::Running,
        entered_at: DateTime::UNIX_EPOCH,
        deadline: None,
        chat: BTreeMap::from([("member".to_owned(), chat)]),
        available_actions: ["member", STAFF, "system"]
            .map(|actor| (actor.to_owned(), vec![action(actor), action("close")]))
            .into(),
    }
}

fn action(name: &str) -> AvailableAction {
    AvailableAction {
        action: name.to_owned(),
        label: name.to_owned(),
        style: Style::Success,
        input: Vec::new(),
    }
}

#[test]
fn a_caller_sees_the_actions_of_all_as_whom_they_may_act() {
    let deal = deal(ChatPolicy::Buttons);
    let own = person("member", "present", "");
    for roles in all_roles() {
        let opens = roles != Roles::default();
        let mut others = Vec::new();
        others.extend(roles.service.then_some("system"));
        others.extend(opens.then_some(STAFF));
        for own in [Some(&own), None] {
            let Ok(access) = Access::of(own, roles) else {
                continue;
            };
            let mut expected: Vec<&str> = own.map(|_| "member").into_iter().collect();
            expected.extend(&others);
            expected.insert(1, "close");
            let seen = DealReader::Caller(access, roles).sees(&deal).unwrap();
            let names: Vec<&str> = seen.1.iter().map(|seen| seen.action.as_str()).collect();
            assert_eq!(names, expected, "{access:?} {roles:?}");
            let chat = if opens {
                ChatPolicy::Free
            } else {
                ChatPolicy::Buttons
            };
            assert_eq!(seen.0, chat, "{access:?} {roles:?}");
        }
    }
}

fn conversation(status: ConversationStatus, chat: Option<ChatPolicy>) -> Conversation {
    Conversation {
        no: ConversationNo(7),
        id: ConversationId::fresh(),
        kind: ConversationKind::Group,
        title: None,
        status,
        subject: None,
        created_by: UserId::stored("one".to_owned()),
        last_seq: 0,
        policy_version: 0,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: chat.map(|chat| Arc::new(deal(chat))),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn who_manages_and_as_whom_one_acts_and_reads() {
    let role = |role: &str| FlowActor::Role(role.to_owned());
    for (name, power, acts) in [
        ("member", Power::OwnOnly, vec![role("member")]),
        (OWNER, Power::Moderates, vec![role(OWNER)]),
        (ADMIN, Power::Moderates, vec![role(ADMIN)]),
        // Such a role can only be older than its reservation.
        (STAFF, Power::OwnOnly, vec![]),
        ("system", Power::OwnOnly, vec![]),
    ] {
        let own = person(name, "present", "");
        for roles in all_roles() {
            let opens = roles != Roles::default();
            let mut others = Vec::new();
            others.extend(roles.service.then_some(FlowActor::System));
            others.extend(opens.then_some(FlowActor::Staff));
            let power = if opens { Power::Moderates } else { power };
            let access = Access::of(Some(&own), roles).unwrap();
            assert_eq!(access.power(), power, "{name} {roles:?}");
            let expected = [acts.clone(), others.clone()].concat();
            assert_eq!(access.actors(roles), expected, "{name} {roles:?}");
            assert_eq!(access.reader(own.no).role.as_deref(), Some(name));
            if let Ok(outside) = Access::of(None, roles) {
                assert_eq!(outside.power(), Power::Moderates);
                assert_eq!(outside.actors(roles), others, "{roles:?}");
                assert_eq!(outside.reader(UserNo(2)).role, None);
            }
        }
    }
}

/// Each privilege with the tokens that give it: admin, support, service.
const PRIVILEGES: [(Privilege, [bool; 3]); 22] = {
    use Privilege::*;
    const STAFF_ALL: [bool; 3] = [true, true, true];
    const PLATFORM: [bool; 3] = [false, false, true];
    [
        (OpenEveryConversation, STAFF_ALL),
        (SeeEveryUser, STAFF_ALL),
        (ReadDeletedMessages, STAFF_ALL),
        (DeleteConversations, [true, false, true]),
        (SeeWebhookEvents, [true, false, true]),
        (SeeEvents, [true, false, true]),
        (SeeAuditLog, [true, false, true]),
        (TellEvents, PLATFORM),
        (MakeNotifications, [true, false, true]),
        (ActForOthers, PLATFORM),
        (StayOutside, PLATFORM),
        (ActAsPlatform, PLATFORM),
        (SpeakAsSystem, PLATFORM),
        (NarrowAudience, PLATFORM),
        (DescribeSubjects, PLATFORM),
        (ManageBusinesses, PLATFORM),
        (GiveExternalIds, PLATFORM),
        (AssignRoles, PLATFORM),
        (AskForMoney, PLATFORM),
        (MakeUsersKnown, PLATFORM),
        (SeeEmailAddresses, PLATFORM),
        (SignOut, PLATFORM),
    ]
};

#[test]
fn which_token_gives_which_privilege() {
    for (privilege, [admin, support, service]) in PRIVILEGES {
        for roles in all_roles() {
            let expected =
                roles.admin && admin || roles.support && support || roles.service && service;
            assert_eq!(roles.may(privilege), expected, "{privilege:?} {roles:?}");
        }
    }
}

proptest! {
    #[test]
    fn an_audience_admits_only_its_own(reader in 1i64..5, meant in 1i64..5, role in "[ab]", only in "[ab]") {
        let by_user = Audience::User(UserNo(meant));
        prop_assert_eq!(Audience::admits(Some(&by_user), UserNo(reader), Some(&role)), reader == meant);
        prop_assert!(!Audience::admits_role(Some(&by_user), Some(&role)));
        let by_role = Audience::Role(only.clone());
        prop_assert_eq!(Audience::admits(Some(&by_role), UserNo(reader), Some(&role)), role == only);
        prop_assert_eq!(Audience::admits_role(Some(&by_role), Some(&role)), role == only);
        prop_assert!(!Audience::admits(Some(&by_role), UserNo(reader), None));
        let by_staff = Audience::Role(STAFF.to_owned());
        prop_assert!(Audience::admits(Some(&by_staff), UserNo(reader), None));
        prop_assert!(!Audience::admits(Some(&by_staff), UserNo(reader), Some(&role)));
        prop_assert!(Audience::admits(None, UserNo(reader), None) && Audience::admits_role(None, Some(&role)));
    }
}

#[test]
fn a_person_begins_a_deal_only_if_nobody_else_pays_in_it() {
    let begins = |roles, payers: &[&str]| {
        may_begin_as_payer(roles, "brand_owner", payers.iter().copied()).is_ok()
    };
    let nobody = Roles::default();
    assert!(begins(nobody, &["brand_owner", "brand_owner"]) && begins(nobody, &[]));
    assert!(!begins(nobody, &["influencer"]));
    assert!(!begins(nobody, &["brand_owner", "influencer"]));
    let platform = Roles {
        service: true,
        ..nobody
    };
    assert!(begins(platform, &["influencer"]));
}
