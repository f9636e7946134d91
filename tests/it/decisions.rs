//! `boxup resolve`: what a person decided is done to the version that was shown, by the
//! service or without one.

use crate::rig::{Child, Lines, PATIENCE, Rig, Service};
use box_emulator::{Effect, Fault};

/// Who carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Itself,
    Service,
}

const BOTH: [By; 2] = [By::Itself, By::Service];

/// Our file `a.txt`, changed on both sides, and whoever is to carry out what is decided.
fn changed(by: By) -> (Rig, Option<Service>) {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "b").once_ok();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "two");
    rig.once().expect_code(1);
    let service = (by == By::Service).then(|| rig.start());
    if let Some(service) = &service {
        assert_eq!(service.wait(&rig).0, 1);
    }
    (rig, service)
}

/// The version that a listing shows.
#[track_caller]
fn shown(rig: &Rig, path: &str) -> String {
    let listed = rig.conflicts();
    let version = listed.about(path)["box"]["version"].as_str();
    version.unwrap_or_else(|| panic!("{listed}")).to_owned()
}

/// Nothing is left to do, for the service and for a pass.
#[track_caller]
fn rests(rig: &Rig, service: Option<Service>) {
    if let Some(service) = service {
        service.wait_ok(rig);
        service.end();
    }
    let run = rig.once_ok();
    assert_eq!(run.count("bytes_sent"), 0, "{run}");
    assert_eq!(rig.conflicts().lines.len(), 0);
}

#[test]
fn ours_goes_on_top_of_the_version_that_was_shown() {
    for by in BOTH {
        let (rig, service) = changed(by);
        let done = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
        done.expect_code(0);
        let line = done.expect("a.txt", "new_version");
        let versions = rig.cloud.versions(&rig.entry("a.txt").id);
        assert_eq!(line["file_id"], rig.entry("a.txt").id);
        assert_eq!(line["version_id"], versions[2].id);
        assert_eq!(done.summary["resolved"], 1);
        rig.expect_versions("a.txt", &["one", "theirs", "two"]);
        rests(&rig, service);
    }
}

#[test]
fn theirs_stays_and_ours_is_not_sent_until_its_content_changes() {
    for by in BOTH {
        let (rig, service) = changed(by);
        let path = rig.path("a.txt");
        let done = rig.resolve(&[path.to_str().unwrap(), "--keep", "box"]);
        done.expect_code(0);
        done.expect("a.txt", "left");
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"two",
            "the local file is ours"
        );
        rests(&rig, service);
        // Another time is no other content.
        rig.touch("a.txt");
        rig.once_ok().expect(&[("unchanged", 2), ("bytes_sent", 0)]);
        rig.expect_versions("a.txt", &["one", "theirs"]);
        rig.write("a.txt", "three").once_ok();
        rig.expect_versions("a.txt", &["one", "theirs", "three"]);
        rig.write("a.txt", "two").once_ok();
        rig.expect_versions("a.txt", &["one", "theirs", "three", "two"]);
    }
}

#[test]
fn what_is_left_out_is_a_conflict_again_when_both_sides_move_on() {
    let (rig, _) = changed(By::Itself);
    rig.resolve(&["mirror/a.txt", "--keep", "box"])
        .expect_code(0);
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs, later");
    rig.once_ok().expect(&[("unchanged", 2)]);
    rig.write("a.txt", "three");
    rig.once().expect_event("a.txt", "parked changed_on_box");
    rig.expect_versions("a.txt", &["one", "theirs", "theirs, later"]);
}

#[test]
fn both_are_kept_and_ours_has_a_file_of_its_own() {
    for by in BOTH {
        let (rig, service) = changed(by);
        let done = rig.resolve(&["mirror/a.txt", "--keep", "both"]);
        done.expect_code(0);
        assert_eq!(done.expect("a.txt", "uploaded")["name"], "a (boxup).txt");
        rests(&rig, service);
        rig.expect_box(["a.txt: theirs", "a (boxup).txt: two", "b.txt: b"]);
        rig.write("a.txt", "three").once_ok();
        rig.expect_versions("a (boxup).txt", &["two", "three"]);
        rig.expect_versions("a.txt", &["one", "theirs"]);
    }
}

