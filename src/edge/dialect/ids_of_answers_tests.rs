//! Laws of ids in what is answered: acknowledgements, and the rows of REST; and what is shown can be used in paths.

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use super::encoding_tests::NAMES;
use super::ids_tests::{DIALECTS, World, check_ids, worlds};
use super::*;
use crate::domain::annotation::Annotations;
use crate::domain::answer::Novelty;
use crate::domain::ids::{ConversationId, MessageId, UserId};
use crate::domain::snapshot::{Particulars, Recovery, Snapshot, UnreadCount};
use crate::edge::http::call::FromPath;
use crate::edge::lola::message::MessageDocument;
use crate::edge::lola::people::RoomPeople;
use crate::edge::lola::room::RoomDocument;
use crate::edge::native::decode::decode;
use crate::edge::native::views::{ConversationView, MessageView};
use crate::edge::parttimepays::conversation::ConversationDocument;
use crate::edge::parttimepays::people::{LastSeen, Place};
use crate::edge::stoory::listed::{ConnectionRow, ListedRow};
use crate::edge::stoory::rows::{ConversationRow, MessageRow};
use crate::edge::stoory::sides::Sides;

const READER: UserNo = UserNo(2);

impl World {
    fn listed(&self) -> Listed {
        let view = self.view();
        Listed {
            conversation: view.conversation.clone(),
            participants: view.people.iter().cloned().collect(),
            last_message: Some(self.message()),
            unread: UnreadCount::Exactly(1),
            mine: None,
        }
    }

    /// The answers of requests, each with the ids that every acknowledgement must show.
    fn answers(&self) -> Vec<(Answer, Vec<String>)> {
        let (id, listed) = (self.conversation.to_string(), self.listed());
        let (conversation, people) = (listed.conversation, listed.participants);
        let snapshot = Snapshot {
            conversation: conversation.clone(),
            participants: people.clone(),
            messages: vec![self.message()],
            annotations: Annotations::default(),
            recovery: Recovery::Fresh,
            unread: UnreadCount::Exactly(1),
            mine: None,
        };
        vec![
            (
                Answer::Sent(self.message(), Novelty::New),
                vec![self.message_id()],
            ),
            (Answer::Message(self.message()), Vec::new()),
            (Answer::Joined(Box::new(snapshot)), vec![id.clone()]),
            (
                Answer::Conversation(Box::new(conversation), people),
                vec![id],
            ),
            (Answer::Marked(self.message.seq), Vec::new()),
            (Answer::Done, Vec::new()),
        ]
    }

    /// The acknowledgement of an answer in a dialect.
    fn acknowledged(&self, served: &Served, answer: &Answer) -> Value {
        if served.spec.socketio.is_some() {
            let view = self.view();
            let told = DIALECTS.acknowledgement(served.dialect, answer, Some(&view), READER);
            return serde_json::from_str(&told).expect("JSON");
        }
        let there = json!({ "conversation_id": self.conversation });
        let frame = json!({ "event": "join_conversation", "id": 1, "data": there }).to_string();
        let id = decode(&frame).expect("a frame").id.expect("an id");
        let reader = DIALECTS.reader(READER);
        let told = native::encode::answer(id, answer, self.conversation, reader);
        serde_json::from_str(&told).expect("JSON")
    }

    /// The rows that REST answers, by dialect, each with the ids that it must show.
    fn rows(&self) -> Vec<(&'static str, Value, Vec<String>)> {
        fn value(row: impl Serialize) -> Value {
            serde_json::to_value(row).expect("JSON")
        }
        let (listed, message, view) = (self.listed(), self.message(), self.view());
        let (conversation, people) = (&listed.conversation, &listed.participants);
        let sides = Sides::new(conversation, people);
        let nothing = Particulars::default();
        let row = ListedRow::new(&listed, READER, &nothing, "system");
        let room = RoomPeople::new(conversation, people);
        let shown = ConversationView::for_all(conversation, people, &DIALECTS.directory);
        let context = DIALECTS.reader(READER).messages();
        let said = MessageRow::new(&message, conversation.id, &sides, Some(READER), context);
        let plain = ConversationRow::new(conversation, &sides, None, &nothing);
        let here = || vec![view.conversation.id.to_string()];
        let of_message = || vec![view.conversation.id.to_string(), self.message_id()];
        vec![
            (
                "native",
                value(MessageView::new(
                    &message,
                    conversation.id,
                    READER,
                    &DIALECTS.links,
                )),
                of_message(),
            ),
            ("native", value(shown), here()),
            ("stoory", value(said), of_message()),
            ("stoory", value(plain), here()),
            ("stoory", value(ConnectionRow::from(&row)), here()),
            ("stoory", value(row), here()),
            (
                "lola",
                value(MessageDocument::new(&message, &room, &DIALECTS.links)),
                of_message(),
            ),
            ("lola", value(RoomDocument::new(&listed)), of_message()),
            (
                "parttimepays",
                value(parttimepays::message::MessageDocument::new(
                    &message,
                    &Place::new(conversation, people, "system"),
                    &DIALECTS.links,
                )),
                of_message(),
            ),
            (
                "parttimepays",
                value(ConversationDocument::new(
                    &listed,
                    DIALECTS.reader(READER),
                    &self.people[1],
                    &LastSeen::new(),
                )),
                of_message(),
            ),
        ]
    }
}

proptest! {
    #[test]
    fn no_acknowledgement_loses_or_invents_an_id(world in worlds()) {
        let known = world.known();
        for (answer, needed) in world.answers() {
            for (served, name) in DIALECTS.served.iter().zip(NAMES) {
                let told = world.acknowledged(served, &answer);
                check_ids(name, &told, &known, &needed)?;
            }
        }
    }

    #[test]
    fn no_row_loses_or_invents_an_id_and_each_can_stand_in_a_path(world in worlds()) {
        let known = world.known();
        for (name, row, needed) in world.rows() {
            let shown = check_ids(name, &row, &known, &needed)?;
            for id in shown {
                if id == world.conversation.to_string() {
                    let parsed = <ConversationId as FromPath>::parse(id.clone());
                    prop_assert_eq!(parsed, Ok(world.conversation));
                }
                if id == world.message_id() {
                    let parsed = <MessageId as FromPath>::parse(id.clone());
                    prop_assert_eq!(parsed, Ok(world.message));
                }
                if world.people.contains(&id) {
                    let parsed = <UserId as FromPath>::parse(id.clone());
                    prop_assert_eq!(parsed.map(|user| user.to_string()), Ok(id));
                }
            }
        }
    }
}
