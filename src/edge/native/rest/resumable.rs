//! Resumable uploads over REST, by the protocol tus.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, patch, post};

use crate::domain::file::{FileId, FileState};
use crate::domain::refusal::Refusal;
use crate::edge::files::view::FileView;
use crate::edge::files::{UploadBody, tus};
use crate::edge::http::Failure;
use crate::edge::http::call::Call;

/// Append a part to a file whose upload was begun by the protocol tus (`Upload-Offset`, `application/offset+octet-stream`)
#[utoipa::path(params(("id" = Uuid, Path)), request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"), responses((status = 204, description = "Stored; `Upload-Offset` says how many bytes the file has"), (status = 404, description = "FILE_NOT_FOUND"), (status = 408, description = "BODY_TOO_SLOW"), (status = 409, description = "UPLOAD_OFFSET, FILES_UNAVAILABLE"), (status = 410, description = "GONE"), (status = 412, description = "TUS_VERSION"), (status = 413, description = "TOO_LARGE"), (status = 415, description = "MEDIA_TYPE"), (status = 460, description = "CHECKSUM_MISMATCH")), security(("bearer" = [])), tag = "files")]
#[patch("/files/{id}")]
pub async fn append(call: Call<FileId, UploadBody>) -> Result<HttpResponse, Failure> {
    let deps = &call.server.deps;
    let appended = deps
        .append_part(call.caller.no, call.path, &call.body)
        .await;
    call.body.drain().await;
    Ok(tus::answer(StatusCode::NO_CONTENT, &appended?))
}

/// Wait for the check of one's own file, of which all bytes have come: up to 20 s; 202 says that the check goes on
#[utoipa::path(params(("id" = Uuid, Path)), responses((status = 200, body = FileView, description = "Ready"), (status = 202, body = FileView, description = "Still being checked"), (status = 404, description = "FILE_NOT_FOUND"), (status = 409, description = "UPLOAD_OFFSET: not all bytes have come"), (status = 410, description = "GONE"), (status = 422, description = "FILE_REFUSED")), security(("bearer" = [])), tag = "files")]
#[post("/files/{id}/complete")]
pub async fn complete(call: Call<FileId>) -> Result<HttpResponse, Failure> {
    let deps = &call.server.deps;
    let file = deps.complete_upload(call.caller.no, call.path).await?;
    let mut answer = match file.state {
        FileState::Ready => HttpResponse::Ok(),
        _ => HttpResponse::Accepted(),
    };
    Ok(answer.json(FileView::new(&file, &deps.files.links)))
}

/// Begins an upload, and tells where it goes on.
pub(super) async fn begin(call: &Call<(), UploadBody>) -> Result<HttpResponse, Failure> {
    let begun = call
        .server
        .deps
        .begin_upload(&call.caller, &call.body)
        .await;
    call.body.drain().await;
    Ok(tus::answer(StatusCode::CREATED, &begun?))
}

/// Tells how far an upload is.
pub(super) async fn progress(call: &Call<FileId>) -> Result<HttpResponse, Failure> {
    let file = call
        .server
        .deps
        .own_upload(call.caller.no, call.path)
        .await?;
    match file.state {
        FileState::Dropping | FileState::Gone => Err(Refusal::FileGone.into()),
        _ => Ok(tus::answer(StatusCode::OK, &file)),
    }
}
