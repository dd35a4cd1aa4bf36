//! Subjects: what the platform says about an order, a job, a bid. Its word wins over what conversations were created with.

use actix_web::{HttpResponse, get, put};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use crate::domain::access::Privilege;
use crate::domain::command::Command;
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::object;
use crate::domain::refusal::Refusal;
use crate::edge::http::Failure;
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::refusals::Body;
use crate::edge::native::instants::instant;
use crate::error::Error;
use crate::store::subjects::{self as rows, Described, SubjectKey};

impl FromPath for SubjectKey {
    type Parts = (String, String);
    fn parse((kind, id): (String, String)) -> Result<Self, Refusal> {
        limits::required_text(&kind, "type", 64)?;
        limits::required_text(&id, "id", 128)?;
        Ok(Self { kind, id })
    }
}

/// What the platform says of something.
#[derive(Serialize, ToSchema)]
#[schema(as = DescribedSubject)]
pub struct DescribedView<'a> {
    /// What kind of thing
    #[serde(rename = "type")]
    kind: &'a str,
    /// The platform's id of it
    id: &'a str,
    /// What it is called
    title: Option<&'a str>,
    /// Where it is shown
    url: Option<&'a str>,
    /// The users whom it concerns
    people: &'a [String],
    /// The platform's own object
    #[schema(value_type = Option<Object>)]
    data: Option<&'a Value>,
    /// When the platform last said it
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

impl<'a> DescribedView<'a> {
    fn new(key: &'a SubjectKey, described: &'a Described, updated_at: DateTime<Utc>) -> Self {
        Self {
            kind: &key.kind,
            id: &key.id,
            title: described.title.as_deref(),
            url: described.url.as_deref(),
            people: &described.people,
            data: described.data.as_ref(),
            updated_at,
        }
    }
}

/// What the platform says.
#[derive(Deserialize, ToSchema)]
pub struct PutSubject {
    /// What it is called
    title: Option<String>,
    /// Where it is shown; https
    url: Option<String>,
    /// The users whom it concerns, at most 20
    #[serde(default)]
    people: Vec<String>,
    /// The platform's own object
    #[serde(default, deserialize_with = "object::optional")]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

const PEOPLE: usize = 20;

impl PutSubject {
    fn checked(self) -> Result<Described, Refusal> {
        self.title.as_deref().map_or(Ok(()), |title| {
            limits::text(title, "title", limits::TITLE_CHARACTERS)
        })?;
        self.url
            .as_deref()
            .map_or(Ok(()), |url| limits::https_url(url, "url"))?;
        if self.people.len() > PEOPLE {
            let why = format!("must be at most {PEOPLE}");
            return Err(Refusal::invalid("people", why));
        }
        for (place, id) in self.people.iter().enumerate() {
            UserId::parse(id, format!("people[{place}]"))?;
        }
        let data = self.data.map(Value::Object);
        data.as_ref()
            .map_or(Ok(()), |data| limits::json(&data.to_string(), "data"))?;
        Ok(Described {
            title: self.title,
            url: self.url,
            people: self.people,
            data,
        })
    }
}

/// Say what something is (service tokens). The conversations about it show it, those that there are and those that come
#[utoipa::path(request_body = PutSubject, params(("type" = String, Path), ("id" = String, Path)), responses((status = 200, body = DescribedView), (status = 403, description = "FORBIDDEN")), security(("bearer" = [])), tag = "subjects")]
#[put("/subjects/{type}/{id}")]
pub async fn put(call: Call<SubjectKey, Body>) -> Result<HttpResponse, Failure> {
    if !call.caller.roles.may(Privilege::DescribeSubjects) {
        let why = "Only the platform may say what a subject is";
        return Err(Refusal::Forbidden(why).into());
    }
    let body: PutSubject = call.body.read()?;
    let (key, described) = (call.path.clone(), body.checked()?);
    let written = described.clone();
    let write = call.pool().run(move |connection| {
        let updated_at = rows::put(connection, &key, &written)?;
        Ok((updated_at, rows::conversations(connection, &key)?))
    });
    let (updated_at, conversations) = write.await?;
    for id in conversations {
        let command = Command::ChangeCard(described.card());
        let rooms = &call.server.deps.rooms;
        match rooms.ask(id, Arc::clone(&call.caller), command).await {
            Ok(_) => {}
            // It was deleted meanwhile.
            Err(Error::Refused(Refusal::ConversationNotFound)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let view = DescribedView::new(&call.path, &described, updated_at);
    Ok(HttpResponse::Ok().json(view))
}

/// What the platform has said of something; for those whom it concerns, those who read a conversation about it, and the platform and its staff
#[utoipa::path(params(("type" = String, Path), ("id" = String, Path)), responses((status = 200, body = DescribedView), (status = 404, description = "SUBJECT_NOT_FOUND")), security(("bearer" = [])), tag = "subjects")]
#[get("/subjects/{type}/{id}")]
pub async fn show(call: Call<SubjectKey>) -> Result<HttpResponse, Failure> {
    let (key, user) = (call.path.clone(), call.caller.no);
    let sees_all = call.caller.roles.may(Privilege::OpenEveryConversation);
    let caller = Arc::clone(&call.caller);
    let read = call.pool().run(move |connection| {
        let Some((described, updated_at)) = rows::find(connection, &key)? else {
            return Ok(None);
        };
        let is_concerned = described.people.iter().any(|id| caller.is_named(id));
        let sees = sees_all || is_concerned || rows::reads_about(connection, &key, user)?;
        Ok(sees.then_some((described, updated_at)))
    });
    let (described, updated_at) = read.await?.ok_or(Refusal::SubjectNotFound)?;
    let view = DescribedView::new(&call.path, &described, updated_at);
    Ok(HttpResponse::Ok().json(view))
}
