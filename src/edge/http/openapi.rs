//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, PathItem};

/// Completes the document that the routes have collected.
pub fn complete(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Stoa")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Realtime conversations beside your own platform. The socket's protocol is described in docs/protocol.md."))
        .build();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    let components = api.components.get_or_insert_with(Default::default);
    components
        .security_schemes
        .insert("bearer".to_owned(), SecurityScheme::Http(bearer));
    api
}

/// The document's paths with their methods, to tell an unknown path from an unknown method.
pub struct Paths(Vec<(Vec<String>, Vec<&'static str>)>);

impl Paths {
    /// The paths that the document lists.
    pub fn of(api: &OpenApi) -> Self {
        let known = |(path, item): (&String, &PathItem)| (segments(path), methods(item));
        Self(api.paths.paths.iter().map(known).collect())
    }

    /// The methods of a request's path; empty if the path does not exist.
    pub fn methods(&self, path: &str) -> Vec<&'static str> {
        let asked = segments(path);
        let fits = |(known, _): &&(Vec<String>, Vec<&'static str>)| {
            known.len() == asked.len()
                && known
                    .iter()
                    .zip(&asked)
                    .all(|(part, given)| part.starts_with('{') || part == given)
        };
        // A word and a parameter in its place are two paths; what either takes is taken, and named once.
        let found: Vec<_> = self.0.iter().filter(fits).map(|(_, all)| all).collect();
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter();
        methods
            .filter(|method| found.iter().any(|all| all.contains(method)))
            .collect()
    }
}

/// The methods of a path in the document.
pub fn methods(item: &PathItem) -> Vec<&'static str> {
    let operations = operations(item).into_iter();
    operations.map(|(method, _)| method).collect()
}

/// The operations of a path in the document, by their methods.
pub fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let listed = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let taken = listed.into_iter();
    taken
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
        .collect()
}

/// The segments of a path.
pub fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
