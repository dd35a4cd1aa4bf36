//! What files say of their size and their length, made by hand, and that no bytes harm.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn measured(kind: &str, source: &[u8]) -> (Option<u32>, Option<u32>, Option<u32>) {
    let found = measure(kind, &source).expect("readable");
    (found.width, found.height, found.duration_ms)
}

fn sides(width: u32, height: u32) -> (Option<u32>, Option<u32>, Option<u32>) {
    (Some(width), Some(height), None)
}

fn plays(milliseconds: u32) -> (Option<u32>, Option<u32>, Option<u32>) {
    (None, None, Some(milliseconds))
}

const NOTHING: (Option<u32>, Option<u32>, Option<u32>) = (None, None, None);

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [&[0xFF, marker][..], &length.to_be_bytes(), content].concat()
}

fn exif(orientation: u8) -> Vec<u8> {
    let tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
    [b"Exif\0\0", &tiff[..], &[orientation, 0, 0, 0, 0, 0, 0]].concat()
}

#[test]
fn a_jpeg_is_as_large_as_it_is_shown() {
    let of = |orientation: u8| {
        [
            b"\xFF\xD8".to_vec(),
            segment(0xE1, &exif(orientation)),
            segment(0xC4, &[0; 20]),
            b"\xFF".to_vec(),
            segment(0xC2, &[8, 0x0B, 0xB8, 0x0F, 0xA0, 3]),
        ]
        .concat()
    };
    assert_eq!(measured("image/jpeg", &of(1)), sides(4_000, 3_000));
    assert_eq!(measured("image/jpeg", &of(3)), sides(4_000, 3_000));
    assert_eq!(measured("image/jpeg", &of(6)), sides(3_000, 4_000));
    let empty = [b"\xFF\xD8".to_vec(), segment(0xDA, &[1])].concat();
    assert_eq!(measured("image/jpeg", &empty), NOTHING);
    let flat = [b"\xFF\xD8".to_vec(), segment(0xC0, &[8, 0, 0, 0, 7, 3])].concat();
    assert_eq!(measured("image/jpeg", &flat), NOTHING, "no height");
}

#[test]
fn other_pictures_say_it_in_their_head() {
    let png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\x01\0\0\0\0\x02";
    assert_eq!(measured("image/png", png), sides(256, 2));
    assert_eq!(
        measured("image/gif", b"GIF89a\x40\x01\xF0\0"),
        sides(320, 240)
    );
    let webp = |chunk: &[u8]| [b"RIFF\0\0\0\0WEBP", chunk].concat();
    let extended = webp(b"VP8X\x0A\0\0\0\0\0\0\0\x3F\x01\0\xEF\0\0");
    assert_eq!(measured("image/webp", &extended), sides(320, 240));
    let lossy = webp(b"VP8 \x0A\0\0\0\0\0\0\x9D\x01\x2A\x40\x01\xF0\0");
    assert_eq!(measured("image/webp", &lossy), sides(320, 240));
    let bits: u32 = 319 | (239 << 14);
    let lossless = webp(&[b"VP8L\x05\0\0\0\x2F", &bits.to_le_bytes()[..]].concat());
    assert_eq!(measured("image/webp", &lossless), sides(320, 240));
}

