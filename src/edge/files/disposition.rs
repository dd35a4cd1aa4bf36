//! The header that says whether browsers show a file or save it, and under which name (RFC 6266).

use std::fmt::Write;

use crate::domain::file_name::FileName;
use crate::media::Placement;

/// The value of `Content-Disposition`: ASCII, whatever the name is.
pub(super) fn disposition(placement: Placement, name: &FileName) -> String {
    let kind = match placement {
        Placement::Inline => "inline",
        Placement::Download => "attachment",
    };
    let plain: String = name.as_str().chars().map(plain).collect();
    let mut header = format!("{kind}; filename=\"{plain}\"");
    if plain != name.as_str() {
        header.push_str("; filename*=UTF-8''");
        for byte in name.as_str().bytes() {
            match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                true => header.push(char::from(byte)),
                false => {
                    // Writing to a string cannot fail.
                    let _ = write!(header, "%{byte:02X}");
                }
            }
        }
    }
    header
}

/// A character that is harmless in a quoted string.
fn plain(character: char) -> char {
    match character {
        '"' | '\\' | '%' => '_',
        ' '..='~' => character,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_in_ascii_is_given_once_and_another_twice() {
        let header = |name| disposition(Placement::Inline, &FileName::clean(name));
        assert_eq!(header("a photo.jpg"), "inline; filename=\"a photo.jpg\"");
        assert_eq!(
            header("größe.pdf"),
            "inline; filename=\"gr__e.pdf\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.pdf"
        );
        let saved = disposition(Placement::Download, &FileName::clean("x"));
        assert_eq!(saved, "attachment; filename=\"x\"");
    }

    proptest! {
        #[test]
        fn no_name_gets_out_of_its_quotes(name in any::<String>()) {
            let header = disposition(Placement::Download, &FileName::clean(&name));
            prop_assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(header.matches('"').count(), 2);
        }
    }
}
