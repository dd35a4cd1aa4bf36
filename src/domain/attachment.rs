//! Attachments of messages: files that are stored elsewhere, and files that are stored here.

use serde::{Deserialize, Serialize};

use super::file::{FileId, FileProblem};
use super::limits;
use super::measures::Measures;
use super::refusal::Refusal;

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredAttachment", into = "StoredAttachment")]
pub struct Attachment {
    /// Where it is.
    pub source: Source,
    /// Its file name.
    pub name: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// How large it is shown and how long it plays, if it is stored here.
    pub measures: Measures,
}

/// Where an attachment is.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// At this https URL.
    Url(String),
    /// Here. What the message shows of the file was copied into it when it was sent.
    File(FileId),
    /// Here, but it cannot be sent.
    Unusable(FileId, FileProblem),
}

impl Attachment {
    /// A file at this URL, of which nothing else is known.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            source: Source::Url(url.into()),
            name: None,
            media_type: None,
            size: None,
            measures: Measures::default(),
        }
    }

    /// The URL of a file that is stored elsewhere.
    pub fn url(&self) -> Option<&str> {
        match &self.source {
            Source::Url(url) => Some(url),
            Source::File(_) | Source::Unusable(..) => None,
        }
    }

    /// The id of a file that is stored here.
    pub fn file(&self) -> Option<FileId> {
        match self.source {
            Source::Url(_) => None,
            Source::File(id) | Source::Unusable(id, _) => Some(id),
        }
    }

    /// What two sends of the same file have in common. For a file that is stored elsewhere it is what the database has fingerprints
    /// of, and must not change; of a file that is stored here it is the id.
    pub(super) fn fingerprint(&self) -> String {
        #[derive(Debug)]
        #[allow(dead_code, reason = "only its debug form is used")]
        struct Attachment<'a> {
            url: &'a str,
            name: &'a Option<String>,
            media_type: &'a Option<String>,
            size: Option<u64>,
        }
        match &self.source {
            Source::Url(url) => {
                let fields = Attachment {
                    url,
                    name: &self.name,
                    media_type: &self.media_type,
                    size: self.size,
                };
                format!("{fields:?}")
            }
            Source::File(id) | Source::Unusable(id, _) => format!("file {id}"),
        }
    }

    /// Checks what a client wrote; `index` is its place in the list.
    pub(super) fn check(&self, index: usize) -> Result<(), Refusal> {
        let at = |field: &str| format!("attachments[{index}].{field}");
        if let Source::Url(url) = &self.source {
            limits::https_url(url, at("url"))?;
        }
        for (text, field) in [(&self.name, "name"), (&self.media_type, "type")] {
            text.as_deref()
                .map_or(Ok(()), |text| limits::text(text, at(field), 255))?;
        }
        Ok(())
    }
}

/// An attachment as a client writes it: the URL of a file that is stored elsewhere, or the id of one that is stored here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenAttachment {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    file_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "type")]
    media_type: Option<String>,
    #[serde(default, deserialize_with = "super::whole::optional")]
    size: Option<u64>,
}

impl WrittenAttachment {
    /// The attachment; `index` is its place in the list. What else a client writes of a file that is stored here does not count.
    pub fn parse(self, index: usize) -> Result<Attachment, Refusal> {
        let at = |field: &str| format!("attachments[{index}].{field}");
        match (self.url, self.file_id) {
            (Some(url), None) => Ok(Attachment {
                name: self.name,
                media_type: self.media_type,
                size: self.size,
                ..Attachment::at(url)
            }),
            (None, Some(id)) => Ok(Attachment {
                // Until it is looked up.
                source: Source::Unusable(FileId::parse(&id, at("file_id"))?, FileProblem::Missing),
                ..Attachment::at("")
            }),
            (None, None) => Err(Refusal::invalid(at("url"), "is missing")),
            (Some(_), Some(_)) => Err(Refusal::invalid(at("file_id"), "excludes url")),
        }
    }

    /// All attachments of a list.
    pub fn parse_all(written: Option<Vec<Self>>) -> Result<Vec<Attachment>, Refusal> {
        let written = written.unwrap_or_default().into_iter().enumerate();
        written.map(|(index, one)| one.parse(index)).collect()
    }
}

