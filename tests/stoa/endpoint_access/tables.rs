//! The tables: a line for each endpoint and each event, a cell for each caller, and the payload.

/// In the paths `{id}` is the conversation, the message or the other user, as the path says; `{user_id}` is the other user. The last row ends the conversation.
pub const ENDPOINTS: &str = r#"
GET    /api/v1/me                                         | 200    200   200    200 200 200    200 200    200    |
PUT    /api/v1/users/{id}                                 | forbid forbid forbid forbid forbid forbid forbid forbid 200 | {"name":"other"}
GET    /api/v1/users/{id}                                 | nouser nouser 200    nouser nouser 200 200 200    200    |
PUT    /api/v1/businesses/{id}                            | forbid forbid forbid forbid forbid forbid forbid forbid 200 | {"name":"A shop"}
GET    /api/v1/businesses/{id}                            | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/businesses/{id}/conversations              | nostaff nostaff nostaff nostaff nostaff nostaff nostaff 200 200 |
GET    /api/v1/businesses/{id}/staff                      | nostaff nostaff nostaff nostaff nostaff nostaff nostaff 200 200 |
PUT    /api/v1/businesses/{id}/staff/{user_id}            | nostaff nostaff nostaff nostaff nostaff nostaff nostaff 200 200 | {"role":"agent"}
DELETE /api/v1/businesses/{id}/staff/{user_id}            | nostaff nostaff nostaff nostaff nostaff nostaff nostaff 204 nouser |
GET    /api/v1/me/businesses                              | 200    200   200    200 200 200    200 200    200    |
PUT    /api/v1/subjects/{type}/{id}                       | forbid forbid forbid forbid forbid forbid forbid forbid 200 | {"title":"Kitchen"}
GET    /api/v1/subjects/{type}/{id}                       | nosubject nosubject nosubject nosubject nosubject nosubject nosubject 200 200 |
POST   /api/v1/conversations                              | 201    201   201    201 201 201    201 201    201    | {"kind":"group","participants":[{"user_id":"other"}]}
GET    /api/v1/conversations                              | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/conversations/{id}                         | noconv block 200    out out 200    200 200    200    |
PATCH  /api/v1/conversations/{id}                         | noconv block forbid out out forbid 200 200    200    | {"title":"a group"}
PATCH  /api/v1/conversations/{id}/me                      | noconv block 200    out out 200    200 out    out    | {"starred":true}
GET    /api/v1/conversations/{id}/messages                | noconv block 200    out out 200    200 200    200    |
POST   /api/v1/conversations/{id}/messages                | noconv block mute   out out 201    201 201    201    | {"body":"hello"}
POST   /api/v1/conversations/{id}/seen                    | noconv block 200    out out 200    200 out    out    | {"seq":1}
POST   /api/v1/conversations/{id}/delivered               | noconv block 200    out out 200    200 out    out    | {"seq":1}
GET    /api/v1/conversations/{id}/participants            | noconv block 200    out out 200    200 200    200    |
POST   /api/v1/conversations/{id}/participants            | noconv block forbid out out forbid 200 200    200    | {"user_id":"other"}
PATCH  /api/v1/conversations/{id}/participants/{user_id}  | noconv block forbid out out forbid 200 200    200    | {"muted":false}
DELETE /api/v1/conversations/{id}/participants/{user_id}  | noconv block forbid out out forbid 204 204    204    |
PATCH  /api/v1/messages/{id}                              | nomsg  block mute   out out forbid forbid forbid forbid | {"body":"mine now"}
DELETE /api/v1/messages/{id}                              | nomsg  block forbid out out forbid 200 200    200    |
DELETE /api/v1/messages/{id}/attachments/{file_id}        | nomsg  block forbid out out forbid nofile nofile nofile |
GET    /api/v1/messages/{id}/history                      | nomsg  block 200    out out 200    200 200    200    |
PUT    /api/v1/messages/{id}/reactions/{emoji}            | nomsg  block mute   out out 200    200 200    200    | {}
DELETE /api/v1/messages/{id}/reactions/{emoji}            | nomsg  block mute   out out 200    200 200    200    |
PUT    /api/v1/messages/{id}/pin                          | nomsg  block forbid out out forbid 200 200    200    | {}
DELETE /api/v1/messages/{id}/pin                          | nomsg  block forbid out out forbid 200 200    200    |
GET    /api/v1/conversations/{id}/pins                    | noconv block 200    out out 200    200 200    200    |
GET    /api/v1/messages/{id}/receipts                     | nomsg  block 200    out out 200    200 200    200    |
GET    /api/v1/search                                     | noconv block 200    out out 200    200 200    200    |
POST   /api/v1/files                                      | 201    201   201    201 201 201    201 201    201    | a file
POST   /api/v1/files/links                                | 200    200   200    200 200 200    200 200    200    | {"ids":[]}
GET    /api/v1/files/{id}                                 | nofile nofile 200   nofile nofile 200 200 200    200 |
POST   /api/v1/files/{id}/complete                        | nofile nofile nofile nofile nofile nofile nofile nofile nofile |
PATCH  /api/v1/files/{id}                                 | nofile nofile nofile nofile nofile nofile nofile nofile nofile | a part
DELETE /api/v1/files/{id}                                 | nofile nofile nofile nofile nofile nofile nofile nofile nofile |
GET    /api/v1/unread                                     | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/flows                                      | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/flows/{name}                               | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/flows/{name}/graph.svg                     | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/conversations/{id}/flow                    | noconv block noflow out out noflow noflow noflow noflow |
POST   /api/v1/conversations/{id}/flow/actions/{action}   | noconv block noflow out out noflow noflow noflow noflow | {}
GET    /api/v1/conversations/{id}/flow/history            | noconv block noflow out out noflow noflow noflow noflow |
POST   /api/v1/webhooks/razorpay                          | 401    401    401    401 401 401    401 401    401    | {"event":"order.paid"}
GET    /api/v1/webhooks/events                            | forbid forbid forbid forbid forbid forbid forbid forbid 200 |
GET    /api/v1/webhooks/events/{id}/attempts              | forbid forbid forbid forbid forbid forbid forbid forbid noevent |
POST   /api/v1/webhooks/events/{id}/redeliver             | forbid forbid forbid forbid forbid forbid forbid forbid noevent |
POST   /api/v1/events                                     | forbid forbid forbid forbid forbid forbid forbid forbid 200 | {"source":"shop","id":"1","type":"x.y"}
GET    /api/v1/events                                     | forbid forbid forbid forbid forbid forbid forbid forbid 200 |
GET    /api/v1/audit                                      | forbid forbid forbid forbid forbid forbid forbid forbid 200 |
GET    /api/v1/events/{source}/{id}                       | forbid forbid forbid forbid forbid forbid forbid forbid noevent |
POST   /api/v1/notifications                              | forbid forbid forbid forbid forbid forbid forbid forbid 201 | {"to":{"user_id":"other"},"type":"system","title":"Hello","message":"You"}
GET    /api/v1/notifications                              | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/notifications/count                        | 200    200   200    200 200 200    200 200    200    |
POST   /api/v1/notifications/read                         | 200    200   200    200 200 200    200 200    200    | {}
POST   /api/v1/notifications/seen                         | 200    200   200    200 200 200    200 200    200    |
POST   /api/v1/notifications/withdraw                     | forbid forbid forbid forbid forbid forbid forbid forbid 200 | {"subject_type":"bid","subject_id":"7"}
GET    /api/v1/notifications/{id}                         | nonote nonote nonote nonote nonote nonote nonote nonote 200 |
PATCH  /api/v1/notifications/{id}                         | nonote nonote nonote nonote nonote nonote nonote nonote nonote | {"read":true}
DELETE /api/v1/notifications/{id}                         | nonote nonote nonote nonote nonote nonote nonote nonote nonote |
GET    /api/v1/notification-types                         | 200    200   200    200 200 200    200 200    200    |
GET    /api/v1/me/notification-preferences                | 200    200   200    200 200 200    200 200    200    |
PUT    /api/v1/me/notification-preferences                | 200    200   200    200 200 200    200 200    200    | {"preferences":[]}
GET    /api/v1/me/notification-settings                   | 200    200   200    200 200 200    200 200    200    |
PUT    /api/v1/me/notification-settings                   | 200    200   200    200 200 200    200 200    200    | {"locale":null}
GET    /api/messages/conversations                        | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/conversations/{id}/messages          | noconv block 200    out out 200    200 200    200    |
GET    /api/messages/conversations/{id}/context           | noconv block 200    out out 200    200 200    200    |
POST   /api/messages/conversations/{id}/seen              | noconv block 200    out out 200    200 out    out    |
POST   /api/messages/conversations/{id}/button-click      | noconv block noflow out out noflow noflow noflow noflow | {"button_id":"accept_connection","additional_data":{}}
POST   /api/messages/conversations/{id}/text-input        | noconv block noflow out out noflow noflow noflow noflow | {"text":"₹5000","input_type":"negotiation"}
POST   /api/messages/send                                 | noconv block mute   out out 201    201 201    201    | {"conversation_id":"$c","message":"Hello!"}
POST   /api/messages/direct-connect                       | 201    201   201    201 201 201    201 201    two    | {"target_user_id":"other"}
GET    /api/messages/direct-connections                   | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/unread-count                         | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/conversations/direct                 | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/conversations/bids                   | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/conversations/campaigns              | 200    200   200    200 200 200    200 200    200    |
GET    /api/messages/{id}                                 | noconv block 200    out out 200    200 200    200    |
POST   /api/messages                                      | noconv block mute   out out 200    200 200    200    | {"conversation_id":"$c","message":"Hello!"}
POST   /api/messages/direct-message                       | noconv block mute   out out 201    201 201    201    | {"conversation_id":"$c","message":"Hello!"}
POST   /api/messages/conversations/{id}/messages          | noconv block mute   out out 200    200 200    200    | {"message":"Hello!"}
PUT    /api/messages/conversations/{id}/seen              | noconv block 200    out out 200    200 out    out    |
DELETE /api/messages/messages/{id}                        | nomsg  block forbid out out forbid 200 200    200    |
GET    /api/conversations/{id}/messages                   | noconv block 200    out out 200    200 200    200    |
POST   /api/conversations/{id}/messages                   | noconv block mute   out out 200    200 200    200    | {"message":"Hello!"}
PUT    /api/conversations/{id}/seen                       | noconv block 200    out out 200    200 out    out    |
POST   /api/bids/automated/initialize                     | 200    200   200    200 200 200    200 200    two    | {"bid_id":"b-1","influencer_id":"other","proposed_amount":4000}
GET    /api/bids/automated/conversation/{id}/context      | noconv block 200    out out 200    200 200    200    |
POST   /api/bids/automated/brand-owner-action             | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/bids/automated/influencer-action              | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/bids/automated/final-confirmation             | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c"}
POST   /api/bids/automated/verify-payment                 | noconv block wrong  out out wrong  wrong wrong wrong | {"razorpay_order_id":"o","razorpay_payment_id":"p","razorpay_signature":"s","conversation_id":"$c"}
POST   /api/bids/{id}/submit-work                         | noconv block noflow out out noflow noflow noflow noflow | {"deliverables":"x","description":"y"}
POST   /api/bids/{id}/review-work                         | noconv block noflow out out noflow noflow noflow noflow | {"action":"approve_work"}
POST   /api/campaigns/automated/initialize                | 200    200   200    200 200 200    200 200    two    | {"campaign_id":"c-1","influencer_id":"other"}
POST   /api/campaigns/initialize-conversation             | 200    200   200    200 200 200    200 200    two    | {"campaign_id":"c-1","influencer_id":"other"}
POST   /api/campaigns/automated/influencer-action         | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/campaigns/handle-influencer-action            | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/campaigns/automated/brand-owner-action        | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/campaigns/handle-brand-owner-action           | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"pay_now","data":{}}
POST   /api/campaigns/automated/verify-payment            | noconv block wrong  out out wrong  wrong wrong wrong | {"razorpay_order_id":"o","razorpay_payment_id":"p","razorpay_signature":"s","conversation_id":"$c"}
POST   /api/campaigns/{id}/automated/submit-work          | noconv block noflow out out noflow noflow noflow noflow | {"deliverables":"x","description":"y"}
POST   /api/campaigns/{id}/submit-work                    | noconv block noflow out out noflow noflow noflow noflow | {"deliverables":"x","description":"y"}
POST   /api/campaigns/{id}/automated/review-work          | noconv block noflow out out noflow noflow noflow noflow | {"action":"approve_work"}
POST   /api/campaigns/{id}/review-work                    | noconv block noflow out out noflow noflow noflow noflow | {"action":"approve_work"}
GET    /api/v1/demo/people                                | noroute noroute noroute noroute noroute noroute noroute noroute noroute |
GET    /chat/rooms                                        | 200 200 200 200 200 200 200 200 200 |
GET    /chat/rooms/{id}                                   | -noconv -block 200 -out -out 200 200 200 200 |
GET    /chat/rooms/{id}/messages                          | -noconv -block 200 -out -out 200 200 200 200 |
POST   /chat/rooms/{id}/messages                          | -noconv -block -mute -out -out 201 201 201 201 | {"content":"hello"}
PUT    /chat/rooms/{id}/messages/read                     | -noconv -block 200 -out -out 200 200 -out -out | {}
GET    /chat/unread-counts                                | 200 200 200 200 200 200 200 200 200 |
GET    /api/chat/rooms                                    | 200 200 200 200 200 200 200 200 200 |
GET    /api/chat/rooms/{id}                               | -noconv -block 200 -out -out 200 200 200 200 |
GET    /api/chat/rooms/{id}/messages                      | -noconv -block 200 -out -out 200 200 200 200 |
POST   /api/chat/rooms/{id}/messages                      | -noconv -block -mute -out -out 201 201 201 201 | {"content":"hello"}
PUT    /api/chat/rooms/{id}/messages/read                 | -noconv -block 200 -out -out 200 200 -out -out | {}
GET    /api/chat/unread-counts                            | 200 200 200 200 200 200 200 200 200 |
GET    /api/v1/me/privacy                                 | 200    200   200    200 200 200    200 200    200    |
PUT    /api/v1/me/privacy                                 | 200    200   200    200 200 200    200 200    200    | {"accept":"everyone"}
PUT    /api/v1/blocks/{user_id}                           | 204    204   204    204 204 204    204 204    204    |
GET    /api/v1/blocks                                     | 200    200   200    200 200 200    200 200    200    |
DELETE /api/v1/blocks/{user_id}                           | 204    204   204    204 204 204    204 204    204    |
POST   /api/v1/users/{id}/sign-out                        | forbid forbid forbid forbid forbid forbid forbid forbid 200 |
DELETE /api/v1/conversations/{id}                         | noconv block forbid out out forbid forbid forbid 204    |
"#;