fn boxed(kind: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let size = (content.len() as u32 + 8).to_be_bytes();
    [&size[..], kind, &content].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn a_heif_picture_is_the_one_that_is_shown() {
    let thumbnail = boxed(b"ispe", &[&words(&[0, 160, 120])]);
    let picture = boxed(b"ispe", &[&words(&[0, 4_000, 3_000])]);
    let turned = boxed(b"irot", &[&[1]]);
    let list = boxed(b"ipco", &[&thumbnail, &picture, &turned]);
    // Item 1 has the properties 2 and 3, item 2 has 1.
    let of_items = [&words(&[0, 2])[..], &[0, 1, 2, 2, 0x83, 0, 2, 1, 1]].concat();
    let properties = boxed(b"iprp", &[&list, &boxed(b"ipma", &[&of_items])]);
    let of = |shown: u8| {
        let shown = boxed(b"pitm", &[&[0, 0, 0, 0, 0, shown]]);
        let meta = boxed(b"meta", &[&[0; 4], &shown, &properties]);
        [boxed(b"ftyp", &[b"heic\0\0\0\0"]), meta].concat()
    };
    assert_eq!(measured("image/heic", &of(1)), sides(3_000, 4_000));
    assert_eq!(measured("image/avif", &of(2)), sides(160, 120));
    assert_eq!(measured("image/heic", &of(3)), NOTHING);
}

fn track(id: u32, kind: &[u8; 4], matrix: [u32; 9], scale: u32) -> Vec<u8> {
    let head = [
        &[0, 0, 0, id, 0, 0, 0, 0, 0, 0][..],
        &matrix,
        &[1_920 << 16, 1_080 << 16],
    ];
    let head = boxed(b"tkhd", &[&words(&head.concat())]);
    let times = boxed(b"mdhd", &[&words(&[0, 0, 0, scale, 0, 0])]);
    let handler = boxed(b"hdlr", &[&[0; 8], kind, &[0; 12]]);
    boxed(b"trak", &[&head, &boxed(b"mdia", &[&times, &handler])])
}

const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const TURNED: [u32; 9] = [0, 0x1_0000, 0, 0xFFFF_0000, 0, 0, 0, 0, 0x4000_0000];

fn film(matrix: [u32; 9], duration: u32, more: &[u8]) -> Vec<u8> {
    let head = boxed(b"mvhd", &[&words(&[0, 0, 0, 600, duration])]);
    let sound = track(1, b"soun", UPRIGHT, 48_000);
    let seen = track(2, b"vide", matrix, 90_000);
    let head = boxed(b"moov", &[&head, &sound, &seen, more]);
    [boxed(b"ftyp", &[b"mp42\0\0\0\0"]), head].concat()
}

#[test]
fn a_film_is_as_large_as_it_is_shown_and_says_how_long_it_plays() {
    let wanted = (Some(1_920), Some(1_080), Some(2_500));
    assert_eq!(measured("video/mp4", &film(UPRIGHT, 1_500, b"")), wanted);
    let wanted = (Some(1_080), Some(1_920), Some(2_500));
    assert_eq!(
        measured("video/quicktime", &film(TURNED, 1_500, b"")),
        wanted
    );
    let wanted = (Some(1_920), Some(1_080), None);
    assert_eq!(measured("video/mp4", &film(UPRIGHT, u32::MAX, b"")), wanted);
}

#[test]
fn a_film_in_fragments_plays_until_its_last_sample() {
    let usual = boxed(b"trex", &[&words(&[0, 1, 1, 960, 0, 0])]);
    let film = film(UPRIGHT, 0, &boxed(b"mvex", &[&usual]));
    let fragment = |start: u32, run: &[u32]| {
        let head = boxed(b"tfhd", &[&words(&[0x2_0000, 1])]);
        let start = boxed(b"tfdt", &[&words(&[0, start])]);
        let run = boxed(b"trun", &[&words(run)]);
        boxed(b"moof", &[&boxed(b"traf", &[&head, &start, &run])])
    };
    let parts = [
        film,
        fragment(0, &[0x1, 50, 0]),
        // Two samples that say how long they play, and how large they are.
        fragment(48_000, &[0x301, 2, 0, 24_000, 7, 12_000, 7]),
    ];
    let found = measured("audio/mp4", &parts.concat());
    assert_eq!(found.2, Some(1_750));
}

/// An element of Matroska.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &[0x40, content.len() as u8], content].concat()
}

