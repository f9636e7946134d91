//! Large files: sent in parts, once each, and taken up where a run was stopped.

use crate::rig::{PATIENCE, Rig, Run, until};
use box_emulator::{BoxEmulator, Fault};

/// Cuts into six parts, of which the last is short.
const PART: u64 = 4 << 20;
const SIZE: usize = (5 * PART + 1_234_567) as usize;

const CREATE: &str = "post_files_upload_sessions";
const CREATE_VERSION: &str = "post_files_id_upload_sessions";
const PUT: &str = "put_files_upload_sessions_id";
const LIST: &str = "get_files_upload_sessions_id_parts";
const COMMIT: &str = "post_files_upload_sessions_id_commit";
const ABORT: &str = "delete_files_upload_sessions_id";

fn rig() -> Rig {
    Rig::with(|builder| builder.part_size(PART))
}

/// No two parts of it are equal.
fn content(seed: u8) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(u64::from(seed));
    std::iter::repeat_with(|| rng.u8(..)).take(SIZE).collect()
}

fn part_bytes(cloud: &BoxEmulator) -> u64 {
    let parts = cloud.requests().into_iter().filter(|r| r.operation == PUT);
    parts.map(|request| request.content_bytes).sum()
}

/// Nothing is left open, here or at Box.
#[track_caller]
fn expect_closed(rig: &Rig) {
    assert_eq!(rig.cloud.sessions(), []);
    assert_eq!(rig.row_count("session"), 0);
    assert_eq!(rig.row_count("intent"), 0);
}

#[test]
fn a_large_file_goes_in_parts_and_a_change_of_it_is_a_version() {
    let rig = rig();
    rig.write("large.bin", content(1)).write("small.txt", "s");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2)]);
    assert_eq!(run.count("bytes_sent"), SIZE as u64 + 1);
    let counts = [
        (CREATE, 1),
        (PUT, 6),
        (COMMIT, 1),
        (LIST, 0),
        (ABORT, 0),
        // The small one's: creating a session is the large one's preflight.
        ("options_files_content", 1),
    ];
    for (operation, count) in counts {
        assert_eq!(rig.calls(operation), count, "{operation}");
    }
    rig.expect_same_as_disk();
    expect_closed(&rig);
    let id = rig.entry("large.bin").id;

    rig.once_ok().expect(&[("unchanged", 2)]);
    assert_eq!(rig.calls(PUT), 6, "nothing changed");
    // New times and the old content: read, and not sent.
    rig.touch("large.bin").once_ok();
    assert_eq!(rig.calls(CREATE_VERSION), 0);

    rig.write("large.bin", content(2));
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
    assert_eq!(rig.calls(CREATE_VERSION), 1);
    assert_eq!(rig.entry("large.bin").id, id);
    assert_eq!(rig.entry("large.bin").versions, 2);
    let mut commits = rig.cloud.requests().into_iter();
    let commit = commits.rfind(|request| request.operation == COMMIT);
    assert!(commit.is_some_and(|commit| commit.if_match.is_some()));
    rig.expect_same_as_disk();
    expect_closed(&rig);
}

#[test]
fn the_times_of_a_large_file_arrive() {
    let rig = rig();
    rig.write("large.bin", content(1));
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
    let file = std::fs::File::options()
        .append(true)
        .open(rig.path("large.bin"));
    let set = file.and_then(|file| file.set_modified(modified));
    set.expect("the time can be set");
    rig.once_ok();
    let told = rig.entry("large.bin").content_modified_at;
    assert_eq!(told.as_deref(), Some("2017-07-14T02:40:00Z"));
}

#[test]
fn what_box_has_already_is_not_sent_again_however_large() {
    let rig = rig();
    rig.cloud.put_file(&rig.folder, "large.bin", &content(1));
    rig.write("large.bin", content(1));
    rig.once_ok().expect(&[("adopted", 1)]);
    assert_eq!(rig.calls(PUT), 0);
    // The same where only opening the session tells that the name is taken.
    rig.write("other.bin", content(2));
    rig.cloud.put_file(&rig.folder, "OTHER.bin", &content(2));
    rig.once_ok().expect(&[("adopted", 1), ("unchanged", 1)]);
    assert_eq!((rig.calls(CREATE), rig.calls(PUT)), (1, 0));
    expect_closed(&rig);
}

/// Holds the answer to the third part, and returns the run that waits for it with at
/// least two parts stored.
fn stopped_in_the_middle(rig: &Rig) -> crate::rig::Child {
    rig.cloud.inject(Fault::on(PUT).skip(2).forever().hold());
    let run = rig.begin();
    let is_there = |cloud: &BoxEmulator| {
        cloud.held() > 0 && cloud.sessions().first().is_some_and(|s| s.parts.len() > 2)
    };
    assert!(rig.cloud.wait_for(is_there, PATIENCE), "parts arrive");
    run
}

