//! Rooms: the caller's, one of them, its participants and its messages.

use actix_web::{HttpResponse, get};
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::domain::access::Requester;
use crate::domain::conversation::ConversationStatus;
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::edge::http::call::Call;
use crate::edge::http::{Failure, Query};
use crate::edge::native::rest::opened::Opened;
use crate::edge::pharmago::ORDER;
use crate::edge::pharmago::messages::ListedMessage;
use crate::edge::pharmago::numbers::RoomNumber;
use crate::edge::pharmago::pages::{Page, PageQuery};
use crate::edge::pharmago::people::{ListedParticipant, Viewer};
use crate::edge::pharmago::rooms::{ListedRoom, ShownRoom};
use crate::error::Error;
use crate::store::conversations::{self as rows, Filter};
use crate::store::paging::{self, Window};
use crate::store::users;

/// Which rooms.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoomsQuery {
    /// `open`, `closed` or `archived`
    status: Option<String>,
    /// From 1, or `last`
    page: Option<String>,
    /// 1–100; 20 without it
    page_size: Option<i64>,
}

impl RoomsQuery {
    fn statuses(&self) -> Result<Vec<ConversationStatus>, Refusal> {
        let Some(name) = self.status.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(Vec::new());
        };
        let why = || {
            let why = format!("Select a valid choice. {name} is not one of the available choices.");
            Refusal::invalid("status", why)
        };
        let status = ConversationStatus::named(name).ok_or_else(why)?;
        Ok(vec![status])
    }

    fn page(&self) -> PageQuery {
        PageQuery::new(self.page.clone(), self.page_size)
    }
}

/// Rooms with the number of messages that the caller sees in each.
async fn page_of(
    call: &Call,
    statuses: Vec<ConversationStatus>,
    page: PageQuery,
) -> Result<HttpResponse, Failure> {
    let (user, requester) = (call.caller.no, Requester::from(&*call.caller));
    let filter = Filter {
        subject_type: Some(ORDER.to_owned()),
        statuses,
        ..Filter::default()
    };
    let read = call.pool().run(move |connection| {
        let count = rows::count(connection, user, &filter)?;
        let chosen = match page.of(count) {
            Ok(chosen) => chosen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let filter = Filter {
            offset: chosen.offset(),
            ..filter
        };
        let listed = rows::list(connection, user, &filter, chosen.limit())?;
        let counted = listed.into_iter().map(|listed| {
            let count = messages_in(connection, &listed, requester)?;
            Ok(ListedRoom::new(&listed, count))
        });
        let rooms = counted.collect::<Result<Vec<ListedRoom>, Error>>()?;
        Ok(Ok((chosen, rooms)))
    });
    let (chosen, rooms) = read.await??;
    Ok(HttpResponse::Ok().json(chosen.with(rooms, &call.address())))
}

/// How many messages of a room the caller sees.
fn messages_in(
    connection: &mut PgConnection,
    listed: &Listed,
    requester: Requester,
) -> Result<i64, Error> {
    let conversation = listed.conversation.id;
    let opened = match Opened::read(connection, conversation, requester)? {
        Ok(opened) => opened,
        Err(_) => return Ok(0),
    };
    let no = opened.loaded.conversation.no;
    let first = Window {
        offset: 0,
        limit: 1,
    };
    Ok(paging::messages(connection, no, &opened.reader, first)?.total)
}

/// The caller's rooms, newest activity first
#[utoipa::path(params(RoomsQuery), responses((status = 200, body = Page<ListedRoom>), (status = 400, description = "`status`"), (status = 404, description = "Invalid page")), security(("bearer" = [])), tag = "pharmago")]
#[get("/")]
pub async fn list(call: Call, query: Query<RoomsQuery>) -> Result<HttpResponse, Failure> {
    let Query(query) = query;
    page_of(&call, query.statuses()?, query.page()).await
}

/// The caller's rooms, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = Page<ListedRoom>)), security(("bearer" = [])), tag = "pharmago")]
#[get("/my_rooms/")]
pub async fn mine(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    page_of(&call, Vec::new(), query.0).await
}

/// The caller's rooms, newest activity first: as the published API spells the path
#[utoipa::path(params(PageQuery), responses((status = 200, body = Page<ListedRoom>)), security(("bearer" = [])), tag = "pharmago")]
#[get("/my-rooms/")]
pub async fn mine_by_dashes(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    page_of(&call, Vec::new(), query.0).await
}

/// The caller's open rooms, newest activity first
#[utoipa::path(params(PageQuery), responses((status = 200, body = Page<ListedRoom>)), security(("bearer" = [])), tag = "pharmago")]
#[get("/active/")]
pub async fn active(call: Call, query: Query<PageQuery>) -> Result<HttpResponse, Failure> {
    page_of(&call, vec![ConversationStatus::Open], query.0).await
}

/// A room with its people, for a caller who may read it.
pub(super) async fn opened<P, B>(call: &Call<P, B>, no: ConversationNo) -> Result<Opened, Failure> {
    let requester = Requester::from(&*call.caller);
    let read = call.pool().run(move |connection| {
        let Some(id) = rows::id_of(connection, no)? else {
            return Ok(Err(Refusal::ConversationNotFound));
        };
        Opened::read(connection, id, requester)
    });
    Ok(read.await??)
}

/// A room as it is shown by itself.
pub(super) async fn shown<P, B>(call: &Call<P, B>, opened: &Opened) -> Result<ShownRoom, Failure> {
    let (no, reader) = (opened.loaded.conversation.no, opened.reader.clone());
    let first = Window {
        offset: 0,
        limit: 1,
    };
    let read = call
        .pool()
        .run(move |connection| paging::messages(connection, no, &reader, first));
    let newest = read.await?;
    let links = &call.server.deps.files.links;
    let last = newest.items.last();
    let last = last
        .map(|message| ListedMessage::new(message, &opened.loaded.participants, links).in_room());
    let loaded = &opened.loaded;
    let (conversation, people) = (&loaded.conversation, &loaded.participants);
    Ok(ShownRoom::new(conversation, people, newest.total, last))
}

/// One room
#[utoipa::path(params(("id" = i64, Path)), responses((status = 200, body = ShownRoom), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[get("/{id}/")]
pub async fn show(call: Call<RoomNumber>) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let opened = opened(&call, no).await?;
    Ok(HttpResponse::Ok().json(shown(&call, &opened).await?))
}

