//! Links to files: they need no token, end after a while, and are the same for all their readers.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use clock::Clock;
use std::borrow::Cow;
use std::fmt::Write;

use crate::domain::attachment::{Attachment, Source};
use crate::domain::file::FileId;
use crate::domain::measures::Measures;
use crate::domain::preview::PreviewKind;
use crate::domain::refusal::Refusal;
use crate::signing::signature;

/// Links end at multiples of this, in seconds, so that links which are made at the same time are the same. A link is good for at
/// least as long, and at most for twice as long.
pub const GRID_SECONDS: u64 = 30 * 60;
/// Bytes of a signature: 128 bits.
const SIGNATURE_BYTES: usize = 16;

/// What is served of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// The file itself.
    Original,
    /// A preview of it.
    Preview(PreviewKind),
}

impl Variant {
    /// The name in links and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Preview(kind) => kind.name(),
        }
    }

    /// The variant with this name.
    pub fn named(name: &str) -> Option<Self> {
        let previews = PreviewKind::ALL.into_iter().map(Self::Preview);
        previews
            .chain([Self::Original])
            .find(|variant| variant.name() == name)
    }
}

/// Makes links and checks them.
pub struct Links {
    key: Vec<u8>,
    clock: Clock,
    /// What links begin with: an origin, or nothing.
    base: String,
}

impl Links {
    /// Signs with a key that all servers of a database have. Links begin with `base`.
    pub fn new(key: Vec<u8>, clock: Clock, base: String) -> Self {
        Self { key, clock, base }
    }

    /// Links that lead nowhere.
    #[cfg(test)]
    pub(in crate::edge) fn of_tests() -> Self {
        let clock = clock::ManualClock::standing().clock();
        Self::new(vec![7; 32], clock, String::new())
    }

    /// When links that are made now end, in seconds since 1970.
    fn end(&self) -> u64 {
        let now = self.clock.since_1970().as_secs();
        (now / GRID_SECONDS + 2) * GRID_SECONDS
    }

    /// When links that are made now end.
    pub fn expires_at(&self) -> DateTime<Utc> {
        let seconds = i64::try_from(self.end()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }

    /// A link to a file; browsers save it under its name.
    pub fn link(&self, file: FileId, variant: Variant, name: &str) -> String {
        let end = self.end();
        let signature = self.sign(file, variant, end);
        let mut link = format!("{}/files/{file}/{}/", self.base, variant.name());
        escape(&mut link, name);
        // Writing to a string cannot fail.
        let _ = write!(link, "?e={end}&s={signature}");
        link
    }

    /// Where an attachment of a message can be downloaded: its own URL, or a link that is made now.
    pub fn of_attachment<'a>(&self, attachment: &'a Attachment) -> Cow<'a, str> {
        match &attachment.source {
            Source::Url(url) => Cow::Borrowed(url),
            Source::File(id) | Source::Unusable(id, _) => {
                let name = attachment.name.as_deref().unwrap_or("file");
                Cow::Owned(self.link(*id, Variant::Original, name))
            }
        }
    }

    /// Where the preview of a file that is stored here can be downloaded, if it has one.
    pub fn of_preview(
        &self,
        file: FileId,
        measures: &Measures,
        kind: PreviewKind,
        name: &str,
    ) -> Option<String> {
        let variant = Variant::Preview(kind);
        let link = |_| self.link(file, variant, name);
        measures.preview(kind).map(link)
    }

    /// Refuses a link that was not made here, or has ended.
    pub fn check(
        &self,
        file: FileId,
        variant: Variant,
        end: &str,
        signature: &str,
    ) -> Result<(), Refusal> {
        let seconds: u64 = end.parse().map_err(|_| Refusal::FileNotFound)?;
        let wanted = self.sign(file, variant, seconds);
        verify_slices_are_equal(wanted.as_bytes(), signature.as_bytes())
            .map_err(|_| Refusal::FileNotFound)?;
        match self.clock.since_1970().as_secs() < seconds {
            true => Ok(()),
            false => Err(Refusal::LinkExpired),
        }
    }

    fn sign(&self, file: FileId, variant: Variant, end: u64) -> String {
        let text = format!("{file}/{}/{end}", variant.name());
        let whole = signature(&self.key, text.as_bytes());
        let kept = whole.get(..SIGNATURE_BYTES).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(kept)
    }
}

/// Appends a text as a segment of a path (RFC 3986, section 3.3).
fn escape(link: &mut String, text: &str) {
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match is_plain {
            true => link.push(char::from(byte)),
            false => {
                // Writing to a string cannot fail.
                let _ = write!(link, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;
    use std::time::Duration;

    fn links(time: &ManualClock) -> Links {
        let key = b"a key of thirty-two bytes, or so".to_vec();
        Links::new(key, time.clock(), "https://files.example.com".to_owned())
    }

    fn parts(link: &str) -> (String, String) {
        let query = link.split_once('?').expect("a query").1;
        let (end, signature) = query.split_once('&').expect("two parts");
        let value = |part: &str| part.split_once('=').expect("a value").1.to_owned();
        (value(end), value(signature))
    }

    #[test]
    fn a_link_is_the_same_for_half_an_hour_and_good_for_at_least_that() {
        let time = ManualClock::standing();
        let (links, file) = (links(&time), FileId::fresh());
        let first = links.link(file, Variant::Original, "a photo.jpg");
        assert!(first.starts_with(&format!(
            "https://files.example.com/files/{file}/original/a%20photo.jpg?e="
        )));
        let (end, signature) = parts(&first);
        let into_grid = time.clock().since_1970().as_secs() % GRID_SECONDS;
        time.advance(Duration::from_secs(GRID_SECONDS - into_grid - 1));
        assert_eq!(links.link(file, Variant::Original, "a photo.jpg"), first);
        time.advance(Duration::from_secs(GRID_SECONDS));
        assert_eq!(
            links.check(file, Variant::Original, &end, &signature),
            Ok(())
        );
        assert_ne!(links.link(file, Variant::Original, "a photo.jpg"), first);
        time.advance(Duration::from_secs(1));
        let ended = links.check(file, Variant::Original, &end, &signature);
        assert_eq!(ended, Err(Refusal::LinkExpired));
    }

    #[test]
    fn a_link_with_one_bit_changed_is_none() {
        let time = ManualClock::standing();
        let (links, file) = (links(&time), FileId::fresh());
        let (end, signature) = parts(&links.link(file, Variant::Original, "x"));
        let refused = |file, end: &str, signature: &str| {
            let checked = links.check(file, Variant::Original, end, signature);
            assert_eq!(checked, Err(Refusal::FileNotFound), "{end} {signature}");
        };
        for at in 0..signature.len() {
            let mut changed = signature.clone().into_bytes();
            changed[at] ^= 1;
            refused(file, &end, &String::from_utf8(changed).expect("ASCII"));
        }
        let later = end.parse::<u64>().expect("a number") + GRID_SECONDS;
        refused(file, &later.to_string(), &signature);
        refused(FileId::fresh(), &end, &signature);
        for variant in PreviewKind::ALL.map(Variant::Preview) {
            assert_eq!(Variant::named(variant.name()), Some(variant));
            let checked = links.check(file, variant, &end, &signature);
            assert_eq!(checked, Err(Refusal::FileNotFound), "{variant:?}");
        }
        refused(file, "", &signature);
        refused(file, "-1", &signature);
        refused(file, &end, "");
        let other = Links::new(vec![0; 32], time.clock(), String::new());
        assert!(
            other
                .check(file, Variant::Original, &end, &signature)
                .is_err()
        );
    }
}
