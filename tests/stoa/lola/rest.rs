//! The REST calls of the two front ends on rooms that exist, under both prefixes.

use serde_json::{Value, json};

use super::{Desk, MESSAGE, must_have};
use crate::client::Person;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::claims;
use crate::test_app::token;

const PREFIXES: [&str; 2] = ["/chat", "/api/chat"];

#[actix_rt::test]
async fn a_message_sent_over_rest_is_the_document_that_others_hear() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let sent = desk.sam.post(&path, desk.answers("Hello")).await;
        let sent = sent.expect_status(201).body;
        must_have(&sent, &MESSAGE);
        assert_eq!(sent["senderType"], "staff");
        assert_eq!(ann.event("chat:new-message").await, sent);
        let again = json!({ "content": "Once", "clientId": format!("c{}", prefix.len()) });
        let first = desk.sam.post(&path, again.clone()).await;
        let first = first.expect_status(201).body;
        let second = desk.sam.post(&path, again).await.expect_status(200).body;
        assert_eq!(first["id"], second["id"]);
        assert_eq!(ann.event("chat:new-message").await, first);
    }
}

#[actix_rt::test]
async fn pages_go_back_from_a_message_and_say_whether_there_are_more() {
    let desk = Desk::open().await;
    for number in 0..7 {
        desk.ann.say(&desk.room, &number.to_string()).await;
    }
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let (mut before, mut pages) = (String::new(), Vec::new());
        loop {
            let query = format!("{path}?limit=3&page=1&userId=sam&beforeMessageId={before}");
            let page = desk.sam.get(&query).await.expect_status(200).body;
            let messages = page["messages"].as_array().expect("a list").clone();
            before = messages[0]["_id"].as_str().expect("an id").to_owned();
            let texts: Vec<Value> = messages.iter().map(|it| it["content"].clone()).collect();
            pages.push(texts);
            if page["hasMore"] == false {
                break;
            }
        }
        let wanted = [json!(["4", "5", "6"]), json!(["1", "2", "3"]), json!(["0"])];
        assert_eq!(json!(pages), json!(wanted));
        let many = desk.sam.get(&format!("{path}?limit=1000")).await;
        let many = many.expect_status(200).body;
        assert_eq!(many["messages"].as_array().map(Vec::len), Some(7));
        for wrong in ["limit=0", "limit=x", "beforeMessageId=x"] {
            let refused = desk.sam.get(&format!("{path}?{wrong}")).await;
            must_have(&refused.expect_status(400).body, &[("message", "text")]);
        }
    }
}

