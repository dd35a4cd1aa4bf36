//! The rows of messages and conversations for each reader, column by column.

use chrono::DateTime;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::*;
use crate::domain::attachment::Attachment;
use crate::domain::conversation::{ConversationKind, Membership, Participant, Signals, Subject};
use crate::domain::flow::{AvailableAction, Style};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId};
use crate::domain::message::{Audience, Content};
use crate::edge::dialect::MessageContext;
use crate::edge::links::Links;
use crate::edge::stoory::SYSTEM_USER;

const BELA: UserNo = UserNo(1);
const INES: UserNo = UserNo(2);

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap()
}

fn person(no: UserNo, id: &str, role: &str, read_seq: Seq) -> Participant {
    Participant {
        no,
        id: UserId::stored(id.to_owned()),
        name: None,
        avatar_url: None,
        role: role.to_owned(),
        membership: Membership::Present,
        muted: false,
        blocked: false,
        sees_from: 0,
        delivered_seq: read_seq,
        read_seq,
        threads_seq: 0,
        unread_from: None,
        joined_at: moment(),
        signals: Signals::Shown,
    }
}

fn two(read: (Seq, Seq)) -> Vec<Participant> {
    vec![
        person(BELA, "bela", "brand_owner", read.0),
        person(INES, "ines", "influencer", read.1),
    ]
}

fn conversation(subject: Option<Subject>, flow: Option<DealView>) -> Conversation {
    Conversation {
        no: ConversationNo(3),
        id: ConversationId::fresh(),
        kind: ConversationKind::Direct,
        title: None,
        status: ConversationStatus::Open,
        subject: subject.map(Arc::new),
        created_by: UserId::stored("ines".to_owned()),
        last_seq: 9,
        policy_version: 1,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: flow.map(Arc::new),
        created_at: moment(),
        updated_at: moment(),
    }
}

fn deal_view(state: &str, chat: ChatPolicy, phase: Phase) -> DealView {
    let accept = AvailableAction {
        action: "accept_price".to_owned(),
        label: "Accept".to_owned(),
        style: Style::Success,
        input: Vec::new(),
    };
    DealView {
        flow: "bid".to_owned(),
        flow_version: 1,
        state: state.to_owned(),
        title: "A title".to_owned(),
        state_version: 4,
        awaiting_role: Some("influencer".to_owned()),
        phase,
        entered_at: moment(),
        deadline: None,
        chat: [("influencer", chat), ("brand_owner", chat)]
            .map(|(role, chat)| (role.to_owned(), chat))
            .into(),
        available_actions: [("influencer".to_owned(), vec![accept])].into(),
    }
}

fn message(sender: UserNo, content: Content) -> Message {
    Message {
        id: MessageId {
            conversation: ConversationNo(3),
            seq: 4,
        },
        sender,
        sender_id: UserId::stored(if sender == BELA { "bela" } else { "ines" }.to_owned()),
        actor_id: None,
        content: Arc::new(content),
        card: None,
        created_at: moment(),
        edited_at: None,
        deleted_at: None,
        from_blocked: false,
    }
}

fn said(kind: MessageKind, audience: Option<Audience>) -> Message {
    let content = Content::text(None, "hello".to_owned());
    let sender = match kind {
        MessageKind::UserInput => BELA,
        _ => UserNo(0),
    };
    message(
        sender,
        Content {
            kind,
            audience,
            ..content
        },
    )
}

fn shown(message: &Message, people: &[Participant], reader: Option<UserNo>) -> Value {
    let stored = conversation(None, None);
    let sides = Sides::new(&stored, people);
    let context = MessageContext {
        system: SYSTEM_USER,
        links: &Links::of_tests(),
    };
    let row = MessageRow::new(message, stored.id, &sides, reader, context);
    serde_json::to_value(row).unwrap()
}

#[test]
fn a_message_has_the_columns_of_the_guide_and_no_others() {
    let mut content = Content::text(None, "hello".to_owned());
    content.attachments = vec![Attachment::at("https://cdn.example.com/a.png")];
    let message = message(BELA, content);
    let mut row = shown(&message, &two((4, 3)), Some(INES));
    row.as_object_mut().unwrap().remove("conversation_id");
    assert_eq!(
        row,
        json!({
            "id": message.id.to_uuid(), "sender_id": "bela", "receiver_id": "ines", "message": "hello",
            "media_url": "https://cdn.example.com/a.png", "message_type": "user_input", "action_required": false,
            "action_data": null, "is_automated": false, "action_completed": false, "seen": false,
            "created_at": "2023-11-14T22:13:20.123Z",
        })
    );
    assert_eq!(shown(&message, &two((0, 4)), None)["seen"], true);
}

