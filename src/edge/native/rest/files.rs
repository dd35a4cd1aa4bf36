//! Files: uploading, reading what is known of them, new links, deleting.

use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resumable;
use crate::domain::access::Requester;
use crate::domain::file::{FileId, FileState, Purpose};
use crate::domain::measures::Waveform;
use crate::domain::refusal::Refusal;
use crate::edge::files::view::FileView;
use crate::edge::files::{Described, UploadBody, tus};
use crate::edge::http::call::{Call, FromPath};
use crate::edge::http::idempotent::StoredResponse;
use crate::edge::http::refusals::Body;
use crate::edge::http::{Failure, Query};
use crate::store::files::{dropping, seeing};

/// Files whose links one request renews.
const LINKS: usize = 100;

impl FromPath for FileId {
    type Parts = String;
    fn parse(id: String) -> Result<Self, Refusal> {
        Self::parse(&id, "id")
    }
}

/// What an upload says of its file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Its name
    name: Option<String>,
    /// `message` (the default), `voice` for a recording, `avatar` for a picture of a user
    purpose: Option<String>,
    /// How loud a recording is over time: 16 to 64 numbers from 0 to 100, separated by commas
    waveform: Option<String>,
}

/// Upload a file: the body is the file, or a form (`multipart/form-data`) with the field `file`. The answer waits up to 20 s for the check
/// of the file; 202 says that the check goes on. With the header `Tus-Resumable` it begins a resumable upload by the protocol tus
#[utoipa::path(params(UploadQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, body = FileView, description = "Ready"), (status = 202, body = FileView, description = "Still being checked"), (status = 400, description = "INVALID_REQUEST"), (status = 408, description = "BODY_TOO_SLOW"), (status = 409, description = "FILES_UNAVAILABLE"), (status = 413, description = "TOO_LARGE"), (status = 422, description = "FILE_REFUSED"), (status = 429, description = "QUOTA_EXCEEDED")), security(("bearer" = [])), tag = "files")]
#[post("/files")]
pub async fn upload(
    call: Call<(), UploadBody>,
    query: Query<UploadQuery>,
) -> Result<HttpResponse, Failure> {
    if tus::is_spoken(call.body.headers()) {
        return resumable::begin(&call).await;
    }
    let Query(UploadQuery {
        name,
        purpose,
        waveform,
    }) = query;
    let work = async {
        let purpose = purpose.as_deref().map(Purpose::parse).transpose()?;
        let waveform = waveform.as_deref().map(Waveform::parse).transpose()?;
        let described = Described {
            name,
            purpose,
            waveform,
        };
        let deps = &call.server.deps;
        let file = deps.upload(&call.caller, described, &call.body).await?;
        let status = match file.state {
            FileState::Ready => 201,
            _ => 202,
        };
        StoredResponse::json(status, &FileView::new(&file, &deps.files.links))
    };
    let answer = call.once(work).await;
    call.body.drain().await;
    answer
}

/// What is known of a file: to who uploaded it, who may read a message that shows it, and staff
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = FileView), (status = 404, description = "FILE_NOT_FOUND"), (status = 410, description = "GONE")), security(("bearer" = [])), tag = "files")]
#[get("/files/{id}")]
pub async fn show(call: Call<FileId>) -> Result<HttpResponse, Failure> {
    if tus::is_spoken(call.headers()) {
        return resumable::progress(&call).await;
    }
    let (id, requester) = (call.path, Requester::from(&*call.caller));
    let seen = call
        .pool()
        .run(move |connection| seeing::seen(connection, &[id], requester));
    let file = seen.await?.pop().ok_or(Refusal::FileNotFound)?;
    if matches!(file.state, FileState::Dropping | FileState::Gone) {
        return Err(Refusal::FileGone.into());
    }
    Ok(HttpResponse::Ok().json(FileView::new(&file, &call.server.deps.files.links)))
}

/// Delete one's own file, which no message shows
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 204, description = "It is being deleted"), (status = 404, description = "FILE_NOT_FOUND"), (status = 409, description = "CONFLICT: a message shows it"), (status = 410, description = "GONE")), security(("bearer" = [])), tag = "files")]
#[delete("/files/{id}")]
pub async fn delete(call: Call<FileId>) -> Result<HttpResponse, Failure> {
    let (id, owner) = (call.path, call.caller.no);
    let discarded = call
        .pool()
        .run(move |connection| dropping::discard(connection, id, owner));
    discarded.await??;
    call.server.job_signal.notify();
    Ok(HttpResponse::NoContent().finish())
}

/// Files whose links are wanted anew.
#[derive(Deserialize, ToSchema)]
pub struct LinksBody {
    /// Ids of files, at most 100
    ids: Vec<String>,
}

/// Files with new links.
#[derive(Serialize, ToSchema)]
#[schema(as = Files)]
pub struct FilesView<'a> {
    /// Those of the files that the caller may see and that are ready, in no particular order
    items: Vec<FileView<'a>>,
}

/// New links to files: those in messages end after 30 to 60 minutes
#[utoipa::path(request_body = LinksBody, responses((status = 200, body = FilesView), (status = 400, description = "INVALID_REQUEST")), security(("bearer" = [])), tag = "files")]
#[post("/files/links")]
pub async fn links(call: Call<(), Body>) -> Result<HttpResponse, Failure> {
    let work = async {
        let LinksBody { ids } = call.own_body()?;
        if ids.len() > LINKS {
            return Err(Refusal::invalid("ids", format!("must be at most {LINKS}")).into());
        }
        let ids = ids.iter().enumerate();
        let ids: Result<Vec<FileId>, Refusal> = ids
            .map(|(index, id)| FileId::parse(id, format!("ids[{index}]")))
            .collect();
        let (ids, requester) = (ids?, Requester::from(&*call.caller));
        let seen = call
            .pool()
            .run(move |connection| seeing::seen(connection, &ids, requester));
        let files = seen.await?;
        let ready = files.iter().filter(|file| file.state == FileState::Ready);
        let links = &call.server.deps.files.links;
        let items = ready.map(|file| FileView::new(file, links)).collect();
        StoredResponse::json(200, &FilesView { items })
    };
    call.once(work).await
}