#[actix_rt::test]
async fn rooms_are_listed_counted_read_and_shown_as_bare_documents() {
    let desk = Desk::open().await;
    desk.app.direct(&desk.ann, &desk.sam).await;
    let said = desk.ann.say(&desk.room, "Is anybody there?").await;
    for prefix in PREFIXES {
        let list = format!("{prefix}/rooms?roomType=customer-support&isActive=true&limit=20");
        let listed = desk.sam.get(&list).await.expect_status(200).body;
        assert_eq!(
            (&listed["total"], &listed["page"], &listed["totalPages"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let room = &listed["rooms"][0];
        let members = [
            ("_id", "text"),
            ("roomType", "text"),
            ("isActive", "bool"),
            ("isArchived", "bool"),
            ("lastMessageId", "text"),
            ("lastMessageAt", "time"),
            ("unreadCount", "number"),
            ("createdAt", "time"),
            ("metadata.userName", "text"),
            ("metadata.userEmail", "null"),
            ("metadata.priority", "text"),
            ("metadata.tags", "list"),
            ("metadata.isGuest", "bool"),
        ];
        must_have(room, &members);
        assert_eq!(
            (&room["_id"], &room["id"]),
            (&json!(desk.room), &json!(desk.room))
        );
        assert_eq!(room["lastMessageId"], said["id"]);
        assert_eq!(room["metadata"]["userId"], "ann", "who asks, not who reads");
        assert_eq!(room["metadata"]["assignedStaffId"], "sam");
        let one = desk.sam.get(&format!("{prefix}/rooms/{}", desk.room)).await;
        assert_eq!(one.expect_status(200).body, *room);
        let all = desk
            .sam
            .get(&format!("{prefix}/rooms?limit=1&page=2"))
            .await;
        let all = all.expect_status(200).body;
        assert_eq!((&all["total"], &all["totalPages"]), (&json!(2), &json!(2)));
        let none = format!("{prefix}/rooms?priority=urgent");
        let none = desk.sam.get(&none).await.expect_status(200).body;
        assert_eq!(
            none,
            json!({ "rooms": [], "total": 0, "page": 1, "totalPages": 0 })
        );
    }
}

#[actix_rt::test]
async fn what_is_unread_is_counted_until_it_is_read() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    for prefix in PREFIXES {
        desk.ann.say(&desk.room, "Hello?").await;
        let counts = format!("{prefix}/unread-counts");
        let unread = desk.sam.get(&counts).await.expect_status(200).body;
        assert_eq!(
            (&unread["totalUnread"], &unread["roomsWithUnread"]),
            (&json!(1), &json!(1))
        );
        let room = &unread["rooms"][0];
        assert_eq!(
            (&room["roomId"], &room["unreadCount"]),
            (&json!(desk.room), &json!(1))
        );
        assert_eq!(room["customerName"], "ann by name");
        must_have(room, &[("lastMessageAt", "time")]);
        let path = format!("{prefix}/rooms/{}/messages/read", desk.room);
        let read = desk.sam.put(&path, json!({ "userId": "sam" })).await;
        let wanted = json!({ "success": true, "message": "Messages marked as read" });
        assert_eq!(read.expect_status(200).body, wanted);
        assert_eq!(ann.event("chat:messages-read").await["userId"], "sam");
        let unread = desk.sam.get(&counts).await.expect_status(200).body;
        assert_eq!(unread["rooms"], json!([]));
    }
}

#[actix_rt::test]
async fn what_is_denied_is_400_and_only_a_wrong_token_401() {
    let desk = Desk::open().await;
    let eve = desk.app.person("eve").await;
    let nobody = Person::new(desk.app.address, "ann", "nonsense".to_owned());
    let expired = token(&stoa::identity::auth::Claims {
        exp: 1,
        ..claims("ann", &[])
    });
    let expired = Person::new(desk.app.address, "ann", expired);
    for prefix in PREFIXES {
        let path = format!("{prefix}/rooms/{}/messages", desk.room);
        let body = json!({ "content": "x", "senderId": "ann" });
        let denied = eve.get(&path).await.expect_status(400).body;
        assert_eq!(denied["message"], "Chat room not found");
        assert_eq!(
            (&denied["statusCode"], &denied["error"]),
            (&json!(400), &json!("Bad Request"))
        );
        for refused in [
            eve.post(&path, json!({ "content": "x" })).await,
            eve.put(&format!("{path}/read"), json!({})).await,
            eve.get(&format!("{prefix}/rooms/{}", desk.room)).await,
            desk.sam.post(&path, body.clone()).await,
            desk.sam.get(&format!("{path}?userId=ann")).await,
            desk.sam
                .put(&format!("{path}/read"), json!({ "userId": "ann" }))
                .await,
        ] {
            let refused = refused.expect_status(400).body;
            must_have(&refused, &[("message", "text"), ("error_code", "text")]);
        }
        for unknown in [&nobody, &expired] {
            unknown.get(&path).await.expect_status(401);
        }
    }
}

#[actix_rt::test]
async fn what_belongs_to_the_desk_is_not_served_yet() {
    let desk = Desk::open().await;
    for prefix in PREFIXES {
        let create = json!({ "userId": "ann", "userName": "Ann", "businessId": "b-7" });
        let answer = desk
            .ann
            .post(&format!("{prefix}/rooms/create"), create)
            .await;
        assert!([404, 405].contains(&answer.status), "{}", answer.status);
        for path in ["faqs", "auto-responses"] {
            let answer = desk.ann.get(&format!("{prefix}/{path}")).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}
