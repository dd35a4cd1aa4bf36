//! How the process that makes previews answers: for each a byte for its kind, one for its format, its length, its bytes; then a zero.

use super::MadePreview;
use crate::domain::preview::{PreviewFormat, PreviewKind};

/// The most bytes of an answer.
pub const MOST_BYTES: u64 = 32 * 1024 * 1024;

const END: u8 = 0;
const KINDS: [(u8, PreviewKind); 2] = [(1, PreviewKind::Thumb), (2, PreviewKind::View)];
const FORMATS: [(u8, PreviewFormat); 2] = [(1, PreviewFormat::Jpeg), (2, PreviewFormat::Png)];

/// The answer with these previews.
pub fn write(made: &[MadePreview]) -> Vec<u8> {
    let mut answer = Vec::new();
    for preview in made {
        let kind = KINDS.iter().find(|(_, kind)| *kind == preview.kind);
        let format = FORMATS.iter().find(|(_, format)| *format == preview.format);
        let length = u32::try_from(preview.bytes.len()).ok();
        if let (Some((kind, _)), Some((format, _)), Some(length)) = (kind, format, length) {
            answer.extend([*kind, *format]);
            answer.extend(length.to_be_bytes());
            answer.extend(&preview.bytes);
        }
    }
    answer.push(END);
    answer
}

/// The previews of an answer, at most one of each kind; `None` if it is not whole, or a preview does not begin as its format does. The
/// process that wrote it has read what a stranger sent, and is not trusted.
pub fn read(mut answer: &[u8]) -> Option<Vec<MadePreview>> {
    let mut made: Vec<MadePreview> = Vec::new();
    loop {
        let (first, rest) = answer.split_first()?;
        if *first == END {
            return rest.is_empty().then_some(made);
        }
        let (_, kind) = KINDS.iter().find(|(number, _)| number == first)?;
        let (second, rest) = rest.split_first()?;
        let (_, format) = FORMATS.iter().find(|(number, _)| number == second)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (bytes, rest) = rest.split_at_checked(length)?;
        let is_second = made.iter().any(|before| before.kind == *kind);
        if is_second || !begins_as(bytes, *format) {
            return None;
        }
        made.push(MadePreview {
            kind: *kind,
            format: *format,
            bytes: bytes.to_vec(),
        });
        answer = rest;
    }
}

fn begins_as(bytes: &[u8], format: PreviewFormat) -> bool {
    match format {
        PreviewFormat::Jpeg => bytes.starts_with(b"\xFF\xD8\xFF"),
        PreviewFormat::Png => bytes.starts_with(b"\x89PNG\r\n\x1A\n"),
    }
}
