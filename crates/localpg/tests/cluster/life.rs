//! Made, used, locked, stopped and found again.

use localpg::{ClusterError, Liveness};

use super::*;

#[test]
fn a_fresh_folder_gets_a_cluster() {
    let room = Room::new();
    let cluster = room.start();
    let mut connection = connect(&cluster);
    assert_eq!(
        ask(&mut connection, "current_user || '/' || current_database()"),
        "agora/agora"
    );
    for (setting, value) in [
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("max_connections", "250"),
        ("shared_buffers", "256MB"),
        ("min_wal_size", "256MB"),
    ] {
        let query = format!("current_setting('{setting}')");
        assert_eq!(ask(&mut connection, &query), value, "{setting}");
    }
    let log_files = ask(&mut connection, "SELECT count(*) FROM pg_ls_waldir()");
    assert!(log_files.parse::<u32>().unwrap() > 16, "{log_files}");
    let locale = "SELECT datcollate FROM pg_database WHERE datname = 'agora'";
    assert!(["C.UTF-8", "C"].contains(&ask(&mut connection, locale).as_str()));
    assert_eq!(cluster.ensure_running().unwrap(), Liveness::WasRunning);
}

#[test]
fn only_its_own_account_may_enter() {
    let room = Room::made();
    let _cluster = room.start();
    for inside in ["postgres", "socket"] {
        let found = fs::metadata(room.folder().join(inside)).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700, "{inside}");
        assert_ne!(found.uid(), 0, "{inside} must not be root's");
    }
    let process = fs::metadata(format!("/proc/{}", room.postmaster())).unwrap();
    assert_eq!(process.uid(), fs::metadata(room.home()).unwrap().uid());
}

#[test]
fn what_was_written_is_there_after_a_stop() {
    let room = Room::made();
    let first = room.start();
    remember(&first);
    let url = first.url();
    first.stop().unwrap();
    assert!(!room.home().join("postmaster.pid").exists());
    let second = room.start();
    assert_eq!(second.url(), url);
    assert!(remembers(&second));
}

#[test]
fn a_stopped_cluster_stays_stopped() {
    let room = Room::made();
    let cluster = room.start();
    let _idle = connect(&cluster);
    cluster.stop().unwrap();
    cluster.stop().unwrap();
    assert!(matches!(
        cluster.ensure_running(),
        Err(ClusterError::Stopped)
    ));
    assert!(PgConnection::establish(&cluster.url()).is_err());
}

#[test]
fn dropping_it_stops_it() {
    let room = Room::made();
    drop(room.start());
    assert!(!room.home().join("postmaster.pid").exists());
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let room = Room::made();
    let cluster = room.start();
    let refused = Cluster::start(&room.folder(), NAME).unwrap_err();
    assert!(
        matches!(&refused, ClusterError::Busy { holder, .. } if *holder == Some(process::id()))
    );
    assert!(
        refused.to_string().contains("in use by another server"),
        "{refused}"
    );
    let other = server(&room.folder()).output().unwrap();
    assert!(!other.status.success());
    cluster.stop().unwrap();
    assert!(Cluster::start(&room.folder(), NAME).is_ok());
}

#[test]
fn the_callers_postgres_environment_does_not_matter() {
    let room = Room::made();
    let variables = [
        ("PGPORT", "7777"),
        ("PGDATA", "/nowhere"),
        ("PGHOST", "/nowhere"),
    ];
    let server = Server::start(server(&room.folder()).envs(variables));
    assert!(server.url.contains("port=5432"), "{}", server.url);
    assert!(room.folder().join("socket/.s.PGSQL.5432").exists());
    server.finish();
}

#[test]
fn the_secrets_of_the_server_stay_out_of_postgres() {
    let room = Room::made();
    let server = Server::start(server(&room.folder()).env("STOA_SECRET", "alpha and omega"));
    let environment = fs::read(format!("/proc/{}/environ", room.postmaster())).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains("omega"));
    server.finish();
}

#[test]
fn a_log_that_grew_is_set_aside() {
    let room = Room::made();
    drop(room.start());
    let log = room.folder().join("postgres.log");
    fs::OpenOptions::new()
        .write(true)
        .open(&log)
        .unwrap()
        .set_len(51 * 1024 * 1024)
        .unwrap();
    let _cluster = room.start();
    assert!(fs::metadata(&log).unwrap().len() < 1024 * 1024);
    assert!(room.folder().join("postgres.log.old").exists());
}
