//! Every field through which a text comes in, for the naughty strings: `$s` is the string, `$c` a conversation, `$m` a message.

/// Method, path and body of requests.
pub const BODIES: &str = r#"
POST conversations/$c/messages {"body":"$s"}
POST conversations/$c/messages {"body":"a $s z","client_id":"$s"}
POST conversations/$c/messages {"body":"x","reply_to":"$s"}
POST conversations/$c/messages {"body":"x","kind":"$s"}
POST conversations/$c/messages {"body":"x","sender_id":"$s"}
POST conversations/$c/messages {"body":"x","context":{"$s":1}}
POST conversations/$c/messages {"body":"x","context":{"a":["$s",{"b":"$s"}]}}
POST conversations/$c/messages {"body":"x","mentions":["$s"]}
POST conversations/$c/messages {"attachments":[{"url":"https://a.b/$s"}]}
POST conversations/$c/messages {"attachments":[{"url":"$s"}]}
POST conversations/$c/messages {"attachments":[{"url":"https://a.b","name":"$s"}]}
POST conversations/$c/messages {"attachments":[{"url":"https://a.b","type":"$s"}]}
POST conversations/$c/messages {"attachments":[{"url":"https://a.b","$s":1}]}
PATCH messages/$m {"body":"$s"}
PUT messages/$m/pin {"expires_at":"$s"}
PATCH conversations/$c {"title":"$s"}
PATCH conversations/$c {"status":"$s"}
POST conversations {"kind":"$s","participants":[{"user_id":"bob"}]}
POST conversations {"kind":"group","participants":[{"user_id":"$s"}]}
POST conversations {"kind":"group","participants":[{"user_id":"bob","role":"$s"}]}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"title":"$s","role":"owner"}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"role":"$s"}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"subject":{"type":"$s","id":"$s"}}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"subject":{"type":"t","id":"i$s","title":"$s","data":{"$s":"$s"}}}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"subject":{"type":"u","id":"i$s","url":"https://a.b/$s"}}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"first_message":{"body":"$s"}}
POST conversations/$c/participants {"user_id":"$s"}
POST conversations/$c/participants {"user_id":"bob","role":"$s"}
PATCH conversations/$c/participants/bob {"role":"$s"}
POST conversations/$c/seen {"seq":"$s"}
POST conversations/$c/delivered {"seq":1,"user_id":"$s"}
PUT users/dora {"name":"$s"}
PUT users/dora {"email":"$s"}
PUT users/dora {"avatar_url":"https://a.b/$s"}
"#;

/// Method and path of requests in whose path or query the string stands, percent-encoded.
pub const PATHS: &str = r#"
GET conversations/$s
GET conversations/$s/messages
GET messages/$s/history
DELETE messages/$s
GET users/$s
PUT users/$s
DELETE conversations/$c/participants/$s
GET $s
GET ../../$s
GET conversations?subject_type=$s
GET conversations?subject_id=$s&subject_type=$s
GET conversations?kind=$s
GET conversations?status=$s
GET conversations?cursor=$s
GET conversations?unread=$s
GET conversations?limit=$s
GET conversations/$c/messages?before=$s
GET conversations/$c/messages?after=$s
GET conversations/$c/messages?$s=$s
GET conversations/$c/messages?around=$s
GET conversations/$c/messages?thread=$s
GET threads?cursor=$s
GET search?q=$s
GET search?q=x&conversation_id=$s
GET search?q=x&sort=$s
GET search?q=x&cursor=$s
GET search?q=from:$s
GET search?q=subject:$s/$s
"#;

/// Name and payload of events.
pub const EVENTS: &str = r#"
send_message {"conversation_id":"$c","body":"$s"}
send_message {"conversation_id":"$c","body":"a $s z","client_id":"s$s"}
send_message {"conversation_id":"$s","body":"x"}
send_message {"conversation_id":"$c","body":"x","reply_to":"$s"}
send_message {"conversation_id":"$c","body":"x","user_id":"$s"}
send_message {"conversation_id":"$c","body":"x","context":{"$s":["$s"]}}
send_message {"conversation_id":"$c","attachments":[{"url":"https://a.b/$s"}]}
send_message {"conversation_id":"$c","attachments":[{"url":"https://a.b","name":"$s","type":"$s"}]}
edit_message {"conversation_id":"$c","message_id":"$m","body":"$s"}
edit_message {"conversation_id":"$c","message_id":"$s","body":"x"}
delete_message {"conversation_id":"$c","message_id":"$s"}
react {"conversation_id":"$c","message_id":"$m","emoji":"$s"}
unreact {"conversation_id":"$c","message_id":"$m","emoji":"$s"}
pin_message {"conversation_id":"$c","message_id":"$s","expires_at":"$s"}
follow_thread {"conversation_id":"$c","message_id":"$s"}
send_message {"conversation_id":"$c","body":"x","thread_id":"$s"}
mark_seen {"conversation_id":"$c","seq":1,"thread":"$s"}
join_conversation {"conversation_id":"$s"}
join_conversation {"conversation_id":"$c","after":"$s"}
leave_conversation {"conversation_id":"$s"}
watch_subject {"type":"$s","id":"$s"}
unwatch_subject {"type":"$s","id":"$s"}
typing_start {"conversation_id":"$s"}
mark_seen {"conversation_id":"$c","seq":"$s"}
user_status {"status":"$s"}
search {"q":"$s"}
search {"q":"\"$s\" -$s"}
search {"q":"x","conversation_id":"$s","cursor":"$s"}
authenticate {"token":"$s"}
$s {}
user_status {"status":"online","$s":"$s"}
"#;

/// The rows of a table, each cut at its first spaces.
pub fn rows(table: &str, columns: usize) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| !line.is_empty());
    let rows: Vec<Vec<&str>> = lines
        .map(|line| line.splitn(columns, ' ').collect())
        .collect();
    assert!(rows.iter().all(|row| row.len() == columns), "{rows:?}");
    rows
}
