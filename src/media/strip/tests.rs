//! What is kept of pictures and films, and what is not.

use super::*;
use proptest::prelude::*;

/// What a place looks like in any of the files.
const PLACE: &[u8] = b"N 52.5200 E 13.4050";

fn plan(kind: &str, source: &[u8]) -> Result<Option<Plan>, Trouble> {
    super::plan(kind, &source)
}

fn apply(plan: &Plan, source: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in plan.parts() {
        match part {
            Part::Copy(range) => out.extend(&source[range.start as usize..range.end as usize]),
            Part::Bytes(bytes) => out.extend(bytes),
            Part::Zeros(count) => out.resize(out.len() + *count as usize, 0),
        }
    }
    assert_eq!(out.len() as u64, plan.size());
    out
}

#[track_caller]
fn stripped(kind: &str, source: &[u8]) -> Vec<u8> {
    let kept = plan(kind, source).expect("readable").expect("a plan");
    let out = apply(&kept, source);
    assert!(!holds(&out, PLACE), "{kind} still says where it was made");
    let again = plan(kind, &out).expect("readable").expect("a plan");
    assert_eq!(
        apply(&again, &out),
        out,
        "{kind} changes when it is stripped again"
    );
    out
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), content].concat()
}

/// A TIFF structure with an orientation and a place.
fn exif_with(orientation: u8) -> Vec<u8> {
    [exif::tiff(orientation), PLACE.to_vec()].concat()
}

#[test]
fn a_jpeg_keeps_its_picture_its_colours_and_which_way_up_it_is() {
    let picture = [
        segment(0xDB, &[1; 65]),
        segment(0xC2, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]),
        segment(0xC4, &[0; 20]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        b"\x12\xFF\0\x34\xFF\xD0\x56".to_vec(),
        segment(0xC4, &[3; 20]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        b"\x78".to_vec(),
    ]
    .concat();
    let jfif = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let icc = segment(0xE2, b"ICC_PROFILE\0\x01\x01colours");
    let exif = [b"Exif\0\0".to_vec(), exif_with(6)].concat();
    let thumbnail = [b"JFXX\0\x10", PLACE].concat();
    let xmp = [b"http://ns.adobe.com/xap/1.0/\0", PLACE].concat();
    let source = [
        b"\xFF\xD8".to_vec(),
        jfif.clone(),
        segment(0xE0, &thumbnail),
        segment(0xE1, &exif),
        segment(0xE1, &xmp),
        segment(0xED, PLACE),
        icc.clone(),
        segment(0xE2, &[b"MPF\0", PLACE].concat()),
        segment(0xFE, PLACE),
        picture.clone(),
        b"\xFF\xD9".to_vec(),
        PLACE.to_vec(),
        b"\0\0\0\x18ftypmp42".to_vec(),
    ]
    .concat();
    let upright = segment(0xE1, &[b"Exif\0\0".to_vec(), exif::tiff(6)].concat());
    let wanted = [
        b"\xFF\xD8".to_vec(),
        jfif,
        upright,
        icc,
        picture,
        b"\xFF\xD9".to_vec(),
    ]
    .concat();
    assert_eq!(stripped("image/jpeg", &source), wanted);
}

#[test]
fn a_jpeg_that_is_cut_in_its_picture_is_ended() {
    let source = [
        b"\xFF\xD8".to_vec(),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![1, 2, 3],
    ]
    .concat();
    let out = stripped("image/jpeg", &source);
    assert_eq!(out, [&source[..], b"\xFF\xD9"].concat());
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], kind, content, &[1, 2, 3, 4]].concat()
}