#[test]
fn after_kill_9_only_what_box_does_not_have_is_sent() {
    for existing in [false, true] {
        let rig = rig();
        if existing {
            rig.write("large.bin", content(9)).once_ok();
        }
        rig.write("large.bin", content(1));
        let (before, creates) = (
            part_bytes(&rig.cloud),
            rig.calls(CREATE) + rig.calls(CREATE_VERSION),
        );
        stopped_in_the_middle(&rig).kill();
        rig.cloud.clear_faults();
        rig.cloud.release_holds();
        let open = rig.cloud.sessions();
        assert_eq!(open.len(), 1);
        let run = rig.once_ok();
        run.expect(&[(if existing { "new_versions" } else { "uploaded" }, 1)]);
        let sent = part_bytes(&rig.cloud) - before;
        assert!(sent <= SIZE as u64 + 4 * PART, "{sent} bytes");
        assert!(run.count("bytes_sent") < SIZE as u64, "{run}");
        let created = rig.calls(CREATE) + rig.calls(CREATE_VERSION) - creates;
        assert_eq!(created, 1, "the same session");
        rig.expect_same_as_disk();
        assert_eq!(rig.entry("large.bin").versions, 1 + usize::from(existing));
        expect_closed(&rig);
    }
}

#[test]
fn a_file_that_changed_meanwhile_gets_a_session_of_its_own_and_the_old_one_is_given_up() {
    let rig = rig();
    rig.write("large.bin", content(1));
    stopped_in_the_middle(&rig).kill();
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    rig.write("large.bin", content(2));
    rig.once_ok().expect(&[("uploaded", 1)]);
    assert_eq!((rig.calls(CREATE), rig.calls(ABORT)), (2, 1));
    assert_eq!(rig.entry("large.bin").versions, 1);
    rig.expect_same_as_disk();
    expect_closed(&rig);
}

#[test]
fn a_session_whose_file_is_gone_is_given_up() {
    let rig = rig();
    rig.write("large.bin", content(1));
    stopped_in_the_middle(&rig).kill();
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    rig.remove("large.bin").write("other.txt", "o");
    rig.once_ok().expect(&[("uploaded", 1)]);
    assert_eq!(rig.calls(ABORT), 1);
    expect_closed(&rig);
}

#[test]
fn a_large_file_that_changes_while_it_is_sent_is_never_committed_torn() {
    let rig = rig();
    rig.write("large.bin", content(1));
    let run = stopped_in_the_middle(&rig);
    rig.write("large.bin", content(2));
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    let run = Run::of(run.finish());
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(rig.entry("large.bin").versions, 1, "{run}");
    rig.expect_same_as_disk();
    expect_closed(&rig);
}

#[test]
fn a_service_that_is_told_to_stop_keeps_what_has_arrived() {
    let rig = rig();
    rig.write("large.bin", content(1));
    rig.cloud.inject(Fault::on(PUT).skip(2).forever().hold());
    let service = rig.start();
    until("parts arrive", || {
        rig.cloud.held() > 0
            && rig
                .cloud
                .sessions()
                .first()
                .is_some_and(|s| s.parts.len() > 2)
    });
    rig.cloud.clear_faults();
    crate::rig::signal(service.pid(), "TERM");
    rig.cloud.release_holds();
    let run = service.finish();
    assert_eq!(run.count("pending") + run.count("uploaded"), 1, "{run}");
    let is_silence = |event: &serde_json::Value| event["event"] == "unreachable";
    assert!(!run.events.iter().any(is_silence), "Box is there: {run}");
    let before = part_bytes(&rig.cloud);
    rig.once_ok();
    assert!(part_bytes(&rig.cloud) - before < SIZE as u64);
    assert_eq!(rig.calls(CREATE), 1);
    rig.expect_same_as_disk();
    expect_closed(&rig);
}

#[test]
fn a_box_that_wants_even_larger_files_whole_gets_them_whole() {
    let rig = Rig::with(|builder| builder.chunked_minimum(30 << 20));
    rig.write("large.bin", content(1));
    rig.once_ok().expect(&[("uploaded", 1)]);
    assert_eq!((rig.calls(CREATE), rig.calls("post_files_content")), (1, 1));
    rig.expect_same_as_disk();
}

#[test]
fn parts_are_sent_several_at_a_time_and_no_more() {
    for (key, most) in [("", 4), ("concurrent_parts = 2", 2)] {
        let mut rig = rig();
        rig.config.limits.push(key.to_owned());
        rig.config.save();
        rig.write("large.bin", content(1));
        rig.cloud.inject(Fault::on(PUT).forever().hold());
        let run = rig.begin();
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == most, PATIENCE));
        rig.cloud.clear_faults();
        rig.cloud.release_holds();
        Run::of(run.finish()).expect_code(0);
        rig.expect_same_as_disk();
    }
}
