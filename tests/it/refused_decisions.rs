//! What cannot be decided: said with how it stands, and nothing is done.

use crate::rig::{PATIENCE, Rig, Run};
use box_emulator::{Effect, Fault};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

fn changed() -> Rig {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "b").once_ok();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "two");
    rig.once().expect_code(1);
    rig
}

#[test]
fn what_is_no_conflict_is_told_how_it_stands() {
    let rig = changed();
    rig.write("trailing ", "x")
        .mkdir("dir")
        .write("dir/in", "x");
    rig.once();
    let outside = rig.temp().join("elsewhere");
    for (path, says) in [
        ("mirror/b.txt", "it was last sent as file"),
        ("mirror/trailing ", "rename it"),
        ("mirror/dir", "it is a directory"),
        ("mirror/nothing", "knows of no conflict"),
        ("mirror/no/such/dir", "has not looked at it yet"),
        ("mirror", "is in no mirror"),
        (outside.to_str().unwrap(), "is in no mirror"),
        ("../../etc/passwd", "is in no mirror"),
        ("mirror/../a.txt", "is in no mirror"),
    ] {
        let refused = rig.resolve(&[path, "--keep", "local"]);
        refused.expect_code(2);
        assert!(refused.stderr.contains(says), "{path}: {refused}");
        assert!(refused.summary["error"]["message"].is_string(), "{refused}");
    }
    // One that cannot be decided keeps the others from being done.
    let refused = rig.resolve(&["mirror/a.txt", "mirror/b.txt", "--keep", "local"]);
    refused.expect_code(2);
    rig.expect_versions("a.txt", &["one", "theirs"]);
    let unknown = rig.resolve(&["--all", "--mirror", "other", "--keep", "local"]);
    unknown.expect_code(2);
    let two = rig.resolve(&[
        "mirror/a.txt",
        "mirror/b.txt",
        "--keep",
        "box",
        "--seen",
        "5",
    ]);
    two.expect_code(2);
    let wrong = rig.run(&["resolve", "mirror/a.txt", "--keep", "mine"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("local, box or both"), "{wrong:?}");
}

#[test]
fn a_conflict_that_is_decided_is_none_any_more() {
    let rig = changed();
    rig.resolve(&["mirror/a.txt", "--keep", "box"])
        .expect_code(0);
    let again = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
    again.expect_code(2);
    assert!(again.stderr.contains("decided already"), "{again}");
}

#[test]
fn a_folder_has_no_versions() {
    let rig = Rig::new();
    rig.cloud.make_folder(&rig.folder, "a.txt");
    rig.cloud.put_file(&rig.folder, "dir", b"file");
    rig.write("a.txt", "ours").write("dir/in", "x");
    rig.once().expect_code(1);
    for keep in ["local", "box"] {
        let refused = rig.resolve(&["mirror/a.txt", "--keep", keep]);
        refused.expect_code(2);
        assert!(refused.stderr.contains("--keep both"), "{refused}");
    }
    let refused = rig.resolve(&["mirror/dir", "--keep", "both"]);
    refused.expect_code(2);
    assert!(refused.stderr.contains("it is a directory"), "{refused}");
}

#[test]
fn a_pass_that_is_under_way_has_the_lock() {
    let rig = changed();
    rig.write("new.txt", "new");
    rig.cloud
        .inject(Fault::on("post_files_content").effect(Effect::HoldBefore));
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    rig.resolve(&["mirror/a.txt", "--keep", "local"])
        .expect_code(75);
    rig.cloud.release_holds();
    Run::of(run.finish()).expect_code(1);
    rig.expect_versions("a.txt", &["one", "theirs"]);
    rig.resolve(&["mirror/a.txt", "--keep", "local"])
        .expect_code(0);
}

#[test]
fn a_mirror_that_stands_still_ends_with_3() {
    let rig = changed();
    std::fs::rename(rig.local(), rig.temp().join("away")).expect("moved");
    let stands = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
    stands.expect_code(3);
    stands.expect("a.txt", "halted");
    rig.expect_versions("a.txt", &["one", "theirs"]);
}

#[test]
fn a_service_of_an_older_version_is_told_as_such() {
    let rig = changed();
    let socket = UnixListener::bind(rig.state().join("control.sock")).expect("bound");
    let old = std::thread::spawn(move || {
        let (stream, _) = socket.accept().expect("asked");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("read");
        let answer = b"{\"error\":\"this boxup does not know that question\"}\n";
        (&stream).write_all(answer).expect("answered");
        line
    });
    let refused = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
    refused.expect_code(69);
    assert!(refused.stderr.contains("start it anew"), "{refused}");
    let asked = old.join().expect("it answered");
    assert!(asked.contains("\"verb\":\"resolve\""), "{asked}");
    rig.expect_versions("a.txt", &["one", "theirs"]);
}