#[test]
fn box_that_has_changed_since_is_not_overwritten() {
    for by in BOTH {
        for keep in ["local", "box", "both"] {
            let (rig, service) = changed(by);
            let shown = shown(&rig, "a.txt");
            rig.cloud.put_file(&rig.folder, "a.txt", b"theirs, later");
            let done = rig.resolve(&["mirror/a.txt", "--keep", keep, "--seen", &shown]);
            done.expect_code(1);
            let line = done.expect("a.txt", "parked");
            assert_eq!(line["reason"], "changed_on_box");
            assert_eq!(done.summary["unresolved"], 1);
            rig.expect_box(["a.txt: theirs, later", "b.txt: b"]);
            // It has been shown now: the next decision is about it.
            let again = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
            again.expect_code(0);
            rig.expect_versions("a.txt", &["one", "theirs", "theirs, later", "two"]);
            rests(&rig, service);
        }
    }
}

#[test]
fn a_version_that_a_listing_showed_can_be_named() {
    let (rig, _) = changed(By::Itself);
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs, later");
    let shown = shown(&rig, "a.txt");
    let done = rig.resolve(&["mirror/a.txt", "--keep", "local", "--seen", &shown]);
    done.expect_code(0);
    rig.expect_versions("a.txt", &["one", "theirs", "theirs, later", "two"]);
}

#[test]
fn that_it_is_gone_can_be_what_was_seen() {
    let (rig, _) = changed(By::Itself);
    let id = rig.entry("a.txt").id;
    rig.cloud.trash(&id);
    // What is recorded is a version, and that is gone.
    let done = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
    done.expect_code(1);
    assert_eq!(done.expect("a.txt", "parked")["reason"], "gone_from_box");
    let done = rig.resolve(&["mirror/a.txt", "--keep", "local", "--seen", "gone"]);
    done.expect_code(0);
    done.expect("a.txt", "uploaded");
    rig.expect_box(["a.txt: two", "b.txt: b"]);
    assert!(rig.cloud.is_trashed(&id));
}

#[test]
fn box_that_changes_while_ours_is_sent_is_not_overwritten() {
    for by in BOTH {
        let (rig, service) = changed(by);
        rig.cloud
            .inject(Fault::on("post_files_id_content").effect(Effect::HoldBefore));
        let args = ["resolve", "--json", "mirror/a.txt", "--keep", "local"];
        let resolving = Child::start(rig.command(&args));
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
        rig.cloud.put_file(&rig.folder, "a.txt", b"theirs, later");
        rig.cloud.release_holds();
        let done = Lines::of(resolving.finish());
        done.expect_code(1);
        done.expect("a.txt", "parked");
        rig.expect_versions("a.txt", &["one", "theirs", "theirs, later"]);
        if let Some(service) = service {
            service.term();
        }
    }
}

#[test]
fn ours_that_changes_after_it_was_shown_is_not_left_out() {
    let (rig, _) = changed(By::Itself);
    rig.write("a.txt", "three");
    let done = rig.resolve(&["mirror/a.txt", "--keep", "box"]);
    done.expect_code(1);
    done.expect("a.txt", "parked");
    // On top of theirs there is nothing to lose.
    rig.write("a.txt", "four");
    rig.resolve(&["mirror/a.txt", "--keep", "local"])
        .expect_code(0);
    rig.expect_versions("a.txt", &["one", "theirs", "four"]);
}

#[test]
fn a_file_that_is_gone_from_box_comes_back_or_stays_away() {
    for by in BOTH {
        for keep in ["local", "both", "box"] {
            let rig = Rig::new();
            rig.write("a.txt", "one").write("b.txt", "b").once_ok();
            let id = rig.entry("a.txt").id;
            rig.cloud.trash(&id);
            rig.write("a.txt", "two");
            rig.once().expect_event("a.txt", "parked gone_from_box");
            let service = (by == By::Service).then(|| rig.start());
            if let Some(service) = &service {
                assert_eq!(service.wait(&rig).0, 1);
            }
            let done = rig.resolve(&["mirror/a.txt", "--keep", keep]);
            done.expect_code(0);
            if keep == "box" {
                done.expect("a.txt", "left");
                rig.expect_box(["b.txt: b"]);
            } else {
                done.expect("a.txt", "uploaded");
                rig.expect_box(["a.txt: two", "b.txt: b"]);
            }
            assert!(rig.cloud.is_trashed(&id));
            rests(&rig, service);
        }
    }
}

