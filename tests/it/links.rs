//! Symbolic links: named, or followed inside the mirror and never out of it.

use crate::rig::{Rig, not_run, sha1};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Every kind of link that could lead astray, and the code of each report.
fn astray(rig: &Rig) -> [&'static str; 11] {
    let outside = rig.temp().join("outside");
    std::fs::create_dir_all(&outside).expect("made");
    std::fs::write(outside.join("secret"), "canary").expect("written");
    let link = |to: &std::path::Path, at: &str| symlink(to, rig.path(at)).expect("linked");
    rig.write("a/b/f", "f");
    link(&outside.join("secret"), "file-outside");
    link(&outside, "dir-outside");
    link("../outside/secret".as_ref(), "up-and-out");
    link("nowhere".as_ref(), "dangling");
    link(".".as_ref(), "itself");
    link(&rig.local(), "root");
    link("spin".as_ref(), "spin");
    link("/proc/self/fd/0".as_ref(), "magic");
    link("/proc/self/root".as_ref(), "magic-dir");
    link("..".as_ref(), "a/parent");
    link("../../a".as_ref(), "a/b/ancestor");
    [
        "file-outside",
        "dir-outside",
        "up-and-out",
        "dangling",
        "itself",
        "root",
        "spin",
        "magic",
        "magic-dir",
        "a/parent",
        "a/b/ancestor",
    ]
}

#[test]
fn links_that_lead_astray_are_named_and_lead_nowhere() {
    for symlinks in ["skip", "follow"] {
        let rig = Rig::new().mirror_key(&format!("symlinks = {symlinks:?}"));
        let links = astray(&rig);
        let run = rig.once_ok();
        run.expect(&[("uploaded", 1), ("excluded", 11)]);
        for link in links {
            run.expect_event(link, "excluded symbolic_link");
        }
        rig.expect_box(["a/", "a/b/", "a/b/f: f"]);
        rig.cloud.clear_requests();
        let again = rig.once_ok();
        again.expect(&[("unchanged", 1), ("excluded", 11), ("requests", 0)]);
    }
}

#[test]
fn a_followed_link_is_what_it_leads_to() {
    let rig = Rig::new().mirror_key("symlinks = \"follow\"");
    rig.write("store/2026/report", "2026").write("f", "f");
    rig.shell("mkfifo pipe");
    for (to, at) in [
        ("store/2026", "current"),
        ("f", "copy"),
        ("copy", "copy-of-copy"),
        ("pipe", "piped"),
        ("../../f", "store/2026/up"),
    ] {
        symlink(to, rig.path(at)).expect("linked");
    }
    symlink(rig.path("f"), rig.path("absolute")).expect("linked");
    let run = rig.once_ok();
    run.expect_event("piped", "excluded symbolic_link");
    rig.expect_box([
        "absolute: f",
        "copy: f",
        "copy-of-copy: f",
        "current/",
        "current/report: 2026",
        "current/up: f",
        "f: f",
        "store/",
        "store/2026/",
        "store/2026/report: 2026",
        "store/2026/up: f",
    ]);
    rig.cloud.clear_requests();
    rig.once_ok()
        .expect(&[("unchanged", 8), ("excluded", 2), ("requests", 0)]);
    // A change behind a link is a change of everything that stands for it.
    rig.write("store/2026/report", "edited");
    rig.once_ok()
        .expect(&[("new_versions", 2), ("unchanged", 6), ("excluded", 2)]);
    assert!(rig.has("current/report", "edited"));
    // Nobody follows any more: what was mirrored stays.
    let rig = rig.configured(|config| {
        config.mirrors[0].retain(|line| !line.starts_with("symlinks"));
    });
    rig.once_ok().expect(&[("unchanged", 2), ("excluded", 7)]);
    assert!(rig.has("current/report", "edited") && rig.has("copy", "f"));
}

#[test]
fn the_service_mirrors_what_is_behind_links_too() {
    let rig = Rig::new().mirror_key("symlinks = \"follow\"");
    rig.write("store/f", "1");
    symlink("store", rig.path("link")).expect("linked");
    let service = rig.start();
    service.wait_ok(&rig);
    assert!(rig.has("link/f", "1"));
    rig.write("store/f", "edited");
    rig.expect_arrival("store/f", "edited");
    service.wait_ok(&rig);
    assert!(rig.has("link/f", "edited"));
    service.end();
}

/// A directory and a file that are swapped for links to the outside and back, while they
/// are listed, hashed and sent: nothing of the outside gets to Box.
#[test]
fn swapping_parents_for_links_smuggles_nothing_in() {
    const FILES: usize = 20;
    for symlinks in ["skip", "follow"] {
        let rig = Rig::new().mirror_key(&format!("symlinks = {symlinks:?}"));
        let outside = rig.temp().join("outside");
        std::fs::create_dir(&outside).expect("made");
        for number in 0..FILES {
            let name = format!("f{number}");
            std::fs::write(outside.join(&name), "canary").expect("written");
            rig.write(&format!("sub/{name}"), "0");
        }
        rig.write("single", "0").write("mark", "m");
        let (dir, file) = (rig.temp().join("dir"), rig.temp().join("file"));
        symlink(&outside, &dir).expect("linked");
        symlink(outside.join("f0"), &file).expect("linked");
        // Whatever is at its path at the moment.
        let sub = std::fs::File::open(rig.path("sub")).expect("opened");
        let pairs = [(rig.path("sub"), dir), (rig.path("single"), file)];
        let swap = |pair: &(std::path::PathBuf, std::path::PathBuf)| {
            renameat_with(CWD, &pair.0, CWD, &pair.1, RenameFlags::EXCHANGE)
        };
        if swap(&pairs[0]).is_err() {
            return not_run("this file system cannot exchange two entries");
        }
        let (over, swaps) = (AtomicBool::new(false), AtomicUsize::new(1));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for pair in &pairs {
                        swap(pair).expect("it worked before");
                        swaps.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            let mut pass = 0;
            while pass < 8 || swaps.load(Ordering::Relaxed) < 10_000 {
                pass += 1;
                for number in 0..FILES {
                    let path = format!("/proc/self/fd/{}/f{number}", sub.as_raw_fd());
                    std::fs::write(path, format!("{pass}")).expect("written");
                }
                let run = rig.once();
                assert!([0, 1].contains(&run.code), "{run}");
            }
            over.store(true, Ordering::Relaxed);
        });
        let canary = sha1(b"canary");
        for entry in rig.cloud.tree(&rig.folder) {
            let versions = rig.cloud.versions(&entry.id);
            assert!(
                versions.iter().all(|version| version.sha1 != canary),
                "{entry:?}"
            );
        }
        assert!(rig.has("mark", "m"));
    }
}