#[test]
fn the_system_has_an_id_and_speaks_to_those_whom_it_means() {
    let role = Some(Audience::Role("influencer".to_owned()));
    let to_one = said(MessageKind::Automated, role);
    let row = shown(&to_one, &two((9, 0)), Some(INES));
    assert_eq!(
        (&row["sender_id"], &row["receiver_id"], &row["seen"]),
        (&json!(SYSTEM_USER), &json!("ines"), &json!(false))
    );
    assert_eq!(row["is_automated"], true);
    let audit = said(MessageKind::Audit, Some(Audience::User(BELA)));
    assert_eq!(
        shown(&audit, &two((9, 9)), Some(BELA))["receiver_id"],
        "bela"
    );
    let to_all = said(MessageKind::System, None);
    let row = |reader| shown(&to_all, &two((9, 0)), reader);
    assert_eq!(row(Some(INES))["receiver_id"], "ines");
    assert_eq!(row(Some(BELA))["seen"], true);
    assert_eq!(
        (&row(None)["receiver_id"], &row(None)["seen"]),
        (&Value::Null, &json!(false))
    );
}

#[test]
fn a_step_s_message_is_from_the_person_who_made_the_step() {
    let mut message = said(
        MessageKind::Automated,
        Some(Audience::Role("influencer".to_owned())),
    );
    message.actor_id = Some(UserId::stored("bela".to_owned()));
    let row = shown(&message, &two((0, 0)), Some(INES));
    let kept = ["sender_id", "receiver_id", "message_type"].map(|name| row[name].clone());
    assert_eq!(kept, ["bela", "ines", "automated"]);
    assert_eq!(row["is_automated"], true, "nobody typed it");
}

#[test]
fn in_a_crowd_a_message_is_for_its_reader() {
    let crowd = [
        person(BELA, "bela", "member", 9),
        person(INES, "ines", "member", 9),
        person(UserNo(3), "otto", "member", 0),
    ];
    let message = said(MessageKind::UserInput, None);
    let row = |reader| shown(&message, &crowd, reader);
    assert_eq!(row(Some(INES))["receiver_id"], "ines");
    assert_eq!(
        row(Some(BELA))["receiver_id"],
        Value::Null,
        "one's own is for nobody alone"
    );
    assert_eq!(row(None)["seen"], false, "otto has not read it");
}

#[test]
fn a_card_is_required_until_it_was_answered_and_gone_with_its_message() {
    let card = |done: Value| {
        let available_actions =
            deal_view("x", ChatPolicy::Buttons, Phase::Running).available_actions;
        let card = json!({
            "title": "t", "subtitle": null, "state": "influencer_price_response", "state_version": 4, "visible_to": "influencer",
            "actions": available_actions["influencer"], "deadline": null, "payment_order": { "razorpay_config": { "amount": 500_000 } }, "done": done,
        });
        let mut message = said(MessageKind::Automated, None);
        message.card = Some(Arc::from(RawValue::from_string(card.to_string()).unwrap()));
        message
    };
    let flags = |row: &Value| {
        (
            row["action_required"].clone(),
            row["action_completed"].clone(),
        )
    };
    let people = two((0, 0));
    let open = shown(&card(Value::Null), &people, Some(INES));
    assert_eq!(flags(&open), (json!(true), json!(false)));
    assert_eq!(
        open["message_type"], "brand_owner_payment",
        "it can be paid"
    );
    assert_eq!(
        open["action_data"]["payment_order"]["razorpay_config"]["amount"],
        500_000
    );
    let done = shown(
        &card(json!({ "action": "accept_price" })),
        &people,
        Some(INES),
    );
    assert_eq!(flags(&done), (json!(false), json!(true)));
    assert_eq!(done["action_data"]["buttons"][0]["id"], "accept_price");
    let mut deleted = card(Value::Null);
    deleted.deleted_at = Some(moment());
    let deleted = shown(&deleted, &people, Some(INES));
    assert_eq!(
        (flags(&deleted), &deleted["action_data"]),
        ((json!(false), json!(false)), &Value::Null)
    );
}

fn row(
    conversation: &Conversation,
    people: &[Participant],
    role: Option<&str>,
    particulars: &Particulars,
) -> Value {
    let sides = Sides::new(conversation, people);
    serde_json::to_value(ConversationRow::new(
        conversation,
        &sides,
        role,
        particulars,
    ))
    .unwrap()
}

