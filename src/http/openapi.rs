//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi};

/// Completes what the routes have collected.
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

/// The paths of the document, to tell an unknown path from an unknown method.
pub struct Paths(Vec<Vec<String>>);

impl Paths {
    /// The paths that the document lists.
    pub fn of(api: &OpenApi) -> Self {
        Self(api.paths.paths.keys().map(|path| segments(path)).collect())
    }

    /// Whether a request's path is one of them.
    pub fn knows(&self, path: &str) -> bool {
        let asked = segments(path);
        let fits = |known: &Vec<String>| {
            known.len() == asked.len()
                && known
                    .iter()
                    .zip(&asked)
                    .all(|(part, given)| part.starts_with('{') || part == given)
        };
        self.0.iter().any(fits)
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
