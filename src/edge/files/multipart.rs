//! Uploads as forms: the field `file` is the file; `name`, `purpose` and `waveform` may stand before it.

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use futures_util::TryStreamExt;

use crate::domain::file::Purpose;
use crate::domain::measures::Waveform;
use crate::domain::refusal::Refusal;

/// Bytes of a field beside the file.
const FIELD_BYTES: usize = 1_024;

/// A form, read up to the bytes of its file.
pub(super) struct Form {
    /// The bytes of the file.
    pub(super) file: Field,
    /// The file's name.
    pub(super) name: Option<String>,
    /// The media type that the client gives.
    pub(super) media_type: Option<String>,
    /// What it is for.
    pub(super) purpose: Option<Purpose>,
    /// How loud it is over time.
    pub(super) waveform: Option<Waveform>,
    /// What is left of the form; the file is a part of it.
    pub(super) form: Multipart,
}

/// Reads a form up to its file.
pub(super) async fn read(headers: &HeaderMap, payload: Payload) -> Result<Form, Refusal> {
    let malformed = || Refusal::invalid("body", "is not a form with a field file");
    let mut form = Multipart::new(headers, payload);
    let (mut name, mut purpose, mut waveform) = (None, None, None);
    while let Some(mut field) = form.try_next().await.map_err(|_| malformed())? {
        match field.name().unwrap_or_default() {
            "file" => {
                let disposition = field.content_disposition();
                let given = disposition.and_then(|header| header.get_filename());
                let given = given.map(str::to_owned);
                let media_type = field
                    .content_type()
                    .map(|kind| kind.essence_str().to_owned());
                return Ok(Form {
                    file: field,
                    name: name.or(given),
                    media_type,
                    purpose,
                    waveform,
                    form,
                });
            }
            "name" => name = Some(text(&mut field, "name").await?),
            "purpose" => purpose = Some(Purpose::parse(&text(&mut field, "purpose").await?)?),
            "waveform" => waveform = Some(Waveform::parse(&text(&mut field, "waveform").await?)?),
            _ => return Err(malformed()),
        }
    }
    Err(malformed())
}

async fn text(field: &mut Field, name: &'static str) -> Result<String, Refusal> {
    let mut text = Vec::new();
    let wrong = || Refusal::invalid(name, "must be a string of at most 1024 bytes");
    while let Some(bytes) = field.try_next().await.map_err(|_| wrong())? {
        text.extend_from_slice(&bytes);
        if text.len() > FIELD_BYTES {
            return Err(wrong());
        }
    }
    String::from_utf8(text).map_err(|_| wrong())
}
