//! Search in the caller's conversations, by numbered pages.

use actix_web::{HttpResponse, get};
use diesel::pg::PgConnection;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;

use super::answers::{Data, Messages};
use super::paging::PageQuery;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::annotation::Annotations;
use crate::domain::conversation::Participant;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::Reader;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::searching::SearchRequest;
use crate::edge::parttimepays::message::MessageDocument;
use crate::edge::parttimepays::people::Place;
use crate::edge::parttimepays::sending::given;
use crate::error::Error;
use crate::store::search::{Hit, Order, Page, Scope};
use crate::store::{annotations, blocks, participants};

/// Hits of a page, unless the query says how many.
const USUAL: i64 = 20;
/// A page ends at most at this hit.
const DEEPEST: i64 = 500;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SearchQuery {
    /// Words, as in the native search
    q: Option<String>,
    /// Only in this conversation
    conversation_id: Option<String>,
}

/// Search the messages of the caller's conversations, newest first; a page ends at the 500th hit at most
#[utoipa::path(params(SearchQuery, PageQuery), responses((status = 200, body = Data<Messages>), (status = 400, description = "INVALID_REQUEST; UNPROCESSABLE: Search query is required; SEARCH_TOO_BROAD"), (status = 403, description = "CONVERSATION_NOT_FOUND, NOT_A_PARTICIPANT, BLOCKED"), (status = 409, description = "SEARCH_UNAVAILABLE"), (status = 429, description = "RATE_LIMITED")), security(("bearer" = [])), tag = "parttimepays")]
#[get("")]
pub async fn search(
    call: Call,
    query: Query<SearchQuery>,
    page: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let asked = page.0.asked(USUAL)?;
    let window = asked.window();
    let end = window.offset + window.limit;
    if end > DEEPEST {
        let form = format!("must end at hit {DEEPEST} at most");
        return Err(Refusal::invalid("page", form).into());
    }
    let q = given(query.0.q).ok_or(Refusal::Unprocessable("Search query is required"))?;
    let within = given(query.0.conversation_id);
    let within = within.map(|id| ConversationId::parse(&id, "conversationId"));
    let request = SearchRequest {
        q,
        conversation: within.transpose()?,
        scope: Scope::Own,
        page: Page::First(Order::Newest),
        limit: usize::try_from(end).unwrap_or_default(),
    };
    let found = call.server.deps.search(&call.caller, request).await?;
    let known = found.hits.len() as i64 + i64::from(found.next.is_some());
    let total = found.total.unwrap_or(known);
    let mut hits = found.hits;
    hits.drain(
        ..hits
            .len()
            .min(usize::try_from(window.offset).unwrap_or_default()),
    );
    let user = call.caller.no;
    let read = call
        .pool()
        .run(move |connection| ReadHits::read(connection, user, hits));
    let read = read.await?;
    let reader = call.server.deps.dialects.reader(user);
    Ok(HttpResponse::Ok().json(Data::of(Messages {
        messages: read.documents(reader),
        pagination: asked.of_messages(total),
    })))
}

/// Hits with the people of their conversations and their reactions.
struct ReadHits {
    hits: Vec<Hit>,
    people: HashMap<ConversationNo, Vec<Participant>>,
    annotations: HashMap<ConversationNo, Annotations>,
}

impl ReadHits {
    fn read(connection: &mut PgConnection, reader: UserNo, hits: Vec<Hit>) -> Result<Self, Error> {
        let mut places: HashMap<ConversationNo, Vec<Message>> = HashMap::new();
        for hit in &hits {
            let place = places.entry(hit.conversation.no).or_default();
            place.push(hit.message.clone());
        }
        let numbers: Vec<i64> = places.keys().map(|no| no.0).collect();
        let everybody = participants::of_conversations(connection, &numbers)?;
        let others: Vec<i64> = everybody.iter().map(|(_, person)| person.no.0).collect();
        let reader_blocks = ReaderBlocks::of(reader, blocks::between(connection, reader, &others)?);
        let mut people: HashMap<ConversationNo, Vec<Participant>> = HashMap::new();
        for (no, mut person) in everybody {
            reader_blocks.mask([&mut person]);
            people.entry(no).or_default().push(person);
        }
        let mut annotations = HashMap::new();
        for (no, messages) in places {
            let said = annotations::of_messages(connection, reader, &messages)?;
            annotations.insert(no, said);
        }
        Ok(Self {
            hits,
            people,
            annotations,
        })
    }

    fn documents<'a>(&'a self, reader: Reader<'a>) -> Vec<MessageDocument<'a>> {
        let document = |hit: &'a Hit| {
            let no = hit.conversation.no;
            let people = self.people.get(&no).into_iter().flatten();
            let place = Place::new(&hit.conversation, people, reader.system);
            let said = self.annotations.get(&no);
            let said = said.and_then(|said| said.of(hit.message.seq()));
            MessageDocument::new(&hit.message, &place, reader.links).annotated(said)
        };
        self.hits.iter().map(document).collect()
    }
}
