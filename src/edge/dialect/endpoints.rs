//! The REST endpoints of dialects: where they are added to the routes, and the table of them that the routes themselves give.

use actix_web::App;
use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use uuid::Uuid;

use super::Spec;
use crate::domain::refusal::Refusal;
use crate::edge::http::openapi::{operations, segments};

/// A path, and the endpoints below it. Dialects may share a path; the endpoints below it then differ.
pub struct Mount {
    /// The path, as `/api/messages`.
    pub prefix: &'static str,
    /// Adds the endpoints. Each has its `#[utoipa::path]`, from which the table is made.
    pub routes: fn(&mut ServiceConfig<'_>),
    /// The form of every refusal under this path; `None` for the native form.
    pub refused: Option<RefusalForm>,
}

/// The status and the body of a refusal that has this status natively.
pub type RefusalForm = fn(&Refusal, StatusCode) -> (StatusCode, Value);

impl Mount {
    /// Whether a path is its own or below it.
    pub fn is_above(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.prefix);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// An endpoint: a method, and a path whose segments in braces are parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::edge) struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The whole path.
    pub path: String,
    segments: Vec<Segment>,
    /// How many segments its mount has.
    depth: usize,
}

impl Endpoint {
    /// An endpoint that no mount adds.
    pub fn without_mount(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            segments: pattern(path, &[]),
            depth: 0,
        }
    }

    /// Whether some request fits both.
    pub fn shares_requests(&self, other: &Self) -> bool {
        let (one, other_path) = (&self.segments, &other.segments);
        self.method == other.method && one.len() == other_path.len() && fit(one, other_path)
    }

    /// Whether requests for it would go to this mount, which is another one and goes deeper than its own.
    pub fn is_hidden_by(&self, mount: &Mount) -> bool {
        let (path, prefix) = (&self.segments, pattern(mount.prefix, &[]));
        prefix.len() > self.depth && path.len() >= prefix.len() && fit(path, &prefix)
    }

    /// As messages show it: `GET /api/messages/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What stands between two slashes of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// This word.
    Word(String),
    /// A parameter that may be any text.
    Any,
    /// A parameter that must be a UUID: its handler refuses everything else.
    Uuid,
}

impl Segment {
    /// Whether some text is both.
    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Word(one), Self::Word(other)) => one == other,
            (Self::Word(word), Self::Uuid) | (Self::Uuid, Self::Word(word)) => {
                Uuid::try_parse(word).is_ok()
            }
            (Self::Any, _) | (_, Self::Any) | (Self::Uuid, Self::Uuid) => true,
        }
    }
}

/// The segments of a path, of which these parameters must be UUIDs.
fn pattern(path: &str, uuids: &[&str]) -> Vec<Segment> {
    let segment = |text: String| match text.strip_prefix('{') {
        Some(name) if uuids.contains(&name.trim_end_matches('}')) => Segment::Uuid,
        _ if text.contains('{') => Segment::Any,
        _ => Segment::Word(text),
    };
    segments(path).into_iter().map(segment).collect()
}

/// The names of the parameters that must be UUIDs.
fn uuids(operation: &Operation) -> Vec<&str> {
    let is_uuid = |parameter: &&Parameter| {
        let Some(RefOr::T(Schema::Object(object))) = &parameter.schema else {
            return false;
        };
        object.format == Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))
    };
    let parameters = operation.parameters.iter().flatten();
    let uuids = parameters.filter(is_uuid);
    uuids.map(|parameter| parameter.name.as_str()).collect()
}

/// Whether the segments of two paths can be the same, as far as both go.
fn fit(one: &[Segment], other: &[Segment]) -> bool {
    let mut pairs = one.iter().zip(other);
    pairs.all(|(one, other)| one.fits(other))
}

/// The endpoints of a dialect: those that its routes really are.
pub(in crate::edge) fn of(spec: &Spec) -> Vec<Endpoint> {
    spec.rest.iter().flat_map(below).collect()
}

fn below(mount: &Mount) -> Vec<Endpoint> {
    let add = |routes: &mut ServiceConfig<'_>| add_mounts(&[mount], routes);
    let (_, api) = App::new()
        .into_utoipa_app()
        .configure(add)
        .split_for_parts();
    let depth = segments(mount.prefix).len();
    let mut endpoints = Vec::new();
    for (path, item) in &api.paths.paths {
        let listed = operations(item).into_iter();
        endpoints.extend(listed.map(|(method, operation)| Endpoint {
            method,
            path: path.clone(),
            segments: pattern(path, &uuids(operation)),
            depth,
        }));
    }
    endpoints
}

/// Adds the endpoints of these dialects to the routes. A path is added once for all dialects that have it, and before the paths
/// above it, because a path takes all requests below it.
pub(in crate::edge) fn add<'a>(
    specs: impl Iterator<Item = &'a Spec>,
    routes: &mut ServiceConfig<'_>,
) {
    let mounts: Vec<&Mount> = specs.flat_map(|spec| spec.rest).collect();
    add_mounts(&mounts, routes);
}

fn add_mounts(mounts: &[&Mount], routes: &mut ServiceConfig<'_>) {
    let mut prefixes: Vec<&'static str> = Vec::new();
    for mount in mounts {
        if !prefixes.contains(&mount.prefix) {
            prefixes.push(mount.prefix);
        }
    }
    prefixes.sort_by_key(|prefix| std::cmp::Reverse(segments(prefix).len()));
    for prefix in prefixes {
        let here = mounts.iter().filter(|mount| mount.prefix == prefix);
        routes.service(scope(prefix).configure(|routes| {
            here.for_each(|mount| (mount.routes)(routes));
        }));
    }
}
