//! Somebody at the front end: their token as the platform signs it, and their requests.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::net::SocketAddr;

use super::list::Person;
use crate::test_app::{SECRET, claims};

/// Somebody who calls.
pub struct Caller {
    token: Option<String>,
    cookie: Option<String>,
    auth: Value,
}

impl Caller {
    pub fn new(person: &Person) -> Self {
        let token = person.claims.clone().map(|mut written| {
            written.insert("exp".to_owned(), claims("", &[]).exp.into());
            let key = EncodingKey::from_secret(SECRET.as_bytes());
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &written, &key).expect("a token")
        });
        Self {
            token,
            cookie: person.cookie.clone(),
            auth: Value::Object(person.auth.clone()),
        }
    }

    /// What their socket sends when it connects.
    pub fn auth(&self) -> Value {
        let mut auth = self.auth.clone();
        if let Some(token) = &self.token {
            auth["token"] = json!(token);
        }
        auth
    }

    /// Calls; the status and the body.
    pub async fn call(
        &self,
        http: &reqwest::Client,
        address: SocketAddr,
        (method, path): (&str, &str),
        body: Option<Value>,
    ) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = http.request(method, format!("http://{address}{path}"));
        request = match (&self.token, &self.cookie) {
            (Some(token), Some(name)) => request
                .header("cookie", format!("{name}={token}"))
                .header("origin", format!("http://{address}")),
            (Some(token), None) => request.bearer_auth(token),
            (None, _) => request,
        };
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        (status, body)
    }
}
