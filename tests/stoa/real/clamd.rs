//! The real clamd, with a signature of ours: what it finds is refused, what is too large for it is too, and while it is away files wait.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::files::{Folder, PNG, app, id, upload};
use crate::polling::until;

/// What the signature names.
const VIRUS: &[u8] = b"a-virus-of-these-tests";
/// The most bytes that this clamd reads of one file.
const MOST: usize = 1_048_576;

/// A clamd with a folder of its own. Dropping it stops it.
struct Clamd {
    folder: Folder,
    running: Option<Child>,
}

impl Clamd {
    /// Writes its signature and its configuration, and starts it.
    async fn start() -> Self {
        let folder = Folder::new();
        let signatures = folder.0.join("signatures");
        std::fs::create_dir_all(&signatures).expect("a folder");
        let pattern: String = VIRUS.iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("Stoa.Test.Virus:0:*:{pattern}\n");
        std::fs::write(signatures.join("stoa.ndb"), signature).expect("a signature");
        let configuration = format!(
            "Foreground yes\nDatabaseDirectory {}\nLocalSocket {}\nStreamMaxLength {MOST}\n",
            signatures.display(),
            socket(&folder.0).display()
        );
        std::fs::write(folder.0.join("clamd.conf"), configuration).expect("a configuration");
        let mut clamd = Self {
            folder,
            running: None,
        };
        clamd.start_again().await;
        clamd
    }

    async fn start_again(&mut self) {
        let configuration = self.folder.0.join("clamd.conf");
        let mut command = Command::new("clamd");
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(format!("--config-file={}", configuration.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(command.spawn().expect("clamd"));
        let socket = socket(&self.folder.0);
        let answers = async || std::os::unix::net::UnixStream::connect(&socket).is_ok();
        until("clamd to listen", answers, |answers| *answers).await;
    }

    fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.kill();
            let _ = running.wait();
        }
        let _ = std::fs::remove_file(socket(&self.folder.0));
    }

    /// The option that names it.
    fn option(&self) -> String {
        format!("clamd:{}", socket(&self.folder.0).display())
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("clamd.ctl")
}

#[tokio::test]
#[ignore = "make real: it needs clamd"]
async fn what_clamd_finds_is_refused_and_so_is_what_is_too_large_for_it() {
    let clamd = Clamd::start().await;
    let (app, folder) = app(&["--scan", &clamd.option()]).await;
    let ann = app.person("ann").await;
    upload(&ann, "", "image/png", PNG).await.expect_status(201);
    for (bytes, reason) in [
        ([b"text and ", VIRUS].concat(), "infected"),
        (vec![7; MOST + 1], "unscanned"),
    ] {
        let refused = upload(&ann, "", "x/y", &bytes).await;
        let refused = refused.expect_status(422).json();
        assert_eq!(refused["details"]["reason"], reason, "{refused}");
    }
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
}

#[tokio::test]
#[ignore = "make real: it needs clamd"]
async fn while_clamd_is_away_files_wait_for_it() {
    let mut clamd = Clamd::start().await;
    clamd.stop();
    let (app, _folder) = app(&["--scan", &clamd.option(), "--job-retry-ms", "50"]).await;
    let ann = app.person("ann").await;
    let uploading = tokio::spawn({
        let ann = ann.clone();
        async move { upload(&ann, "", "image/png", PNG).await }
    });
    let tried = "select count(*) as n from jobs where kind = 'check_file' and attempts > 1";
    app.until_count(tried, 1).await;
    let waiting = "select count(*) as n from files where state = 'checking'";
    assert_eq!(app.count(waiting), 1);
    clamd.start_again().await;
    let file = uploading.await.expect("an answer").expect_status(201);
    ann.get(&format!("/api/v1/files/{}", id(&file.json())))
        .await
        .expect_status(200);
}
