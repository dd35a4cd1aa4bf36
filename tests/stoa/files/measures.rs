//! How long recordings play, how loud they are over time, and how large films are, in files and in messages.

use serde_json::json;

use super::{app, id, request, send, upload};

pub const WAVEFORM: &str = "0,10,20,30,40,50,60,70,80,90,100,90,80,70,60,50";

/// Silence: a WAV of so many bytes, of which a second has `a_second`.
pub fn silence(a_second: u32, bytes: u32) -> Vec<u8> {
    let mut wave = b"RIFF".to_vec();
    wave.extend((bytes + 36).to_le_bytes());
    wave.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wave.extend(a_second.to_le_bytes());
    wave.extend(a_second.to_le_bytes());
    wave.extend(b"\x01\0\x08\0data");
    wave.extend(bytes.to_le_bytes());
    wave.resize(wave.len() + bytes as usize, 128);
    wave
}

#[tokio::test]
async fn a_recording_shows_how_long_it_plays_and_how_loud_it_is() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let query = format!("?purpose=voice&name=voice.wav&waveform={WAVEFORM}");
    let file = upload(&ann, &query, "audio/wav", &silence(8_000, 12_000)).await;
    let file = file.expect_status(201).json();
    assert_eq!(file["duration_ms"], 1_500, "{file}");
    assert_eq!(file["width"], json!(null));
    send(&ann, &group, &[&id(&file)]).await.expect_status(201);
    let path = format!("/api/v1/conversations/{group}/messages");
    let page = bob.get(&path).await.body;
    let shown = &page["items"][0]["attachments"][0];
    assert_eq!(shown["duration_ms"], 1_500, "{shown}");
    let numbers: Vec<u8> = WAVEFORM
        .split(',')
        .map(|one| one.parse().unwrap())
        .collect();
    assert_eq!(shown["waveform"], json!(numbers));
    assert_eq!(file["waveform"], shown["waveform"]);
}

#[tokio::test]
async fn a_recording_plays_for_ten_minutes_at_most() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let long = silence(100, 60_200);
    let refused = upload(&ann, "?purpose=voice", "audio/wav", &long).await;
    let refused = refused.expect_status(422).json();
    assert_eq!(refused["details"]["reason"], "too_long", "{refused}");
    let file = upload(&ann, "", "audio/wav", &long)
        .await
        .expect_status(201);
    assert_eq!(file.json()["duration_ms"], 602_000, "no recording");
}

#[tokio::test]
async fn a_waveform_that_is_none_is_refused_before_the_body() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    for wrong in [
        "1,2,3",
        "a",
        "-1",
        &"7,".repeat(16),
        &vec!["1"; 65].join(","),
    ] {
        let query = format!("?waveform={wrong}");
        let refused = upload(&ann, &query, "audio/wav", b"x").await;
        let refused = refused.expect_status(400).json();
        assert_eq!(refused["details"]["field"], "waveform", "{wrong}");
    }
    assert_eq!(app.count("select count(*) as n from files"), 0);
}

#[tokio::test]
async fn forms_and_resumable_uploads_name_a_waveform_too() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let part = |head: &str, content: &[u8]| {
        let head = format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let body = [
        part("name=\"waveform\"", WAVEFORM.as_bytes()),
        part("name=\"file\"; filename=\"a.wav\"", &silence(8_000, 800)),
        b"--x--\r\n".to_vec(),
    ];
    let kind = "multipart/form-data; boundary=x";
    let file = upload(&ann, "", kind, &body.concat()).await;
    let file = file.expect_status(201).json();
    assert_eq!(file["waveform"][10], 100, "{file}");
    let url = format!("http://{}/api/v1/files", ann.address());
    let bearer = format!("Bearer {}", ann.token);
    let always = [
        ("authorization", bearer.as_str()),
        ("tus-resumable", "1.0.0"),
        ("upload-length", "5"),
    ];
    let metadata = |text: &str| {
        use base64::Engine;
        let value = base64::engine::general_purpose::STANDARD.encode(text);
        format!("waveform {value}")
    };
    let (good, bad) = (metadata(WAVEFORM), metadata("1,2"));
    let begun = request(
        "POST",
        &url,
        &[&always[..], &[("upload-metadata", &good)]].concat(),
        "",
    )
    .await;
    let path = begun.expect_status(201).header("location").to_owned();
    assert_eq!(ann.get(&path).await.body["waveform"][10], 100);
    let refused = request(
        "POST",
        &url,
        &[&always[..], &[("upload-metadata", &bad)]].concat(),
        "",
    )
    .await;
    assert_eq!(
        refused.expect_status(400).json()["details"]["field"],
        "waveform"
    );
}