#[test]
fn a_webm_says_how_long_it_plays_or_its_last_block_does() {
    let head = element(&[0x1A, 0x45, 0xDF, 0xA3], b"\x42\x82\x84webm");
    let segment = [
        0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let info = |duration: &[u8]| element(&[0x15, 0x49, 0xA9, 0x66], duration);
    let picture = [element(&[0xB0], &[2, 128]), element(&[0xBA], &[1, 224])].concat();
    let track = element(&[0xAE], &element(&[0xE0], &picture));
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &track);
    let cluster = |time: u8| {
        let head = [0x1F, 0x43, 0xB6, 0x75, 0xFF];
        let block = element(&[0xA3], &[0x81, 0, 40, 0x80, 1, 2, 3]);
        [&head[..], &element(&[0xE7], &[time, 0]), &block].concat()
    };
    let told = info(&element(&[0x44, 0x89], &2_500.5_f64.to_be_bytes()));
    let known = [&head[..], &segment, &told, &tracks, &cluster(1)].concat();
    let wanted = (Some(640), Some(480), Some(2_500));
    assert_eq!(measured("video/webm", &known), wanted);
    let mut live = [&head[..], &segment, &info(b""), &cluster(1), &cluster(4)].concat();
    assert_eq!(measured("audio/webm", &live), plays(4 * 256 + 40));
    live.truncate(live.len() - 2);
    let cut_off = measured("audio/webm", &live);
    assert_eq!(cut_off, plays(4 * 256 + 40), "its last block has begun");
}

#[test]
fn sounds_say_how_long_they_play() {
    let page = |position: u64, packet: &[u8]| {
        let head = [
            b"OggS\0\0".to_vec(),
            position.to_le_bytes().to_vec(),
            vec![0; 12],
        ];
        [&head.concat()[..], &[1, packet.len() as u8], packet].concat()
    };
    let opus = page(0, b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0");
    let ogg = [opus, page(48_312, b"x"), page(u64::MAX, b"y")].concat();
    assert_eq!(measured("audio/ogg", &ogg), plays(1_000));
    let mut vorbis = b"\x01vorbis\0\0\0\0\x02".to_vec();
    vorbis.extend(44_100_u32.to_le_bytes());
    let ogg = [page(0, &vorbis), page(66_150, b"x")].concat();
    assert_eq!(measured("audio/ogg", &ogg), plays(1_500));
    let mut wave = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wave.extend(8_000_u32.to_le_bytes());
    wave.extend(16_000_u32.to_le_bytes());
    wave.extend(b"\x02\0\x10\0data\xFF\xFF\xFF\xFF");
    wave.resize(wave.len() + 8_000, 0);
    assert_eq!(measured("audio/wav", &wave), plays(500));
}

#[test]
fn an_mp3_plays_as_long_as_its_frames_or_its_rate_say() {
    // MPEG 1, layer 3, 128 kbit/s, 44,100 Hz, two channels.
    let frame = b"\xFF\xFB\x90\x00".to_vec();
    let tag = b"ID3\x03\0\0\0\0\x01\x00".to_vec();
    let constant = [&tag[..], &[0; 128], &frame, &[0; 15_996]].concat();
    assert_eq!(measured("audio/mpeg", &constant), plays(1_000));
    let counted = [&frame[..], &[0; 32], b"Xing\0\0\0\x01\0\0\0\x64", &[0; 400]].concat();
    assert_eq!(measured("audio/mpeg", &counted), plays(2_612));
}

const TYPES: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heic",
    "video/mp4",
    "video/webm",
    "audio/ogg",
    "audio/mpeg",
    "audio/wav",
    "audio/mp4",
    "text/plain",
];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(kind in prop::sample::select(&TYPES[..]), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        measured(kind, &bytes);
    }

    #[test]
    fn no_film_that_is_spoilt_makes_it_panic(at in 0_usize..700, byte in any::<u8>(), cut in 0_usize..900) {
        let usual = boxed(b"trex", &[&words(&[0, 1, 1, 960, 0, 0])]);
        let mut film = film(TURNED, 0, &boxed(b"mvex", &[&usual]));
        if let Some(found) = film.get_mut(at) {
            *found = byte;
        }
        film.truncate(cut);
        measured("video/mp4", &film);
    }
}
