//! Files: uploading, sending, downloading, and that nothing is left when they are deleted.

mod bucket;
mod completing;
pub mod disguises;
mod dropping;
mod hostile;
pub mod interrupted;
pub mod measures;
mod metadata;
mod plans;
pub mod previews;
mod quotas;
mod receiving;
mod removing;
mod resuming;
mod scanning;
mod seeing;
mod sending;
mod serving;
mod telling;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use uuid::Uuid;

use crate::client::{Answer, PATIENCE, Person};
use crate::test_app::TestApp;

/// A small PNG: a header, and a colour.
pub const PNG: &[u8] = b"\x89PNG\x0D\x0A\x1A\x0A\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1F\x15\xC4\x89\0\0\0\x0DIDATx\xDAc\xF8\xDF \xF0\x1F\0\x06\xA0\x02\x8F\xC92\x98l\0\0\0\0IEND\xAEB`\x82";

/// A folder of a test for files. It is deleted in the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(format!("stoa-files-{}", Uuid::now_v7())))
    }

    /// The option that names it.
    pub fn option(&self) -> String {
        format!("local:{}", self.0.display())
    }

    /// The names of all files in it, with their folders.
    pub fn objects(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.0, &mut found);
        let short = |path: PathBuf| path.strip_prefix(&self.0).unwrap().display().to_string();
        let mut names: Vec<String> = found.into_iter().map(short).collect();
        names.sort();
        names
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, found),
            false => found.push(path),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server with a folder for files, and these options.
pub async fn app(options: &[&str]) -> (TestApp, Folder) {
    let folder = Folder::new();
    let store = folder.option();
    let options = [&["--rate-limits", "off", "--files", &store], options].concat();
    (TestApp::with(&options).await, folder)
}

/// What a request without JSON was answered.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Raw {
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{text:.500}");
        self
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }
}

/// A request with any body.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Raw {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .unwrap();
    let method = method.parse().expect("a method");
    let mut request = client.request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("a response");
    Raw {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await.expect("a body").to_vec(),
    }
}

/// Uploads bytes in one request; `query` is what follows the path.
pub async fn upload(person: &Person, query: &str, kind: &str, bytes: &[u8]) -> Raw {
    let url = format!("http://{}/api/v1/files{query}", person.address());
    let bearer = format!("Bearer {}", person.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    request("POST", &url, &headers, bytes.to_vec()).await
}

/// Uploads a picture; answers the file.
pub async fn picture(person: &Person) -> Value {
    let uploaded = upload(person, "?name=photo.png", "image/png", PNG).await;
    uploaded.expect_status(201).json()
}

/// The id of a file.
pub fn id(file: &Value) -> String {
    file["file_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{file}"))
        .to_owned()
}

/// Sends a message with files.
pub async fn send(person: &Person, conversation: &str, ids: &[&str]) -> Answer {
    let files: Vec<Value> = ids.iter().map(|id| json!({ "file_id": id })).collect();
    let path = format!("/api/v1/conversations/{conversation}/messages");
    person
        .post(&path, json!({ "body": "look", "attachments": files }))
        .await
}

/// Opens a link.
pub async fn open(app: &TestApp, link: &str, headers: &[(&str, &str)]) -> Raw {
    let url = format!("http://{}{link}", app.address);
    request("GET", &url, headers, "").await
}

/// The link in a file or an attachment.
pub fn link(shown: &Value) -> String {
    shown["url"]
        .as_str()
        .unwrap_or_else(|| panic!("{shown}"))
        .to_owned()
}