/// In the payloads `$c` is the conversation, `$m` a message of the other user, `$token` the caller's own token.
pub const SOCKET: &str = r#"
authenticate        | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"token":"$token"}
join_conversation   | noconv block ok     out out ok     ok  ok  ok  | {"conversation_id":"$c"}
leave_conversation  | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"conversation_id":"$c"}
send_message        | noconv block mute   out out ok     ok  ok  ok  | {"conversation_id":"$c","body":"hello"}
edit_message        | noconv block mute   out out forbid forbid forbid forbid | {"conversation_id":"$c","message_id":"$m","body":"mine now"}
delete_message      | noconv block forbid out out forbid ok  ok  ok  | {"conversation_id":"$c","message_id":"$m"}
react               | noconv block mute   out out ok     ok  ok  ok  | {"conversation_id":"$c","message_id":"$m","emoji":"👍"}
unreact             | noconv block mute   out out ok     ok  ok  ok  | {"conversation_id":"$c","message_id":"$m","emoji":"👍"}
pin_message         | noconv block forbid out out forbid ok  ok  ok  | {"conversation_id":"$c","message_id":"$m"}
unpin_message       | noconv block forbid out out forbid ok  ok  ok  | {"conversation_id":"$c","message_id":"$m"}
watch_subject       | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"type":"job","id":"42"}
unwatch_subject     | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"type":"job","id":"42"}
typing_start        | noconv block mute   out out ok     ok  ok  ok  | {"conversation_id":"$c"}
typing_stop         | noconv block mute   out out ok     ok  ok  ok  | {"conversation_id":"$c"}
mark_delivered      | noconv block ok     out out ok     ok  out out | {"conversation_id":"$c","seq":1}
mark_seen           | noconv block ok     out out ok     ok  out out | {"conversation_id":"$c","seq":1}
flow_action         | noconv block noflow out out noflow noflow noflow noflow | {"conversation_id":"$c","action":"accept","state_version":1}
user_status         | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"status":"online"}
search              | noconv block ok     out out ok     ok  ok  ok  | {"q":"hello","conversation_id":"$c"}
"#;

