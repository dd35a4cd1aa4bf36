//! What conversations are about, and what they are called.

use serde_json::json;
use std::sync::Arc;

use super::*;
use crate::domain::conversation::{ConversationKind, ConversationStatus};
use crate::domain::ids::{ConversationId, ConversationNo, UserId};

fn conversation(subject: Option<(&str, Value)>) -> Conversation {
    Conversation {
        no: ConversationNo(3),
        id: ConversationId::fresh(),
        kind: ConversationKind::Direct,
        title: None,
        status: ConversationStatus::Open,
        subject: subject.map(|(kind, card)| {
            let (kind, id) = (kind.to_owned(), "1".to_owned());
            Arc::new(Subject { kind, id, card })
        }),
        created_by: UserId::stored("ines".to_owned()),
        last_seq: 9,
        policy_version: 1,
        max_participants: None,
        slow_seconds: 0,
        closed: None,
        external_id: None,
        business: None,
        flow: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
        updated_at: chrono::DateTime::UNIX_EPOCH,
    }
}

#[test]
fn the_subject_s_own_type_comes_before_what_it_names() {
    let named = |kind: &str, data: Value| {
        ConversationType::of(&conversation(Some((kind, json!({ "data": data })))))
    };
    let both = || json!({ "bid_id": "b", "campaign_id": "c" });
    assert_eq!(named("bid", both()), ConversationType::Bid);
    assert_eq!(named("campaign", both()), ConversationType::Campaign);
    assert_eq!(named("request", both()), ConversationType::Campaign);
    assert_eq!(
        named("request", json!({ "bid_id": "b" })),
        ConversationType::Bid
    );
    assert_eq!(
        named("request", json!({ "bid_id": 5 })),
        ConversationType::Direct
    );
    assert_eq!(
        ConversationType::of(&conversation(None)),
        ConversationType::Direct
    );
}

#[test]
fn a_thing_is_described_in_the_platform_s_words_under_its_own_id() {
    let card = json!({ "title": "Bread", "url": null, "data": { "id": "another", "budget": 5, "campaign_id": "c" } });
    let bid = conversation(Some(("bid", card)));
    assert_eq!(
        described(&bid, BID),
        Some(json!({ "id": "1", "title": "Bread", "budget": 5, "campaign_id": "c" }))
    );
    assert_eq!(
        described(&bid, CAMPAIGN),
        Some(json!({ "id": "c" })),
        "the bid's title is not the campaign's"
    );
    assert_eq!(title_of(&bid), "Bread");
    let silent = conversation(Some(("bid", Value::Null)));
    assert_eq!(described(&silent, BID), Some(json!({ "id": "1" })));
    assert_eq!(title_of(&silent), "Bid");
    let mut direct = conversation(None);
    assert_eq!(
        (described(&direct, BID), title_of(&direct)),
        (None, "Direct Chat".to_owned())
    );
    direct.title = Some("Quiet talk".into());
    assert_eq!(title_of(&direct), "Quiet talk");
}
