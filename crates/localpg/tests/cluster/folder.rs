//! Data folders of all kinds, and what is said where one cannot be used.

use std::os::unix::fs::chown;

use localpg::ClusterError;

use super::*;

#[test]
fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let room = Room::new();
    let folder = room.folder().join("long".repeat(30)).join("data");
    let cluster = Cluster::start(&folder, NAME).unwrap();
    let url = cluster.url();
    assert!(url.contains("%2Fagora-"), "{url}");
    remember(&cluster);
    let socket = url
        .split_once("host=")
        .unwrap()
        .1
        .split_once('&')
        .unwrap()
        .0
        .replace("%2F", "/");
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o700);
    cluster.stop().unwrap();
    assert!(!Path::new(&socket).exists(), "{socket} is left");
    let again = Cluster::start(&folder, NAME).unwrap();
    assert!(remembers(&again));
    assert_eq!(again.url(), url);
}

#[test]
fn a_path_with_odd_letters_works() {
    let room = Room::new();
    let cluster = Cluster::start(&room.folder().join("a b\"c\" $(d) ünï%41"), NAME).unwrap();
    remember(&cluster);
    assert!(remembers(&cluster));
}

#[test]
fn a_path_with_a_comma_which_libpq_would_split_works() {
    let room = Room::new();
    remember(&Cluster::start(&room.folder().join("a,b"), NAME).unwrap());
    assert!(remembers(
        &Cluster::start(&room.folder().join("a,b"), NAME).unwrap()
    ));
}

#[test]
fn a_relative_path_works() {
    let room = Room::new();
    let deep = "../".repeat(env::current_dir().unwrap().components().count());
    let folder = Path::new(&deep).join(room.folder().strip_prefix("/").unwrap());
    remember(&Cluster::start(&folder, NAME).unwrap());
    assert!(remembers(&room.start()));
}

#[test]
fn a_half_made_cluster_is_made_anew() {
    let room = Room::new();
    let torn = room.folder().join("postgres.new-1-1");
    fs::create_dir_all(torn.join("base")).unwrap();
    fs::set_permissions(room.folder(), Permissions::from_mode(0o755)).unwrap();
    fs::write(torn.join("PG_VERSION"), "15\n").unwrap();
    fs::create_dir(room.home()).unwrap();
    remember(&room.start());
    assert!(!torn.exists());
}

#[test]
fn strange_files_in_the_clusters_place_are_left_alone() {
    let room = Room::new();
    fs::create_dir_all(room.home()).unwrap();
    fs::set_permissions(room.folder(), Permissions::from_mode(0o755)).unwrap();
    if is_root() {
        let nobody = Some(65534);
        chown(room.home(), nobody, nobody).unwrap();
    }
    fs::write(room.home().join("letter.txt"), "dear").unwrap();
    let refused = Cluster::start(&room.folder(), NAME).unwrap_err();
    assert!(
        matches!(refused, ClusterError::NotACluster { .. }),
        "{refused}"
    );
    assert_eq!(
        fs::read_to_string(room.home().join("letter.txt")).unwrap(),
        "dear"
    );
}

#[test]
fn a_cluster_of_another_version_says_what_to_install() {
    let room = Room::made();
    drop(room.start());
    fs::write(room.home().join("PG_VERSION"), "9\n").unwrap();
    let refused = Cluster::start(&room.folder(), NAME).unwrap_err();
    assert!(
        matches!(refused, ClusterError::WrongVersion { made_by: 9, .. }),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("install postgresql-9"),
        "{refused}"
    );
}

#[test]
fn an_empty_path_still_finds_the_binaries_of_debian() {
    let room = Room::made();
    Server::start(server(&room.folder()).env("PATH", "")).finish();
    assert!(!room.home().join("postmaster.pid").exists());
}

#[test]
fn a_folder_that_may_not_be_used_says_so() {
    let room = Room::new();
    fs::create_dir(room.folder()).unwrap();
    // Root may write anywhere, but its stand-in may not pass; others may not write.
    fs::set_permissions(
        room.folder(),
        Permissions::from_mode(if is_root() { 0o700 } else { 0o500 }),
    )
    .unwrap();
    let refused = Cluster::start(&room.folder(), NAME).unwrap_err();
    let path = room.folder().display().to_string();
    assert!(refused.to_string().contains(&path), "{refused}");
    match refused {
        ClusterError::Unreachable { closed, .. } if is_root() => assert_eq!(closed, room.folder()),
        ClusterError::Folder { .. } if !is_root() => {}
        other => panic!("{other}"),
    }
    fs::set_permissions(room.folder(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_in_the_folders_place_says_so() {
    let room = Room::new();
    fs::write(room.folder(), "").unwrap();
    let refused = Cluster::start(&room.folder().join("inside"), NAME).unwrap_err();
    assert!(matches!(refused, ClusterError::Folder { .. }), "{refused}");
}

#[test]
fn a_start_that_fails_shows_the_last_words_of_postgres() {
    let room = Room::made();
    drop(room.start());
    let configuration = room.home().join("postgresql.conf");
    fs::write(&configuration, "no_such_setting = 1\n").unwrap();
    let refused = Cluster::start(&room.folder(), NAME).unwrap_err();
    assert!(refused.to_string().contains("no_such_setting"), "{refused}");
    assert!(refused.to_string().contains("postgres.log"), "{refused}");
}
