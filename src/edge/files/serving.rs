//! Serves files by their links: to anybody who has one, in ranges, with headers that let no file run anything.

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    ETAG, HOST, HeaderMap, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Files;
use super::disposition::disposition;
use super::range::{Wanted, wanted};
use crate::domain::file::{FileId, FileState};
use crate::domain::preview::PreviewKind;
use crate::domain::refusal::Refusal;
use crate::edge::http::{AppState, Failure, Query};
use crate::edge::links::{GRID_SECONDS, Variant};
use crate::error::Error;
use crate::media::Placement;
use crate::objects::Key;
use crate::signing::hex;
use crate::store::files;
use crate::store::pool::Pool;

/// How long downloads go on after a file was dropped.
const REMEMBERED: Duration = Duration::from_secs(10);
/// A file opened as a page of its own may load nothing and run nothing.
const POLICY: &str = "default-src 'none'; sandbox";
const RESOURCE_POLICY: &str = "cross-origin-resource-policy";

/// A file that can be downloaded, or why it cannot.
pub(super) type Served = Result<ServedFile, Refusal>;

/// A file that is served, and its previews.
#[derive(Clone, Debug)]
pub(super) struct ServedFile {
    original: Content,
    previews: [Option<Content>; 2],
}

/// What is served for a link.
#[derive(Clone, Debug)]
struct Content {
    media_type: String,
    disposition: String,
    tag: String,
    size: u64,
}

/// The signature of a link.
#[derive(Deserialize)]
pub struct LinkQuery {
    /// When it ends
    e: Option<String>,
    /// The signature
    s: Option<String>,
}

/// Answers `GET /files/{id}/{variant}/{name}`. The name is for browsers and readers alone.
pub async fn serve(
    server: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    query: Query<LinkQuery>,
) -> Result<HttpResponse, Failure> {
    let (id, variant, _) = path.into_inner();
    let id = FileId::parse(&id, "id").map_err(|_| Refusal::FileNotFound)?;
    let variant = Variant::named(&variant).ok_or(Refusal::FileNotFound)?;
    let files = &server.deps.files;
    let objects = files.objects()?;
    if !files.are_served_at(text(request.headers(), HOST).unwrap_or_default()) {
        return Err(Refusal::FileNotFound.into());
    }
    let Query(LinkQuery { e, s }) = query;
    let (end, signature) = (e.unwrap_or_default(), s.unwrap_or_default());
    files.links.check(id, variant, &end, &signature)?;
    let served = files.served(&server.deps.room.pool, id).await?;
    let file = served.as_ref().as_ref().map_err(Clone::clone)?;
    let file = file.content(variant).ok_or(Refusal::FileNotFound)?;
    let headers = request.headers();
    if text(headers, IF_NONE_MATCH).is_some_and(|tags| tags.contains(&file.tag)) {
        return Ok(described(StatusCode::NOT_MODIFIED, file).finish());
    }
    let asked = text(headers, RANGE).filter(|_| {
        // A part of another version is of no use.
        text(headers, IF_RANGE).is_none_or(|tag| tag == file.tag)
    });
    let (status, range) = match wanted(asked, file.size) {
        Wanted::Whole => (StatusCode::OK, 0..file.size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Unsatisfiable => {
            let mut response = described(StatusCode::RANGE_NOT_SATISFIABLE, file);
            response.insert_header((CONTENT_RANGE, format!("bytes */{}", file.size)));
            return Ok(response.finish());
        }
    };
    let mut response = described(status, file);
    if status == StatusCode::PARTIAL_CONTENT {
        response.insert_header((CONTENT_RANGE, content_range(&range, file.size)));
    }
    response.content_type(file.media_type.as_str());
    let length = range.end - range.start;
    let body = objects
        .read(&Key::variant(id.0, variant.name()), range)
        .await?;
    Ok(response.body(SizedStream::new(length, body)))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

/// A response with the headers that every answer about the file has.
fn described(status: StatusCode, file: &Content) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((RESOURCE_POLICY, "cross-origin"))
        .insert_header((
            CACHE_CONTROL,
            format!("private, max-age={GRID_SECONDS}, immutable"),
        ))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((ETAG, file.tag.as_str()))
        .insert_header((CONTENT_DISPOSITION, file.disposition.as_str()));
    response
}

impl Files {
    /// Whether files are served under this host: under that of `--files-origin` alone, where there is one.
    fn are_served_at(&self, host: &str) -> bool {
        let origin = self.options.files_origin.as_ref().map(ToString::to_string);
        origin.is_none_or(|origin| {
            let own = origin.split_once("://").map(|(_, own)| own);
            own.is_some_and(|own| own.eq_ignore_ascii_case(host))
        })
    }

    /// What is served of a file. It is looked up again after a while.
    async fn served(&self, pool: &Pool, id: FileId) -> Result<Arc<Served>, Error> {
        let now = self.clock.now();
        if let Some((at, served)) = self.served.get(&id)
            && now.duration_since(at) < REMEMBERED
        {
            return Ok(served);
        }
        let found = pool
            .run(move |connection| files::find(connection, id))
            .await?;
        let served = Arc::new(found.ok_or(Refusal::FileNotFound).and_then(
            |file| match file.state {
                FileState::Ready => Ok(ServedFile::of(&file)),
                FileState::Dropping | FileState::Gone => Err(Refusal::FileGone),
                FileState::Uploading | FileState::Checking | FileState::Refused => {
                    Err(Refusal::FileNotFound)
                }
            },
        ));
        self.served.insert(id, (now, Arc::clone(&served)));
        Ok(served)
    }
}

impl ServedFile {
    fn of(file: &files::File) -> Self {
        let media_type = file.media_type.clone();
        let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        let digest = hex(file.sha256.as_deref().unwrap_or_default());
        let content = |media_type: String, tag: String, size| Content {
            disposition: disposition(Placement::of(&media_type), &file.name),
            media_type: with_charset(media_type),
            tag,
            size,
        };
        let preview = |kind: PreviewKind| {
            let preview = file.measures.preview(kind)?;
            let media_type = preview.format.media_type().to_owned();
            let tag = format!("\"{digest}-{}\"", kind.name());
            Some(content(media_type, tag, u64::from(preview.size)))
        };
        Self {
            previews: PreviewKind::ALL.map(preview),
            original: content(media_type, format!("\"{digest}\""), file.size),
        }
    }

    fn content(&self, variant: Variant) -> Option<&Content> {
        let [thumb, view] = &self.previews;
        match variant {
            Variant::Original => Some(&self.original),
            Variant::Preview(PreviewKind::Thumb) => thumb.as_ref(),
            Variant::Preview(PreviewKind::View) => view.as_ref(),
        }
    }
}

/// Texts are UTF-8, because only UTF-8 is recognised as text.
fn with_charset(media_type: String) -> String {
    match media_type.starts_with("text/") {
        true => media_type + "; charset=utf-8",
        false => media_type,
    }
}