#[test]
fn strangers_and_folders_in_the_way_are_decided_about_too() {
    let rig = Rig::new().mirror_key("on_existing = \"park\"");
    for name in ["over.txt", "left.txt", "beside.txt", "empty.txt"] {
        rig.cloud.put_file(&rig.folder, name, b"theirs");
        rig.write(name, "ours");
    }
    rig.write("empty.txt", "");
    rig.cloud.make_folder(&rig.folder, "folder.txt");
    rig.write("folder.txt", "ours");
    rig.once().expect(&[("parked", 5)]);
    for (path, keep, result) in [
        ("over.txt", "local", "new_version"),
        ("left.txt", "box", "left"),
        ("beside.txt", "both", "uploaded"),
        ("empty.txt", "local", "new_version"),
        ("folder.txt", "both", "uploaded"),
    ] {
        let done = rig.resolve(&[&format!("mirror/{path}"), "--keep", keep]);
        done.expect_code(0);
        done.expect(path, result);
    }
    rig.expect_box([
        "over.txt: ours",
        "left.txt: theirs",
        "beside.txt: theirs",
        "beside (boxup).txt: ours",
        "empty.txt: ",
        "folder.txt/",
        "folder (boxup).txt: ours",
    ]);
    rests(&rig, None);
}

#[test]
fn several_are_decided_at_once_and_a_whole_mirror() {
    for by in BOTH {
        let rig = Rig::new();
        for name in ["a", "b", "c", "d"] {
            rig.write(name, "one");
        }
        rig.once_ok();
        for name in ["a", "b", "c", "d"] {
            rig.cloud.put_file(&rig.folder, name, b"theirs");
            rig.write(name, "two");
        }
        rig.once().expect(&[("parked", 4)]);
        let service = (by == By::Service).then(|| rig.start());
        if let Some(service) = &service {
            assert_eq!(service.wait(&rig).0, 1);
        }
        let two = rig.resolve(&["mirror/a", "mirror/b", "--keep", "local"]);
        two.expect_code(0);
        assert_eq!(two.summary["resolved"], 2, "{two}");
        let all = rig.resolve(&["--all", "--mirror", "mirror", "--keep", "both"]);
        all.expect_code(0);
        assert_eq!(all.lines.len(), 2, "{all}");
        let none = rig.resolve(&["--all", "--mirror", "mirror", "--keep", "both"]);
        none.expect_code(0);
        assert_eq!(none.lines.len(), 0, "{none}");
        rests(&rig, service);
        rig.expect_box([
            "a: two",
            "b: two",
            "c: theirs",
            "c (boxup): two",
            "d: theirs",
            "d (boxup): two",
        ]);
    }
}

#[test]
fn a_person_reads_what_was_done() {
    let (rig, _) = changed(By::Itself);
    let mut command = rig.command(&["resolve", "a.txt", "--keep", "local"]);
    command.current_dir(rig.local());
    let done = Child::start(command).finish();
    assert_eq!(done.code, 0, "{done:?}");
    let id = rig.entry("a.txt").id;
    let version = &rig.cloud.versions(&id)[2].id;
    assert!(done.stdout.starts_with("mirror/a.txt\n"), "{done:?}");
    let words = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("ours is on Box as version {version} of file {id}, on top of version");
    assert!(words.contains(&expected), "{done:?}");
}

#[test]
fn what_was_decided_outlives_a_run_that_could_not_do_it() {
    let (rig, _) = changed(By::Itself);
    rig.cloud.set_app_authorized(false);
    rig.cloud.expire_tokens();
    let not_now = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
    not_now.expect_code(77);
    not_now.expect("a.txt", "pending");
    rig.expect_versions("a.txt", &["one", "theirs"]);
    rig.cloud.set_app_authorized(true);
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
    rig.expect_versions("a.txt", &["one", "theirs", "two"]);
}

#[test]
fn what_an_earlier_version_parked_is_a_conflict_again_and_then_decided() {
    for by in BOTH {
        let (rig, service) = changed(By::Itself);
        assert!(service.is_none());
        let forget = "UPDATE parked SET box_id = NULL, box_version = NULL";
        rig.change_parked(forget);
        let service = (by == By::Service).then(|| rig.start());
        let again = rig.resolve(&["mirror/a.txt", "--keep", "local"]);
        if again.code != 0 {
            // Nothing had looked at it in between.
            again.expect_code(1);
            again.expect("a.txt", "parked");
            rig.expect_versions("a.txt", &["one", "theirs"]);
            rig.resolve(&["mirror/a.txt", "--keep", "local"])
                .expect_code(0);
        }
        rig.expect_versions("a.txt", &["one", "theirs", "two"]);
        rests(&rig, service);
    }
}
