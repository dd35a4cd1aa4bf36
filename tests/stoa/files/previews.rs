//! Previews of pictures: made by a process that may do little, served like files, gone with their file.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::process::{Child, Command, Stdio};

use super::{app, id, open, send, upload};
use crate::client::Person;
use crate::polling::until;

/// A picture of these sides.
pub fn picture_of(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let colour = |x: u32, y: u32| Rgb([(x % 256) as u8, (y % 256) as u8, 90]);
    let picture = DynamicImage::from(RgbImage::from_fn(width, height, colour));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// A PNG of one colour of these sides: few bytes that become many.
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height)
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a PNG");
    bytes.into_inner()
}

async fn uploaded(person: &Person, name: &str, bytes: &[u8]) -> Value {
    let query = format!("?name={name}");
    let answer = upload(person, &query, "image/jpeg", bytes).await;
    answer.expect_status(201).json()
}

#[tokio::test]
async fn a_large_picture_has_two_previews_which_are_served_as_pictures() {
    let (app, folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let picture = picture_of(2_000, 1_000, ImageFormat::Jpeg);
    let file = uploaded(&ann, "photo.jpg", &picture).await;
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 3, "{:?}", folder.objects());
    send(&ann, &group, &[&id(&file)]).await.expect_status(201);
    let path = format!("/api/v1/conversations/{group}/messages");
    let page = bob.get(&path).await.body;
    let shown = &page["items"][0]["attachments"][0];
    let mut tags = Vec::new();
    for (field, sides) in [("thumb_url", (360, 180)), ("view_url", (1_600, 800))] {
        assert_eq!(shown[field], file[field], "{field}");
        let link = shown[field].as_str().expect("a link");
        let served = open(&app, link, &[]).await.expect_status(200);
        assert_eq!(served.header("content-type"), "image/jpeg");
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        let disposition = served.header("content-disposition");
        assert_eq!(disposition, "inline; filename=\"photo.jpg\"");
        let small = image::load_from_memory(&served.bytes).expect("a picture");
        assert_eq!((small.width(), small.height()), sides, "{field}");
        let part = open(&app, link, &[("range", "bytes=1-2")]).await;
        assert_eq!(part.expect_status(206).bytes, served.bytes[1..3]);
        tags.push(served.header("etag").to_owned());
    }
    assert_ne!(tags[0], tags[1]);
    // The signature of one is not that of another.
    let forged = file["thumb_url"].as_str().expect("a link");
    let forged = forged.replace("/thumb/", "/view/");
    open(&app, &forged, &[]).await.expect_status(404);
}

#[tokio::test]
async fn previews_end_with_their_file() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let picture = picture_of(500, 400, ImageFormat::Png);
    let file = uploaded(&ann, "a.png", &picture).await;
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(
        (&file["view_url"], folder.objects().len()),
        (&Value::Null, 2)
    );
    let path = format!("/api/v1/files/{}", id(&file));
    ann.delete(&path).await.expect_status(204);
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    assert_eq!(folder.objects(), [""; 0]);
    let link = file["thumb_url"].as_str().expect("a link");
    open(&app, link, &[]).await.expect_status(410);
}

/// A PNG whose head says that it has these sides.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture_of(8, 8, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes
}

#[tokio::test]
async fn what_cannot_be_decoded_is_a_file_without_previews() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let half = picture_of(800, 800, ImageFormat::Jpeg);
    for (name, bytes) in [
        ("65535-squared.png", claims(65_535, 65_535)),
        ("line.png", claims(1, 100_000)),
        ("lie.png", claims(4_000, 4_000)),
        ("half.jpg", half[..half.len() / 2].to_vec()),
        ("small.png", picture_of(360, 360, ImageFormat::Png)),
    ] {
        let file = uploaded(&ann, name, &bytes).await;
        let previews = (&file["thumb_url"], &file["view_url"]);
        // What is there of a JPEG that is cut off may be shown.
        if name != "half.jpg" {
            assert_eq!(previews, (&Value::Null, &Value::Null), "{name}");
        }
    }
}

#[tokio::test]
async fn a_program_that_fails_costs_the_previews_only() {
    for how in ["off", "/bin/false", "/bin/cat", "/no/such/program"] {
        let (app, folder) = app(&["--previews", how]).await;
        let ann = app.person("ann").await;
        let picture = picture_of(500, 400, ImageFormat::Png);
        let file = uploaded(&ann, "a.png", &picture).await;
        let told = (&file["state"], &file["thumb_url"], &file["width"]);
        assert_eq!(told, (&json!("ready"), &Value::Null, &json!(500)), "{how}");
        app.until_count("select count(*) as n from file_pieces", 0)
            .await;
        assert_eq!(folder.objects().len(), 1, "{how}");
    }
}

/// The process that makes previews, without its input. Dropping it kills it.
struct Maker(Child);

impl Maker {
    fn start(media_type: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoa"));
        command
            .args(["picture", media_type])
            .env_clear()
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self(command.spawn().expect("a process"))
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_process_may_use_little_memory_and_time_and_open_nothing() {
    let maker = Maker::start("image/png");
    let path = format!("/proc/{}/limits", maker.0.id());
    let look = async || std::fs::read_to_string(&path).unwrap_or_default();
    let are_set = |limits: &String| {
        let limit = |name: &str| {
            let line = limits.lines().find(|line| line.starts_with(name));
            let numbers = line.and_then(|line| line.strip_prefix(name));
            let mut words = numbers.unwrap_or_default().split_whitespace();
            (
                words.next().map(str::to_owned),
                words.next().map(str::to_owned),
            )
        };
        [
            ("Max address space", "536870912"),
            ("Max cpu time", "10"),
            ("Max open files", "3"),
            ("Max file size", "0"),
            ("Max processes", "0"),
            ("Max core file size", "0"),
        ]
        .iter()
        .all(|(name, most)| limit(name) == (Some((*most).to_owned()), Some((*most).to_owned())))
    };
    until("the limits", look, are_set).await;
}

#[test]
fn the_process_survives_what_it_may_decode_and_not_what_is_larger() {
    // 48 megapixels, as many as may be.
    for (width, height, is_made) in [(8_000, 6_000, true), (8_000, 7_000, false)] {
        let mut maker = Maker::start("image/png");
        let picture = bomb(width, height);
        let mut input = maker.0.stdin.take().expect("an input");
        input.write_all(&picture).expect("it reads");
        drop(input);
        let mut output = maker.0.stdout.take().expect("an output");
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut output, &mut answer).expect("an answer");
        let ended = maker.0.wait().expect("an end");
        assert_eq!(ended.success(), is_made, "{width}×{height}: {ended}");
        assert_eq!(answer.is_empty(), !is_made);
    }
}