#[test]
fn a_conversation_has_the_columns_of_the_guide_and_no_others() {
    let subject = Subject {
        kind: "bid".to_owned(),
        id: "bid-7".to_owned(),
        card: json!({ "title": null, "url": null, "data": { "campaign_id": "camp-1", "request_id": 5 } }),
    };
    let deal = deal_view(
        "influencer_price_response",
        ChatPolicy::Buttons,
        Phase::Running,
    );
    let stored = conversation(Some(subject), Some(deal));
    let context = json!({ "offer": { "amount": 500_000, "currency": "INR" }, "details": "Three posts", "price": null });
    let known = Particulars {
        context: context.as_object().unwrap().clone(),
        card: None,
    };
    let shown = row(&stored, &two((0, 0)), Some("influencer"), &known);
    assert_eq!(
        shown,
        json!({
            "id": stored.id, "campaign_id": "camp-1", "bid_id": "bid-7", "request_id": null, "brand_owner_id": "bela",
            "influencer_id": "ines", "chat_status": "automated", "flow_state": "influencer_price_response",
            "awaiting_role": "influencer", "conversation_type": "bid", "automation_enabled": true,
            "current_action_data": {
                "title": "A title", "subtitle": null, "flow_state": "influencer_price_response", "message_type": "influencer_price_response",
                "visible_to": "influencer",
                "buttons": [{ "id": "accept_price", "text": "Accept", "style": "success", "action": "accept_price", "data": {} }],
            },
            "flow_data": { "offer": { "amount": 500_000, "currency": "INR" }, "details": "Three posts" },
            "work_submission": null, "work_submitted": false, "work_status": null, "submission_date": null,
            "created_at": "2023-11-14T22:13:20.123Z", "updated_at": "2023-11-14T22:13:20.123Z",
        })
    );
    let other = row(&stored, &two((0, 0)), Some("brand_owner"), &known);
    assert_eq!(other["current_action_data"], Value::Null);
}

#[test]
fn two_people_without_roles_are_the_one_who_began_and_the_other() {
    let people = [
        person(BELA, "bela", "member", 0),
        person(INES, "ines", "member", 0),
    ];
    let shown = row(
        &conversation(None, None),
        &people,
        Some("member"),
        &Particulars::default(),
    );
    assert_eq!(
        (&shown["brand_owner_id"], &shown["influencer_id"]),
        (&json!("ines"), &json!("bela"))
    );
    assert_eq!(
        (
            &shown["chat_status"],
            &shown["flow_state"],
            &shown["flow_data"]
        ),
        (&json!("real_time"), &json!("real_time"), &Value::Null)
    );
    let mut closed = conversation(None, None);
    closed.status = ConversationStatus::Closed;
    let shown = row(&closed, &people, Some("member"), &Particulars::default());
    assert_eq!(
        (&shown["chat_status"], &shown["flow_state"]),
        (&json!("closed"), &json!("chat_closed"))
    );
}

#[test]
fn the_work_is_told_from_what_the_deal_remembers() {
    let context = json!({
        "deliverables": "https://example.com/a", "description": "posts", "submission_notes": null,
        "submitted_at": "2024-01-15T10:30:00Z", "details": "x",
    });
    let context = context.as_object().unwrap();
    let at = |state: &str, context: &Map<String, Value>| {
        Work::of(
            &deal_view(state, ChatPolicy::Buttons, Phase::Running),
            context,
        )
    };
    let status = |state: &str| at(state, context).work_status;
    assert_eq!(
        at("work_in_progress", &Map::new()).work_status,
        Some("in_progress")
    );
    assert_eq!(at("payment_pending", &Map::new()), Work::default());
    assert_eq!(status("work_in_progress"), Some("revision_requested"));
    assert_eq!(status("work_submitted"), Some("submitted"));
    assert_eq!(status("real_time"), Some("approved"));
    let work = at("work_submitted", context);
    assert_eq!(
        work.submission_date.as_deref(),
        Some("2024-01-15T10:30:00Z")
    );
    assert!(work.work_submitted && !at("work_in_progress", context).work_submitted);
    let parts = json!({
        "deliverables": "https://example.com/a", "description": "posts", "submission_notes": null, "submitted_at": "2024-01-15T10:30:00Z",
    });
    assert_eq!(work.work_submission, Some(parts));
}

#[test]
fn who_speaks_is_the_state_s_to_say() {
    let status = |chat, phase| ChatStatus::in_deal(&deal_view("x", chat, phase));
    assert_eq!(
        status(ChatPolicy::Buttons, Phase::Running),
        ChatStatus::Automated
    );
    assert_eq!(status(ChatPolicy::Free, Phase::Over), ChatStatus::RealTime);
    assert_eq!(status(ChatPolicy::Read, Phase::Over), ChatStatus::Closed);
}
