//! The files of `tests/snapshots`: what each shape was, written where `STOA_WRITE_SNAPSHOTS=1` is set, else compared.

use serde_json::Value;
use std::path::PathBuf;

use super::json::Json;
use super::masks::masked;
use crate::client::{Answer, Person};

/// A file that is being filled.
pub struct SnapshotFile {
    name: &'static str,
    shapes: Vec<(String, Json)>,
}

/// Whether snapshots are to be written.
pub fn are_written() -> bool {
    std::env::var("STOA_WRITE_SNAPSHOTS").is_ok_and(|value| value == "1")
}

/// The folder of all of them.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// What a file holds, as it was written.
pub fn read(name: &str) -> Json {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path);
    Json::read(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A name, and what it is a case of.
pub fn titled(name: &str, note: &str) -> String {
    match note {
        "" => name.to_owned(),
        note => format!("{name} ({note})"),
    }
}

impl SnapshotFile {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            shapes: Vec::new(),
        }
    }

    /// Keeps a shape under its title.
    pub fn keep(&mut self, title: impl Into<String>, shape: &Json) {
        let title = title.into();
        let is_new = self.shapes.iter().all(|(kept, _)| *kept != title);
        assert!(is_new, "{title} stands twice in {}", self.name);
        self.shapes.push((title, masked(shape)));
    }

    /// Keeps what REST answered.
    pub fn keep_answer(&mut self, title: impl Into<String>, answer: &Answer) {
        let status = Json::number(answer.status);
        let kind = answer.headers.get("content-type");
        let kind = kind.map_or("", |kind| kind.to_str().expect("a text"));
        let body = match kind.split(';').next() {
            Some("application/json") => Json::read(&answer.text),
            Some("") => Json::text(answer.text.clone()),
            // What is no JSON has no shape that is kept here.
            _ => {
                return self.keep(
                    title,
                    &Json::object([("status", status), ("type", Json::text(kind))]),
                );
            }
        };
        self.keep(title, &Json::object([("status", status), ("body", body)]));
    }

    /// Asks over REST and keeps the answer. `line` is a method and a path of the document, with a query; `fill` is for its braces.
    pub async fn ask(
        &mut self,
        person: &Person,
        line: &str,
        fill: &[&str],
        body: Option<Value>,
        note: &str,
    ) -> Value {
        let (method, template) = line.split_once(' ').expect("a method and a path");
        let path = filled(template, fill);
        let body = body.map(|body| body.to_string());
        let answer = person.request(method, &path, body, &[]).await;
        let name = line.split('?').next().expect("a line");
        self.keep_answer(titled(name, note), &answer);
        answer.body
    }

    /// Writes the file, or compares it.
    pub fn close(self) {
        let found = Json::Object(self.shapes).pretty();
        let path = folder().join(format!("{}.json", self.name));
        if are_written() {
            std::fs::create_dir_all(folder()).expect("a folder");
            std::fs::write(&path, found).expect("a file");
            return;
        }
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = difference(&wanted, &found) {
            panic!("snapshot {} is another: {difference}", self.name);
        }
    }
}

/// A path with its braces filled.
fn filled(template: &str, fill: &[&str]) -> String {
    let mut path = String::new();
    let mut parts = template.split('{');
    path.push_str(parts.next().expect("a beginning"));
    let mut fill = fill.iter();
    for part in parts {
        path.push_str(fill.next().expect("enough to fill in"));
        path.push_str(part.split_once('}').expect("a brace that is closed").1);
    }
    path
}

/// Lines before and after the first one that differs.
const CONTEXT: usize = 6;

/// The first difference of two texts, with what stands around it.
fn difference(wanted: &str, found: &str) -> Option<String> {
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (wanted.lines().collect(), found.lines().collect());
    let longest = wanted.len().max(found.len());
    let index = (0..longest).find(|index| wanted.get(*index) != found.get(*index))?;
    // Titles are the fields of the outermost object.
    let title = |line: &&&str| line.starts_with("  \"");
    let entry = found[..found.len().min(index + 1)].iter().rev().find(title);
    let entry = entry.map_or("its beginning", |line| line.trim());
    let around = |lines: &[&str], sign: &str| {
        let end = lines.len().min(index + CONTEXT);
        let shown = lines.get(index..end).unwrap_or_default().iter();
        shown
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    let before = &found[index.saturating_sub(CONTEXT)..index.min(found.len())];
    let before: String = before.iter().map(|line| format!("  {line}\n")).collect();
    Some(format!(
        "line {}, in {entry}\n{before}{}{}(- as it was, + as it is; STOA_WRITE_SNAPSHOTS=1 writes it anew)",
        index + 1,
        around(&wanted, "-"),
        around(&found, "+"),
    ))
}

#[test]
fn a_difference_is_told_by_its_line_and_its_title() {
    let one = "{\n  \"a (b)\": {\n    \"seq\": 1,\n    \"x\": 2\n  }\n}\n";
    assert_eq!(difference(one, one), None);
    let told = difference(one, &one.replace("\"x\": 2", "\"x\": 3")).unwrap();
    assert!(told.starts_with("line 4, in \"a (b)\": {"), "{told}");
    assert!(
        told.contains("-     \"x\": 2\n") && told.contains("+     \"x\": 3\n"),
        "{told}"
    );
    let told = difference("", one).unwrap();
    assert!(told.starts_with("line 1, in its beginning"), "{told}");
    assert!(difference(one, "").is_some());
}

#[test]
fn braces_are_filled_in_order() {
    assert_eq!(
        filled("/a/{id}/b/{user_id}?x=1", &["1", "2"]),
        "/a/1/b/2?x=1"
    );
}
