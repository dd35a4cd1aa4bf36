//! Tests of tokens: what is a piece, what is the same, what is bounded.

use super::document::LEXEMES;
use super::*;
use icu_normalizer::ComposingNormalizer;
use proptest::prelude::*;

fn tokenizer() -> Tokenizer {
    Tokenizer::new(&[Language::English])
}

fn plain(text: &str) -> Vec<String> {
    let pieces = tokenizer().pieces(text);
    pieces.into_iter().map(|piece| piece.plain).collect()
}

fn document(text: &str) -> Document {
    Document::read(&tokenizer(), [(Field::Body, text)])
}

fn lexemes(text: &str) -> Vec<String> {
    let document = document(text);
    document.lexemes().into_keys().map(str::to_owned).collect()
}

#[test]
fn words_are_folded_and_compounds_are_in_parts() {
    for (text, pieces) in [
        ("Hello, World!", &["hello", "world"][..]),
        ("ORD-2024-0017", &["ord", "2024", "0017"]),
        ("mail ann@example.com", &["mail", "ann", "example", "com"]),
        (
            "https://a.example/b_c?d=1",
            &["https", "a", "example", "b", "c", "d", "1"],
        ),
        ("can't, can’t", &["can", "t", "can", "t"]),
        ("STRASSE Straße", &["strasse", "strasse"]),
        ("ﬁn Ｆｕｌｌ ½", &["fin", "full", "1", "2"]),
        ("Ünïted cafe\u{301}", &["united", "cafe"]),
        ("Øre Łódź", &["ore", "lodz"]),
        ("he\u{200B}llo so\u{AD}ft", &["hello", "soft"]),
        ("...  -- ?!", &[]),
    ] {
        assert_eq!(plain(text), pieces, "{text}");
    }
}

#[test]
fn scripts_without_spaces_are_read_in_pairs() {
    for (text, pieces) in [
        ("東京都", &["東京", "京都", "都"][..]),
        ("東", &["東"]),
        ("東京tower", &["東京", "京", "tower"]),
        ("カード", &["カー", "ード", "ド"]),
        ("がぎ", &["がぎ", "ぎ"]),
        ("ｶﾞ", &["ガ"]),
        (
            "서울에서 만나",
            &["서울", "울에", "에서", "서", "만나", "나"],
        ),
        ("สวัสดี", &["สวั", "วัส", "สดี", "ดี"]),
        ("नमस्ते दुनिया", &["नमस्ते", "दुनिया"]),
        ("مَرحبا", &["مرحبا"]),
    ] {
        assert_eq!(plain(text), pieces, "{text}");
    }
}

#[test]
fn accents_and_stems_are_more_lexemes() {
    assert_eq!(lexemes("café"), ["cafe", "café"]);
    assert_eq!(lexemes("running"), ["running", "~run"]);
    assert_eq!(lexemes("run"), ["run"]);
    assert_eq!(lexemes("e-mail"), ["e", "email", "mail"]);
    assert_eq!(
        lexemes("+49 (151) 234-567"),
        ["151", "234", "49", "49151234567", "567"]
    );
    assert_eq!(lexemes("1 2 3"), ["1", "2", "3"]);
}

#[test]
fn emoji_are_found_whatever_their_presentation() {
    assert_eq!(
        plain("❤️ ❤ 👩‍💻👍🏽🇩🇪 1️⃣"),
        ["❤", "❤", "👩\u{200D}💻", "👍🏽", "🇩🇪", "1"]
    );
}

#[test]
fn a_phrase_does_not_reach_into_the_next_text() {
    let texts = [(Field::Body, "one two"), (Field::FileName, "three.pdf")];
    let document = Document::read(&tokenizer(), texts);
    let positions: Vec<u16> = document.pieces().map(|(_, piece)| piece.position).collect();
    assert_eq!(positions, [1, 2, 4, 5]);
}