/// A page of a room's participants, present and past, in order of joining
#[utoipa::path(params(("id" = i64, Path), PageQuery), responses((status = 200, body = Page<ListedParticipant>), (status = 404, description = "No such room for the caller")), security(("bearer" = [])), tag = "pharmago")]
#[get("/{id}/participants/")]
pub async fn participants(
    call: Call<RoomNumber>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let opened = opened(&call, no).await?;
    let mut people: Vec<_> = opened.loaded.participants.iter().collect();
    people.sort_by_key(|person| (person.joined_at, person.no));
    let chosen = query.0.of(people.len() as i64)?;
    let shown = people
        .into_iter()
        .skip(chosen.offset() as usize)
        .take(chosen.limit() as usize);
    let shown: Vec<_> = shown.collect();
    let numbers: Vec<i64> = shown.iter().map(|person| person.no.0).collect();
    let read = call
        .pool()
        .run(move |connection| users::last_seen(connection, &numbers));
    let last_seen = read.await?;
    let viewer = Viewer {
        caller: &call.caller,
        directory: &call.server.deps.room.directory,
    };
    let rows = shown.into_iter().map(|person| {
        let seen = last_seen.get(&person.no).copied();
        ListedParticipant::new(no, person, seen, viewer)
    });
    let rows = rows.collect();
    Ok(HttpResponse::Ok().json(chosen.with(rows, &call.address())))
}

/// A page of a room's messages, oldest first, without deleted ones
#[utoipa::path(params(("id" = i64, Path), PageQuery), responses((status = 200, body = Page<ListedMessage>), (status = 404, description = "No such room for the caller, or no such page")), security(("bearer" = [])), tag = "pharmago")]
#[get("/{id}/messages/")]
pub async fn messages(
    call: Call<RoomNumber>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Failure> {
    let RoomNumber(no) = call.path;
    let opened = opened(&call, no).await?;
    let (reader, page) = (opened.reader.clone(), query.0);
    let read = call.pool().run(move |connection| {
        let first = Window {
            offset: 0,
            limit: 1,
        };
        let count = paging::messages(connection, no, &reader, first)?.total;
        let chosen = match page.of(count) {
            Ok(chosen) => chosen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // The windows of messages are counted from the newest one.
        let after = (count - chosen.offset() - chosen.limit()).max(0);
        let window = Window {
            offset: after,
            limit: count - chosen.offset() - after,
        };
        let found = paging::messages(connection, no, &reader, window)?;
        Ok(Ok((chosen, found.items)))
    });
    let (chosen, found) = read.await??;
    let links = &call.server.deps.files.links;
    let people = &opened.loaded.participants;
    let rows = found
        .iter()
        .map(|message| ListedMessage::new(message, people, links));
    let rows = rows.collect();
    Ok(HttpResponse::Ok().json(chosen.with(rows, &call.address())))
}
