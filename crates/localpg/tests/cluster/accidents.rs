//! Killed servers, killed postmasters, power cuts: nothing is lost and nothing stands in the way.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;

use localpg::Liveness;

use super::*;

#[test]
fn the_postmaster_of_a_killed_server_is_adopted() {
    let room = Room::made();
    let server = Server::start(&mut server(&room.folder()));
    let before = room.postmaster();
    server.kill();
    assert!(is_postgres(before));
    let cluster = room.start();
    assert_eq!(room.postmaster(), before);
    remember(&cluster);
    cluster.stop().unwrap();
    wait_until("the adopted postmaster is gone", || !is_postgres(before));
}

#[test]
fn a_signal_to_the_servers_whole_group_leaves_the_postmaster_alone() {
    let room = Room::made();
    let mut server = Server::start(server(&room.folder()).process_group(0));
    let group = format!("-{}", server.child.id());
    let killed = Command::new("kill")
        .args(["-s", "KILL", "--", &group])
        .status()
        .unwrap();
    assert!(killed.success());
    server.child.wait().unwrap();
    assert!(is_postgres(room.postmaster()));
    assert_eq!(room.start().ensure_running().unwrap(), Liveness::WasRunning);
}

#[test]
fn a_server_killed_at_any_moment_of_its_first_start_does_no_harm() {
    for milliseconds in [100, 400, 700, 1000] {
        let room = Room::new();
        let mut server = server(&room.folder()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        server.kill().unwrap();
        server.wait().unwrap();
        let cluster = room.start();
        remember(&cluster);
        cluster.stop().unwrap();
        assert!(remembers(&room.start()), "killed after {milliseconds} ms");
    }
}

#[test]
fn a_postmaster_that_died_is_started_again() {
    let room = Room::made();
    let cluster = room.start();
    remember(&cluster);
    let idle = connect(&cluster);
    for _ in 0..2 {
        let before = room.postmaster();
        kill("KILL", before);
        wait_until("it is dead", || !is_postgres(before));
        assert_eq!(cluster.ensure_running().unwrap(), Liveness::Restarted);
        assert_ne!(room.postmaster(), before);
        assert_eq!(cluster.ensure_running().unwrap(), Liveness::WasRunning);
        assert!(remembers(&cluster));
    }
    drop(idle);
}

#[test]
fn an_adopted_postmaster_that_died_is_started_again() {
    let room = Room::made();
    Server::start(&mut server(&room.folder())).kill();
    let cluster = room.start();
    let before = room.postmaster();
    kill("KILL", before);
    wait_until("it is dead", || !is_postgres(before));
    assert_eq!(cluster.ensure_running().unwrap(), Liveness::Restarted);
    remember(&cluster);
}

#[test]
fn a_backend_that_has_not_left_yet_is_waited_for() {
    let room = Room::made();
    let cluster = room.start();
    remember(&cluster);
    let mut connection = connect(&cluster);
    let backend: u32 = ask(&mut connection, "pg_backend_pid()").parse().unwrap();
    kill("STOP", backend);
    kill("KILL", room.postmaster());
    let waker = thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        kill("CONT", backend);
    });
    wait_until("it is started again", || {
        matches!(cluster.ensure_running(), Ok(Liveness::Restarted))
    });
    waker.join().unwrap();
    assert!(remembers(&cluster));
}

/// Leaves the files as a power cut would: the lock files stay, with `content`.
fn after_a_power_cut(content: &str) {
    let room = Room::made();
    remember(&room.start());
    let owner = fs::metadata(room.home()).unwrap();
    for path in [
        room.home().join("postmaster.pid"),
        room.folder().join("socket/.s.PGSQL.5432.lock"),
    ] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let cluster = room.start();
    assert!(remembers(&cluster), "after {content:?}");
    assert_eq!(cluster.ensure_running().unwrap(), Liveness::WasRunning);
}

fn pid_file(pid: u32) -> String {
    format!(
        "{pid}\n/some/folder\n1700000000\n5432\n/some/socket\n\n  5432001    131072\nready   \n"
    )
}

#[test]
fn a_stale_pid_file_of_nobody_is_no_obstacle() {
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    after_a_power_cut(&pid_file(gone.id()));
}

#[test]
fn a_stale_pid_file_whose_id_is_somebody_elses_is_no_obstacle() {
    let room = Room::made();
    let cluster = room.start();
    let owner = fs::metadata(room.home()).unwrap();
    cluster.stop().unwrap();
    // Of the same account as Postgres: one of another account Postgres sees through by itself.
    let mut bystander = Command::new("sleep");
    bystander.arg("60");
    if is_root() {
        bystander.uid(owner.uid()).gid(owner.gid());
    }
    let mut bystander = bystander.spawn().unwrap();
    after_a_power_cut(&pid_file(bystander.id()));
    assert!(
        bystander.try_wait().unwrap().is_none(),
        "the bystander must live on"
    );
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn an_empty_or_torn_pid_file_is_no_obstacle() {
    after_a_power_cut("");
    after_a_power_cut("\0\0\0\0");
}

#[test]
fn everything_dying_at_once_loses_nothing() {
    let room = Room::made();
    let mut server = Server::start(&mut server(&room.folder()));
    let postmaster = room.postmaster();
    server.child.kill().unwrap();
    kill("KILL", postmaster);
    server.child.wait().unwrap();
    let cluster = room.start();
    assert_ne!(room.postmaster(), postmaster);
    remember(&cluster);
}
