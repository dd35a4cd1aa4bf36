//! The REST endpoints of dialects: where they are added to the routes, and the table of them that the routes themselves give.

use actix_web::App;
use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};

use super::Spec;
use crate::domain::refusal::Refusal;
use crate::edge::http::openapi::{methods, segments};

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
    /// How many segments its mount has.
    depth: usize,
}

impl Endpoint {
    /// An endpoint that no mount adds.
    pub fn without_mount(method: &'static str, path: &str) -> Self {
        let path = path.to_owned();
        let depth = 0;
        Self {
            method,
            path,
            depth,
        }
    }

    /// Whether some request fits both.
    pub fn shares_requests(&self, other: &Self) -> bool {
        let (one, other_path) = (segments(&self.path), segments(&other.path));
        self.method == other.method && one.len() == other_path.len() && fit(&one, &other_path)
    }

    /// Whether requests for it would go to this mount, which is another one and goes deeper than its own.
    pub fn is_hidden_by(&self, mount: &Mount) -> bool {
        let (path, prefix) = (segments(&self.path), segments(mount.prefix));
        prefix.len() > self.depth && path.len() >= prefix.len() && fit(&path, &prefix)
    }

    /// As messages show it: `GET /api/messages/{id}`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Whether the segments of two paths can be the same, as far as both go.
fn fit(one: &[String], other: &[String]) -> bool {
    let is_parameter = |segment: &String| segment.contains('{');
    let mut pairs = one.iter().zip(other);
    pairs.all(|(one, other)| one == other || is_parameter(one) || is_parameter(other))
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
        endpoints.extend(methods(item).into_iter().map(|method| Endpoint {
            method,
            path: path.clone(),
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
