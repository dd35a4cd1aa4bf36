//! The public JSON of the files of messages.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

use super::instants::instant;
use crate::domain::attachment::Attachment;
use crate::domain::file::FileId;
use crate::domain::measures::Waveform;
use crate::domain::preview::PreviewKind;
use crate::edge::links::Links;

/// A file of a message.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
pub struct AttachmentView<'a> {
    /// Where it can be downloaded
    url: Cow<'a, str>,
    /// Its file name
    name: Option<&'a str>,
    /// Its media type
    #[serde(rename = "type")]
    media_type: Option<&'a str>,
    /// Its size in bytes
    size: Option<u64>,
    /// What is known of a file that is stored here
    #[serde(flatten)]
    stored: Option<StoredFileView<'a>>,
}

/// What a message shows of a file that is stored here.
#[derive(Serialize, ToSchema)]
pub struct StoredFileView<'a> {
    /// Its id
    #[schema(value_type = Uuid)]
    file_id: FileId,
    /// A picture of it of at most 360 pixels on each side; null where there is none
    thumb_url: Option<String>,
    /// A picture of it of at most 1600 pixels on each side; null where there is none
    view_url: Option<String>,
    /// When the links end
    #[serde(serialize_with = "instant")]
    expires_at: DateTime<Utc>,
    /// The width of a picture or a film in pixels, as it is shown; null where the file does not say it
    width: Option<u32>,
    /// The height in pixels
    height: Option<u32>,
    /// How long a recording or a film plays, in milliseconds
    duration_ms: Option<u32>,
    /// How loud a recording is over time, as its owner measured it: 16 to 64 numbers from 0 to 100
    #[schema(value_type = Option<Vec<u32>>)]
    waveform: Option<&'a [u8]>,
}

impl<'a> AttachmentView<'a> {
    /// An attachment with a link that is made now.
    pub fn new(attachment: &'a Attachment, links: &Links) -> Self {
        let measures = &attachment.measures;
        let name = attachment.name.as_deref().unwrap_or("file");
        let preview = |file, kind| links.of_preview(file, measures, kind, name);
        let stored = attachment.file().map(|file_id| StoredFileView {
            file_id,
            thumb_url: preview(file_id, PreviewKind::Thumb),
            view_url: preview(file_id, PreviewKind::View),
            expires_at: links.expires_at(),
            width: measures.width,
            height: measures.height,
            duration_ms: measures.duration_ms,
            waveform: measures.waveform.as_ref().map(Waveform::numbers),
        });
        Self {
            url: links.of_attachment(attachment),
            name: attachment.name.as_deref(),
            media_type: attachment.media_type.as_deref(),
            size: attachment.size,
            stored,
        }
    }
}