/// An attachment as the database keeps it.
#[derive(Clone, Serialize, Deserialize)]
struct StoredAttachment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_id: Option<FileId>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, rename = "type")]
    media_type: Option<String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(flatten)]
    measures: Measures,
}

impl From<Attachment> for StoredAttachment {
    fn from(attachment: Attachment) -> Self {
        let file_id = attachment.file();
        let url = match attachment.source {
            Source::Url(url) => Some(url),
            Source::File(_) | Source::Unusable(..) => None,
        };
        Self {
            url,
            file_id,
            name: attachment.name,
            media_type: attachment.media_type,
            size: attachment.size,
            measures: attachment.measures,
        }
    }
}

impl TryFrom<StoredAttachment> for Attachment {
    type Error = &'static str;

    fn try_from(stored: StoredAttachment) -> Result<Self, Self::Error> {
        let source = match (stored.url, stored.file_id) {
            (Some(url), None) => Source::Url(url),
            (None, Some(id)) => Source::File(id),
            _ => return Err("an attachment needs a URL or a file"),
        };
        Ok(Self {
            source,
            name: stored.name,
            media_type: stored.media_type,
            size: stored.size,
            measures: stored.measures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::measures::Waveform;
    use crate::domain::preview::{Preview, PreviewFormat};
    use serde_json::json;

    fn written(json: serde_json::Value) -> Result<Attachment, Refusal> {
        let written: WrittenAttachment = serde_json::from_value(json).expect("an attachment");
        written.parse(2)
    }

    #[test]
    fn a_client_names_a_url_or_a_file() {
        let id = FileId::fresh();
        let link = written(json!({ "url": "https://a.b/c", "size": 5.0 })).expect("a link");
        assert_eq!((link.url(), link.size), (Some("https://a.b/c"), Some(5)));
        let file = written(json!({ "file_id": id, "name": "mine" })).expect("a file");
        assert_eq!((file.file(), file.name), (Some(id), None));
        for (wrong, told) in [
            (json!({}), "attachments[2].url is missing"),
            (
                json!({ "file_id": "x" }),
                "attachments[2].file_id must be a UUID",
            ),
            (
                json!({ "file_id": id, "url": "https://a.b/c" }),
                "attachments[2].file_id excludes url",
            ),
        ] {
            assert_eq!(written(wrong).unwrap_err().message(), told);
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut link = Attachment::at("https://a.b/c");
        link.name = Some("c".to_owned());
        let stored = json!({ "url": "https://a.b/c", "name": "c", "type": null, "size": null });
        assert_eq!(serde_json::to_value(&link).expect("JSON"), stored);
        let thumb = Preview {
            format: PreviewFormat::Png,
            size: 700,
        };
        let file = Attachment {
            source: Source::File(FileId::fresh()),
            measures: Measures {
                width: Some(4_000),
                height: Some(3_000),
                duration_ms: Some(5),
                waveform: Waveform::stored(vec![7; 16]),
                thumb: Some(thumb),
                view: None,
            },
            ..link.clone()
        };
        for attachment in [link, file] {
            let stored = serde_json::to_value(&attachment).expect("JSON");
            let back: Attachment = serde_json::from_value(stored).expect("an attachment");
            assert_eq!(back, attachment);
        }
        assert!(serde_json::from_value::<Attachment>(json!({ "name": "c" })).is_err());
    }

    #[test]
    fn the_fingerprint_of_a_link_is_what_it_always_was() {
        let mut link = Attachment::at("https://a.b/\"c");
        link.size = Some(7);
        let always =
            r#"Attachment { url: "https://a.b/\"c", name: None, media_type: None, size: Some(7) }"#;
        assert_eq!(link.fingerprint(), always);
    }

    #[test]
    fn the_fingerprint_of_a_file_does_not_depend_on_how_it_was_found() {
        let id = FileId::fresh();
        let with = |source| Attachment {
            source,
            ..Attachment::at("")
        };
        let sent = with(Source::File(id)).fingerprint();
        let lost = with(Source::Unusable(id, FileProblem::Gone)).fingerprint();
        assert_eq!(sent, lost);
        assert_ne!(sent, with(Source::File(FileId::fresh())).fingerprint());
    }
}
