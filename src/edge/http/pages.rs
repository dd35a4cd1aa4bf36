//! The demo's pages and the API's documentation: files of `static/`, built into the binary.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

use super::openapi::Paths;
use super::{AppState, Failure, methods};
use crate::domain::refusal::Refusal;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/static"]
struct Static;

/// Allows scripts, styles and connections of this server only, and pictures, sounds and films from any https address.
const POLICY: &str = "default-src 'self'; img-src 'self' https: data:; media-src 'self' https:; connect-src 'self' ws: wss:; object-src 'none'; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
/// Swagger UI sets inline styles.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
                           base-uri 'none'; frame-ancestors 'none'";

/// The demo's start page.
pub async fn index(request: HttpRequest) -> Result<HttpResponse, Failure> {
    page(&request, "index.html", POLICY)
}

/// The API's documentation.
pub async fn docs(request: HttpRequest) -> Result<HttpResponse, Failure> {
    page(&request, "docs.html", DOCS_POLICY)
}

/// Any other file, or the answer for an unknown path.
pub async fn asset(
    server: web::Data<AppState>,
    request: HttpRequest,
    path: web::Path<String>,
    paths: web::Data<Paths>,
) -> Result<HttpResponse, Failure> {
    match exists(&path) {
        true => page(&request, &path, POLICY),
        false => methods::nothing_here(server, request, paths).await,
    }
}

/// The paths of all files.
pub fn names() -> impl Iterator<Item = String> {
    Static::iter().map(|name| format!("/{name}"))
}

/// Whether a path names a file.
pub fn exists(path: &str) -> bool {
    let name = path.strip_prefix('/').unwrap_or(path);
    Static::get(name).is_some()
}

fn page(request: &HttpRequest, name: &str, policy: &str) -> Result<HttpResponse, Failure> {
    let file = Static::get(name).ok_or(Refusal::RouteNotFound)?;
    let digest: String = file
        .metadata
        .sha256_hash()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{digest}\"");
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let mut response = if known == Some(tag.as_str()) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .content_type(
            mime_guess::from_path(name)
                .first_or_octet_stream()
                .to_string()
                + charset(name),
        );
    Ok(if known == Some(tag.as_str()) {
        response.finish()
    } else {
        response.body(file.data.into_owned())
    })
}

fn charset(name: &str) -> &'static str {
    let is_text = [".html", ".css", ".js", ".svg", ".txt", ".md"]
        .iter()
        .any(|ending| name.ends_with(ending));
    if is_text { "; charset=utf-8" } else { "" }
}