/// The events of the Stoory dialect; `$me` is the caller.
pub const STOORY: &str = r#"
join                | ok     ok    ok     ok  ok  ok     ok  ok  ok  | "$me"
join_user_room      | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"userId":"$me"}
leave_user_room     | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"userId":"$me"}
join_conversation   | noconv block ok     out out ok     ok  ok  ok  | {"conversationId":"$c"}
leave_conversation  | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"conversationId":"$c"}
send_message        | noconv block mute   out out ok     ok  ok  ok  | {"conversationId":"$c","message":"hello"}
typing_start        | noconv block mute   out out ok     ok  ok  ok  | {"conversationId":"$c"}
typing_stop         | noconv block mute   out out ok     ok  ok  ok  | {"conversationId":"$c"}
mark_seen           | noconv block ok     out out ok     ok  out out | {"conversationId":"$c","messageId":"$m"}
user_status         | ok     ok    ok     ok  ok  ok     ok  ok  ok  | {"status":"online"}
join_bid_room       | ok     ok    ok     ok  ok  ok     ok  ok  ok  | "b-1"
join_campaign_room  | ok     ok    ok     ok  ok  ok     ok  ok  ok  | "c-1"
leave_bid_room      | ok     ok    ok     ok  ok  ok     ok  ok  ok  | "b-1"
leave_campaign_room | ok     ok    ok     ok  ok  ok     ok  ok  ok  | "c-1"
"#;
