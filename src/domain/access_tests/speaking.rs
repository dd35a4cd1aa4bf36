//! Who may send: tables of every status, policy of a deal, and block.

use std::sync::Arc;

use super::{code, conversation, deal, person};
use crate::domain::access::blocks::{Block, Blocks};
use crate::domain::access::{Access, Silenced};
use crate::domain::conversation::{Conversation, ConversationKind, ConversationStatus};
use crate::domain::flow::{ChatPolicy, DealView, Phase};
use crate::domain::ids::UserNo;

#[test]
fn who_may_speak() {
    use ConversationStatus::{Archived, Closed, Open};
    const CHATS: [Option<ChatPolicy>; 5] = [
        None,
        Some(ChatPolicy::Free),
        Some(ChatPolicy::Buttons),
        Some(ChatPolicy::Read),
        Some(ChatPolicy::None),
    ];
    const DEAL: &str = "CHAT_NOT_ALLOWED";
    const SHUT: &str = "CONVERSATION_CLOSED";
    let (active, muted) = (
        person("member", "present", ""),
        person("member", "present", "muted"),
    );
    // While open, according to the deal's policy; and when closed or archived.
    let speaks = [
        (
            Access::Participant(&active),
            ["ok", "ok", DEAL, DEAL, DEAL],
            [SHUT, SHUT, DEAL, DEAL, DEAL],
        ),
        (Access::Participant(&muted), ["MUTED"; 5], ["MUTED"; 5]),
        (Access::StaffParticipant(&active), ["ok"; 5], [SHUT; 5]),
        (Access::StaffParticipant(&muted), ["MUTED"; 5], ["MUTED"; 5]),
        (Access::Staff, ["ok"; 5], [SHUT; 5]),
    ];
    for (access, open, over) in speaks {
        for (status, expected) in [(Open, open), (Closed, over), (Archived, over)] {
            for (chat, expected) in CHATS.into_iter().zip(expected) {
                let found = access.may_speak(&conversation(status, chat), &Blocks::default());
                let found = found.map_or_else(code, |()| "ok");
                assert_eq!(found, expected, "{access:?} {status:?} {chat:?}");
            }
        }
    }
}

#[test]
fn a_block_silences_both_of_a_direct_conversation_and_nobody_elsewhere() {
    use ConversationKind::{Direct, Group, Support};
    let own = person("member", "present", "");
    let block = Block {
        by: UserNo(1),
        whom: UserNo(2),
    };
    let blocks = Blocks::from_iter([block]);
    let deal_in = |phase| {
        let deal = DealView {
            phase,
            ..deal(ChatPolicy::Free)
        };
        Some(Arc::new(deal))
    };
    for (kind, flow, is_silent) in [
        (Direct, None, true),
        (Direct, deal_in(Phase::Running), false),
        (Direct, deal_in(Phase::Over), true),
        (Group, None, false),
        (Support, None, false),
    ] {
        let here = Conversation {
            kind,
            flow,
            ..conversation(ConversationStatus::Open, None)
        };
        let silenced = match is_silent {
            true => Err(Silenced::Unreachable),
            false => Ok(()),
        };
        for access in [Access::Participant(&own), Access::StaffParticipant(&own)] {
            let found = access.may_speak(&here, &blocks);
            assert_eq!(found, silenced, "{kind:?} {access:?}");
        }
        assert_eq!(Access::Staff.may_speak(&here, &blocks), Ok(()));
        let free = Access::Participant(&own).may_speak(&here, &Blocks::default());
        assert_eq!(free, Ok(()));
    }
}
