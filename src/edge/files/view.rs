//! The public JSON of a file.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::file::{FileId, FileState, Purpose, Unfit};
use crate::domain::measures::Waveform;
use crate::domain::preview::PreviewKind;
use crate::edge::links::{Links, Variant};
use crate::edge::native::instants::{instant, maybe_instant};
use crate::signing::hex;
use crate::store::files::File;

/// A file.
#[derive(Serialize, ToSchema)]
#[schema(as = File)]
pub struct FileView<'a> {
    /// Its id: messages name it in their `attachments`
    #[schema(value_type = Uuid)]
    file_id: FileId,
    /// `uploading`, `checking`, `ready`, `refused`, `dropping` or `gone`
    #[schema(value_type = String, example = "ready")]
    state: FileState,
    /// `message`, `voice` or `avatar`
    #[schema(value_type = String, example = "message")]
    purpose: Purpose,
    /// Where it can be downloaded, without a token; only when it is ready
    url: Option<String>,
    /// A picture of it of at most 360 pixels on each side; null where there is none
    thumb_url: Option<String>,
    /// A picture of it of at most 1600 pixels on each side; null where there is none
    view_url: Option<String>,
    /// When the links end
    #[serde(serialize_with = "maybe_instant")]
    expires_at: Option<DateTime<Utc>>,
    /// Its name
    name: &'a str,
    /// Its media type, by its content; null until it was checked
    #[serde(rename = "type")]
    media_type: Option<&'a str>,
    /// Its size in bytes
    size: u64,
    /// The width of a picture or a film in pixels, as it is shown; null until it was checked, and where the file does not say it
    width: Option<u32>,
    /// The height in pixels
    height: Option<u32>,
    /// How long a recording or a film plays, in milliseconds
    duration_ms: Option<u32>,
    /// How loud a recording is over time, as its owner measured it: 16 to 64 numbers from 0 to 100
    #[schema(value_type = Option<Vec<u32>>)]
    waveform: Option<&'a [u8]>,
    /// The SHA-256 of its bytes, in hexadecimal digits; null until it was checked
    sha256: Option<String>,
    /// Why it was refused
    #[schema(value_type = Option<String>)]
    refusal: Option<Unfit>,
    /// When its upload began
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// Until when it is kept if no message shows it
    #[serde(serialize_with = "instant")]
    kept_until: DateTime<Utc>,
}

impl<'a> FileView<'a> {
    /// A file with a link that is made now.
    pub fn new(file: &'a File, links: &Links) -> Self {
        let is_ready = file.state == FileState::Ready;
        let name = file.name.as_str();
        let link = || links.link(file.id, Variant::Original, name);
        let preview = |kind| {
            let preview = links.of_preview(file.id, &file.measures, kind, name);
            preview.filter(|_| is_ready)
        };
        Self {
            file_id: file.id,
            state: file.state,
            purpose: file.purpose,
            url: is_ready.then(link),
            thumb_url: preview(PreviewKind::Thumb),
            view_url: preview(PreviewKind::View),
            expires_at: is_ready.then(|| links.expires_at()),
            name,
            media_type: file.media_type.as_deref(),
            size: file.size,
            width: file.measures.width,
            height: file.measures.height,
            duration_ms: file.measures.duration_ms,
            waveform: file.measures.waveform.as_ref().map(Waveform::numbers),
            sha256: file.sha256.as_deref().map(hex),
            refusal: file.refusal,
            created_at: file.created_at,
            kept_until: file.expires_at,
        }
    }
}
