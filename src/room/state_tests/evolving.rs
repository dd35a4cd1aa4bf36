//! The state of a room after watermarks and entries.

use super::*;
use crate::domain::message::Message;

#[test]
fn a_watermark_moves_forward_to_what_exists() {
    let mark = |name: &str, mark, seq| group().mark(&caller(name), mark, seq);
    assert_eq!(mark("member", Mark::Seen(Reads::All), 4), Ok((3, Some(4))));
    assert_eq!(mark("member", Mark::Seen(Reads::All), 3), Ok((3, None)));
    assert_eq!(
        mark("member", Mark::Seen(Reads::All), 99),
        Ok((3, Some(10)))
    );
    assert_eq!(mark("member", Mark::Delivered, 5), Ok((5, None)));
    assert_eq!(mark("muted", Mark::Delivered, 6), Ok((5, Some(6))));
    assert_eq!(
        mark("staff", Mark::Seen(Reads::All), 4),
        Err(Refusal::NotAParticipant)
    );
    assert_eq!(
        mark("blocked", Mark::Seen(Reads::All), 4),
        Err(Refusal::Blocked)
    );
    assert_eq!(
        mark("stranger", Mark::Seen(Reads::All), 4),
        Err(Refusal::ConversationNotFound)
    );
    let mut state = group();
    let member = number("member");
    assert_eq!(
        state.evolve_mark(member, Mark::Seen(Reads::All), 8),
        Some(3)
    );
    assert_eq!(
        state.evolve_mark(member, Mark::Delivered, 7),
        None,
        "what was read was delivered"
    );
    assert_eq!(state.evolve_mark(member, Mark::Seen(Reads::All), 4), None);
    assert_eq!(state.marked(member, Mark::Seen(Reads::All)), Some(8));
    assert_eq!(state.marked(member, Mark::Delivered), Some(8));
    assert_eq!(
        state.evolve_mark(number("stranger"), Mark::Seen(Reads::All), 4),
        None
    );
}

#[test]
fn threads_are_read_with_everything_or_not_at_all() {
    let (all, main_line) = (Mark::Seen(Reads::All), Mark::Seen(Reads::MainLine));
    let mut state = group();
    let member = number("member");
    assert_eq!(state.evolve_mark(member, main_line, 8), Some(3));
    assert_eq!(state.evolve_mark(member, main_line, 8), None);
    // The watermark stays at 8, and more of threads is read.
    assert_eq!(state.mark(&caller("member"), all, 6), Ok((8, Some(6))));
    assert_eq!(state.evolve_mark(member, all, 6), Some(8));
    assert_eq!(state.mark(&caller("member"), all, 6), Ok((8, None)));
    assert_eq!(state.marked(member, all), Some(8));
    assert_eq!(state.evolve_mark(member, all, 9), Some(8));
    assert_eq!(state.marked(member, main_line), Some(9));
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
        actor_id: None,
        content: Arc::new(Content::text(None, "hello".to_owned())),
        card: None,
        created_at: moment(1),
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
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
                blocks: Vec::new(),
            },
            3,
        ),
        (
            Fact::Settings {
                settings: Settings {
                    title: None,
                    status: ConversationStatus::Closed,
                    max_participants: Some(9),
                    slow_seconds: 30,
                    closed: None,
                },
                card: crate::domain::conversation::Card::Null,
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
    assert_eq!(state.conversation.max_participants, Some(9));
    assert_eq!(state.conversation.slow_seconds, 30);
    assert!(
        state.access(&caller("stranger")).is_ok(),
        "no stranger any more"
    );
}

#[test]
fn a_mark_that_overtook_a_change_of_its_owner_stays() {
    let mut state = group();
    state.evolve_mark(number("member"), Mark::Seen(Reads::All), 9);
    let mut now = person("member");
    now.role = "helper".to_owned();
    let by = number("owner");
    let blocks = Vec::new();
    state.evolve(&entry(11, Fact::Participant { by, now, blocks }));
    let member = state.person(number("member")).unwrap();
    assert_eq!(
        (member.read_seq, member.delivered_seq, member.role.as_str()),
        (9, 9, "helper")
    );
}

#[test]
fn a_block_moves_the_seq_and_the_policy_and_not_the_moment() {
    let mut state = state(ConversationKind::Direct);
    let block = Block {
        by: number("member"),
        whom: number("muted"),
    };
    let before = state.conversation.updated_at;
    for (seq, blocking) in [(11, Blocking::Begun), (12, Blocking::Ended)] {
        state.evolve(&entry(seq, Fact::Block { block, blocking }));
        let now = &state.conversation;
        assert_eq!((now.last_seq, now.policy_version), (seq, seq - 8));
        assert_eq!(now.updated_at, before, "nobody sees that something changed");
        let is_begun = blocking == Blocking::Begun;
        assert_eq!(state.blocks.has(block), is_begun);
        let spoken = state.may_speak(&caller("member"));
        assert_eq!(spoken.is_err(), is_begun, "{blocking:?}");
    }
}

#[test]
fn who_comes_in_brings_their_blocks_along() {
    let mut state = group();
    let block = Block {
        by: number("stranger"),
        whom: number("member"),
    };
    let joined = Fact::Participant {
        by: number("owner"),
        now: person("stranger"),
        blocks: vec![block],
    };
    state.evolve(&entry(11, joined));
    let (view, member) = (state.view_for(number("member")), number("member"));
    let seen = view.people.get(number("stranger")).unwrap();
    assert_eq!((seen.signals, seen.read_seq), (Signals::Hidden, 0));
    let shown = state.person(number("stranger")).unwrap();
    assert_eq!((shown.signals, shown.read_seq), (Signals::Shown, 3));
    assert!(
        state.may_speak(&caller("member")).is_ok(),
        "both stay in a group"
    );
    assert!(state.blocks.of_reader(member).is_some());
}
