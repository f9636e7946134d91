//! Files that are written to while they are sent: nothing torn is ever stored.

use crate::rig::{PATIENCE, Rig, Run};
use box_emulator::{Effect, Fault};
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// As large as goes in one request.
const LARGE: usize = 18 << 20;

#[test]
fn an_edit_during_an_upload_stores_nothing_torn_and_the_last_content_arrives() {
    type Change = fn(&Rig);
    let changes: [(&str, Change); 3] = [
        ("overwritten", |rig| {
            rig.write("a.bin", vec![b'2'; LARGE]);
        }),
        ("grown", |rig| {
            let file = std::fs::File::options()
                .append(true)
                .open(rig.path("a.bin"));
            file.and_then(|mut file| file.write_all(b"more"))
                .expect("written");
        }),
        ("shortened", |rig| {
            let file = std::fs::File::options().write(true).open(rig.path("a.bin"));
            file.and_then(|file| file.set_len(1_000)).expect("cut");
        }),
    ];
    for (what, change) in changes {
        for existing in [false, true] {
            let rig = Rig::new();
            if existing {
                rig.write("a.bin", "0").once_ok();
            }
            rig.write("a.bin", vec![b'1'; LARGE]);
            let operation = match existing {
                true => "post_files_id_content",
                false => "post_files_content",
            };
            rig.cloud
                .inject(Fault::on(operation).effect(Effect::HoldBefore));
            let run = rig.begin();
            assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
            change(&rig);
            rig.cloud.release_holds();
            let run = Run::of(run.finish());
            assert_eq!(run.code, 0, "{what}: {run}");
            rig.expect_same_as_disk();
            assert_eq!(
                rig.entry("a.bin").versions,
                1 + usize::from(existing),
                "{what}: {run}"
            );
        }
    }
}

#[test]
fn a_file_removed_during_its_upload_leaves_nothing_behind() {
    let rig = Rig::new();
    rig.write("a.bin", vec![b'1'; LARGE]).write("b.txt", "b");
    let hold = Fault::on("options_files_content").name("a.bin").hold();
    rig.cloud.inject(hold);
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    rig.remove("a.bin");
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    let run = Run::of(run.finish());
    run.expect_code(0);
    rig.expect_box(["b.txt: b"]);
}

#[test]
fn a_writer_that_never_stops_gets_only_whole_states_stored() {
    let rig = Rig::new();
    rig.write("busy.bin", vec![b'a'; 4 << 20])
        .write("calm.txt", "calm");
    let (stop, path) = (AtomicBool::new(false), rig.path("busy.bin"));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut file = std::fs::File::options()
                .write(true)
                .open(&path)
                .expect("opened");
            for fill in (b'a'..=b'z').cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                file.seek(SeekFrom::Start(0)).expect("moved");
                file.write_all(&vec![fill; 4 << 20]).expect("written");
            }
        });
        let run = rig.once();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("it ends");
        assert!([0, 1].contains(&run.code), "{run}");
        run.expect_event("calm.txt", "uploaded");
    });
    rig.once_ok();
    rig.expect_same_as_disk();
    // Every version that was ever stored is one fill from end to end.
    let whole: Vec<String> = (b'a'..=b'z')
        .map(|fill| crate::rig::sha1(&vec![fill; 4 << 20]))
        .collect();
    for version in rig.cloud.versions(&rig.entry("busy.bin").id) {
        assert!(whole.contains(&version.sha1), "torn: {version:?}");
    }
}