#[test]
fn a_long_message_has_as_many_lexemes_as_are_stored() {
    let long: String = (0..2_000).map(|number| format!("w{number} ")).collect();
    assert_eq!(document(&long).lexemes().len(), LEXEMES);
    let same = "word ".repeat(1_600);
    assert_eq!(
        document(&same).lexemes().values().map(Vec::len).max(),
        Some(255)
    );
    let endless = "x".repeat(8_000);
    assert_eq!(lexemes(&endless), [&endless[..LEXEME_BYTES]]);
}

#[test]
fn every_language_has_a_code_of_its_own() {
    for language in Language::ALL {
        assert_eq!(Language::parse(language.code()), Some(*language));
    }
    assert_eq!(Language::parse("xx"), None);
}

/// Text of many scripts, with marks, emoji and invisible characters.
fn any_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "running",
        "Straße",
        "café",
        "東京都",
        "カード",
        "서울",
        "สวัสดี",
        "नमस्ते",
        "مَرحبا",
        "❤️",
        "👩‍💻",
        "ord-2024-0017",
        "+49 151 2345678",
        "\u{200B}",
        "\u{301}",
        "-",
        "_",
        " ",
        "\n",
        "ﬃ",
        "Ⅻ",
        "İ",
        "ǅ",
    ]);
    let words = prop::collection::vec(words, 0..20).prop_map(|words| words.concat());
    prop_oneof![words, ".{0,60}", "[a-zA-Z0-9 ._'-]{0,60}"]
}

proptest! {
    #[test]
    fn text_that_reads_the_same_has_the_same_lexemes(text in any_text()) {
        let composed = ComposingNormalizer::new_nfkc().normalize(&text).into_owned();
        prop_assert_eq!(lexemes(&text), lexemes(&composed));
        prop_assert_eq!(lexemes(&text), lexemes(&text.replace('\u{FE0F}', "")));
    }

    #[test]
    fn case_makes_no_difference(text in "[a-zA-ZäöüÄÖÜéÉñÑ0-9 .-]{0,60}") {
        prop_assert_eq!(lexemes(&text), lexemes(&text.to_uppercase()));
    }

    #[test]
    fn every_piece_is_where_it_says(text in any_text()) {
        let characters = text.chars().count() as u32;
        let mut last = (0, 0);
        for piece in tokenizer().pieces(&text) {
            prop_assert!(piece.span.start < piece.span.end && piece.span.end <= characters, "{:?}", piece);
            prop_assert!(piece.position == last.0 + 1 && piece.span.start >= last.1, "{:?}", piece);
            last = (piece.position, piece.span.start);
            // What is found again at that place is the piece.
            let length = (piece.span.end - piece.span.start) as usize;
            let written: String = text.chars().skip(piece.span.start as usize).take(length).collect();
            let again = tokenizer().pieces(&written);
            let found = again.iter().any(|one| one.plain == piece.plain);
            prop_assert!(found || piece.plain.len() == LEXEME_BYTES, "{:?} in {:?}", piece, again);
        }
    }

    #[test]
    fn nothing_is_longer_than_it_may_be(text in ".{0,300}") {
        let document = document(&text);
        let lexemes = document.lexemes();
        prop_assert!(lexemes.len() <= LEXEMES);
        for lexeme in lexemes.keys() {
            prop_assert!(!lexeme.is_empty() && lexeme.len() <= LEXEME_BYTES, "{lexeme:?}");
        }
    }

    #[test]
    fn no_word_looks_like_a_stem_or_a_sender(text in any_text()) {
        for piece in tokenizer().pieces(&text) {
            for lexeme in piece.placed() {
                prop_assert!(!lexeme.starts_with([STEM, '@']), "{lexeme:?}");
            }
        }
    }

    #[test]
    fn every_language_stems_anything(text in "\\w{0,30}") {
        let all = Tokenizer::new(Language::ALL);
        drop(all.pieces(&text));
    }
}