#[test]
fn a_png_keeps_the_chunks_that_show_it() {
    let signature = b"\x89PNG\r\n\x1A\n".to_vec();
    let kept = [chunk(b"IHDR", &[0; 13]), chunk(b"gAMA", &[0; 4])].concat();
    let picture = [chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")].concat();
    let text = [b"Comment\0", PLACE].concat();
    let source = [
        signature.clone(),
        kept.clone(),
        chunk(b"tEXt", &text),
        chunk(b"iTXt", &text),
        chunk(b"tIME", PLACE),
        chunk(b"eXIf", &exif_with(1)),
        chunk(b"prVt", PLACE),
        picture.clone(),
        b"PK\x03\x04".to_vec(),
        PLACE.to_vec(),
    ]
    .concat();
    assert_eq!(
        stripped("image/png", &source),
        [signature.clone(), kept.clone(), picture.clone()].concat()
    );
    let turned = [signature, kept, chunk(b"eXIf", &exif_with(8)), picture].concat();
    let out = stripped("image/png", &turned);
    assert!(holds(&out, &exif::tiff(8)));
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_le_bytes();
    let pad = vec![0; content.len() & 1];
    [&kind[..], &length, content, &pad].concat()
}

#[test]
fn a_webp_keeps_its_frames_and_says_no_more_than_it_has() {
    let features = |flags: u8| riff(b"VP8X", &[flags, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
    let frame = |inner: &[u8]| riff(b"ANMF", &[&[0; 16][..], inner].concat());
    let picture = riff(b"VP8L", b"odd");
    let body = |parts: &[Vec<u8>]| {
        let content = [b"WEBP".to_vec(), parts.concat()].concat();
        riff(b"RIFF", &content)
    };
    let source = body(&[
        features(0x0E),
        riff(b"ANIM", &[0; 6]),
        frame(&[picture.clone(), riff(b"note", PLACE)].concat()),
        riff(b"EXIF", &exif_with(3)),
        riff(b"XMP ", PLACE),
    ]);
    let wanted = body(&[
        features(0x0A),
        riff(b"ANIM", &[0; 6]),
        frame(&picture),
        riff(b"EXIF", &exif::tiff(3)),
    ]);
    assert_eq!(
        stripped("image/webp", &[source, PLACE.to_vec()].concat()),
        wanted
    );
    let plain = body(&[riff(b"VP8 ", b"pixels")]);
    assert_eq!(stripped("image/webp", &plain), plain);
}

#[test]
fn a_gif_keeps_its_pictures_and_how_often_they_repeat() {
    let head = b"GIF89a\x01\0\x01\0\x80\0\0abcdef".to_vec();
    let repeats = b"!\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0".to_vec();
    let control = b"!\xF9\x04\0\x0A\0\0\0".to_vec();
    let picture = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0".to_vec();
    let blocks = [vec![PLACE.len() as u8], PLACE.to_vec(), vec![0]].concat();
    let comment = [b"!\xFE".to_vec(), blocks.clone()].concat();
    let xmp = [b"!\xFF\x0BXMP DataXMP".to_vec(), blocks].concat();
    let source = [
        head.clone(),
        repeats.clone(),
        comment,
        xmp,
        control.clone(),
        picture.clone(),
        b";<script>".to_vec(),
        PLACE.to_vec(),
    ]
    .concat();
    let wanted = [head, repeats, control, picture, b";".to_vec()].concat();
    assert_eq!(stripped("image/gif", &source), wanted);
}

fn iso_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 8) as u32;
    [&length.to_be_bytes()[..], kind, content].concat()
}

fn track(handler: &[u8; 4], more: &[u8]) -> Vec<u8> {
    let handler = iso_box(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat());
    let media = iso_box(b"mdia", &[iso_box(b"mdhd", &[7; 24]), handler].concat());
    let head = iso_box(b"tkhd", &[&[0; 4][..], &[7; 80]].concat());
    iso_box(b"trak", &[head, media, more.to_vec()].concat())
}

#[test]
fn a_film_loses_what_it_says_in_place() {
    let told = iso_box(b"udta", &iso_box(b"\xA9xyz", PLACE));
    let tags = iso_box(b"meta", &iso_box(b"keys", PLACE));
    let moov = |shown: &[Vec<u8>]| iso_box(b"moov", &shown.concat());
    let source = [
        iso_box(b"ftyp", b"mp42\0\0\0\0isommp42"),
        moov(&[
            iso_box(b"mvhd", &[0; 100]),
            track(b"vide", &told),
            track(b"meta", PLACE),
            told.clone(),
            tags,
        ]),
        iso_box(b"uuid", &[&[0xBE; 16], PLACE].concat()),
        iso_box(b"mdat", b"pictures and sounds"),
    ]
    .concat();
    let out = stripped("video/mp4", &source);
    assert_eq!(out.len(), source.len());
    assert!(out.ends_with(&iso_box(b"mdat", b"pictures and sounds")));
    for gone in [&b"udta"[..], b"uuid", b"keys", b"meta"] {
        assert!(!holds(&out, gone), "{}", gone.escape_ascii());
    }
    let quicktime = source.clone();
    assert_eq!(stripped("video/quicktime", &quicktime), out);
}

#[test]
fn a_heif_picture_loses_its_exif_and_keeps_its_items() {
    let entry = |id: u8, kind: &[u8; 4]| {
        iso_box(
            b"infe",
            &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, b"\0"].concat(),
        )
    };
    let names = iso_box(
        b"iinf",
        &[
            &[0, 0, 0, 0, 0, 2][..],
            &entry(1, b"hvc1"),
            &entry(2, b"Exif"),
        ]
        .concat(),
    );
    let handler = iso_box(b"hdlr", &[&[0; 8][..], b"pict", &[0; 13]].concat());
    let meta = |at: u32| {
        let place = |id: u8, at: u32, length: u32| {
            [
                &[0, id, 0, 0, 0, 1][..],
                &at.to_be_bytes(),
                &length.to_be_bytes(),
            ]
            .concat()
        };
        let places = [
            vec![0, 0, 0, 0, 0x44, 0, 0, 2],
            place(1, at, 6),
            place(2, at + 6, PLACE.len() as u32),
        ];
        let places = iso_box(b"iloc", &places.concat());
        iso_box(b"meta", &[&[0; 4][..], &handler, &names, &places].concat())
    };
    let ftyp = iso_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let at = (ftyp.len() + meta(0).len() + 8) as u32;
    let source = [
        ftyp,
        meta(at),
        iso_box(b"mdat", &[b"pixels", PLACE].concat()),
    ]
    .concat();
    let out = stripped("image/heic", &source);
    assert_eq!(out.len(), source.len());
    assert!(holds(&out, b"pixels\0\0\0\0") && holds(&out, b"iloc"));
}

const KINDS: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "image/heic",
];
const HEADS: [&[u8]; 6] = [
    b"\xFF\xD8\xFF\xDA\0\x03\x01",
    b"\x89PNG\r\n\x1A\n\0\0\0\x01IHDR",
    b"GIF89a\x01\0\x01\0\0\0\0",
    b"RIFF\x40\0\0\0WEBPVP8X\x0A\0\0\0",
    b"\0\0\0\x14ftypmp42\0\0\0\0isom",
    b"\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x40meta\0\0\0\0",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_grow(which in 0..6usize, tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let source = [HEADS[which], &tail].concat();
        if let Ok(Some(kept)) = plan(KINDS[which], &source) {
            let out = apply(&kept, &source);
            prop_assert!(out.len() <= source.len() + 64);
        }
    }
}

#[test]
fn what_is_not_what_it_says_is_malformed() {
    for kind in KINDS {
        for source in [&b""[..], b"x", b"\xFF\xD8", b"GIF89a", b"\0\0\0\x08ftyx"] {
            let read = plan(kind, source);
            assert!(matches!(read, Err(Trouble::Malformed)), "{kind} {source:?}");
        }
    }
    assert!(matches!(plan("application/pdf", b"x"), Ok(None)));
}
