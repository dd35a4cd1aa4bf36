//! The list of conversations, who takes part, what is unread, and hiding.

use serde_json::{Value, json};

use super::{PREFIX, Site, begin, id, people};
use crate::client::Person;
use crate::polling::until;
use crate::socketio_chat::client::SocketIoClient;

async fn listed(who: &Person, query: &str) -> (Vec<String>, Value) {
    let path = format!("{PREFIX}/conversations{query}");
    let body = who.get(&path).await.expect_status(200).body;
    let data = &body["data"];
    let found = data["conversations"].as_array().expect("a list");
    (found.iter().map(id).collect(), data["pagination"].clone())
}

#[tokio::test]
async fn a_list_has_pages_and_types() {
    let site = Site::open().await;
    site.app.person("cid").await;
    let job = json!({ "participants": ["ben"], "conversationType": "job_related", "job": "j" });
    let job = id(&begin(&site.ada, job).await);
    let group = json!({ "participants": ["ben", "cid"], "conversationType": "group" });
    let group = id(&begin(&site.ada, group).await);
    let all = [group.clone(), job.clone(), site.place.clone()];
    let (found, pages) = listed(&site.ada, "?page=1&limit=2").await;
    assert_eq!(found, all[..2]);
    let wanted = json!({ "currentPage": 1, "totalPages": 2, "totalConversations": 3, "hasNext": true, "hasPrev": false });
    assert_eq!(pages, wanted);
    let (found, pages) = listed(&site.ada, "?page=2&limit=2&type=all").await;
    assert_eq!(found, all[2..]);
    assert_eq!(
        (&pages["hasNext"], &pages["hasPrev"]),
        (&json!(false), &json!(true))
    );
    for (kind, wanted) in [
        ("direct", vec![site.place.clone()]),
        ("job_related", vec![job]),
        ("group", vec![group]),
        ("gang_related", vec![]),
    ] {
        let (found, pages) = listed(&site.ada, &format!("?type={kind}")).await;
        assert_eq!(pages["totalConversations"], wanted.len(), "{kind}");
        assert_eq!(found, wanted, "{kind}");
    }
    for wrong in ["?type=nonsense", "?page=0", "?limit=0", "?page=x"] {
        let path = format!("{PREFIX}/conversations{wrong}");
        site.ada.get(&path).await.expect_status(400);
    }
}

#[tokio::test]
async fn what_is_unread_is_counted_until_it_is_read() {
    let site = Site::open().await;
    site.say(&site.ada, "one").await;
    let last = site.say(&site.ada, "two").await;
    let count = async || {
        let path = format!("{PREFIX}/unread-count");
        let body = site.ben.get(&path).await.expect_status(200).body;
        body["data"]["unreadCount"].clone()
    };
    assert_eq!(count().await, 2);
    let path = format!("{PREFIX}/conversations");
    let body = site.ben.get(&path).await.expect_status(200).body;
    let conversation = &body["data"]["conversations"][0];
    assert_eq!(conversation["unreadCount"], 2);
    assert_eq!(conversation["metadata"]["unreadCount"], json!({ "ben": 2 }));
    assert_eq!(conversation["lastMessage"]["_id"], last["_id"]);
    assert_eq!(
        conversation["lastMessage"]["sender"]["fullName"],
        "ada by name"
    );
    let read = format!("{path}/{}/read", site.place);
    let done = site.ben.put(&read, json!({})).await.expect_status(200).body;
    assert_eq!(
        done,
        json!({ "success": true, "message": "Messages marked as read" })
    );
    assert_eq!(count().await, 0);
    let shown = site.ada.get(&site.messages()).await.expect_status(200).body;
    assert_eq!(shown["data"]["messages"][1]["isRead"], true);
}

#[tokio::test]
async fn a_hidden_conversation_comes_back_with_the_next_message() {
    let site = Site::open().await;
    site.say(&site.ada, "one").await;
    let path = format!("{PREFIX}/conversations/{}", site.place);
    site.ben.delete(&path).await.expect_status(200);
    assert_eq!(listed(&site.ben, "").await.0, [""; 0]);
    assert_eq!(
        listed(&site.ada, "").await.0.len(),
        1,
        "the other one keeps it"
    );
    site.say(&site.ada, "two").await;
    assert_eq!(
        listed(&site.ben, "").await.0,
        std::slice::from_ref(&site.place)
    );
}

#[actix_rt::test]
async fn participants_are_here_or_were_last_seen() {
    let site = Site::open().await;
    let path = format!("{PREFIX}/conversations/{}/participants", site.place);
    let ben = async || {
        let body = site.ada.get(&path).await.expect_status(200).body;
        assert_eq!(people(&body["data"]), ["ada", "ben"]);
        body["data"]["participants"][1].clone()
    };
    let before = ben().await;
    assert_eq!(before["isOnline"], false);
    assert_eq!(before["email"], Value::Null, "nobody's address is shown");
    let page = SocketIoClient::parttimepays(&site.ben).await;
    let is_here = |person: &Value| person["isOnline"] == true && person["lastSeen"].is_null();
    until("ben to be here", &ben, is_here).await;
    drop(page);
    let is_gone = |person: &Value| person["lastSeen"].is_string();
    until("ben to be gone", &ben, is_gone).await;
}
