//! What goes wrong while a large file goes up in parts: one file and one version come of
//! it, and nothing that is there already is sent for nothing.

use crate::rig::{Act, PATIENCE, Plot, Rig, Run, each, until};
use box_emulator::{Effect, Fault, Slow};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// Cuts into six parts, of which the last is short.
const PART: u64 = 4 << 20;
const SIZE: u64 = (21 << 20) + 4_321;

const CREATE: &str = "post_files_upload_sessions";
const PUT: &str = "put_files_upload_sessions_id";
const COMMIT: &str = "post_files_upload_sessions_id_commit";

/// No two parts of it are equal, and no two seeds'. Made once: it is much.
fn content(seed: u64) -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = MADE
        .get_or_init(|| {
            let mut rng = fastrand::Rng::with_seed(1);
            let bytes = std::iter::repeat_with(|| rng.u8(..));
            bytes
                .take(usize::try_from(SIZE).expect("it is small"))
                .collect()
        })
        .clone();
    for part in bytes.chunks_mut(PART as usize) {
        part[..8].copy_from_slice(&seed.to_le_bytes());
    }
    bytes
}

fn large(rig: Rig) -> Rig {
    rig.cloud.set_part_size(Some(PART));
    rig.write("large.bin", content(1)).write("small.txt", "s");
    rig
}

/// It is there once, as it is on the disk, and nothing is left open.
#[track_caller]
fn expect_there(rig: &Rig, run: &Run) {
    assert_eq!(run.code, 0, "{run}");
    until("what is late has come", || rig.cloud.pending() == 0);
    rig.expect_same_as_disk();
    assert_eq!(rig.entry("large.bin").versions, 1, "{run}");
    for table in ["session", "intent"] {
        assert_eq!(rig.row_count(table), 0, "{table}: {run}");
    }
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

/// What goes wrong, and how many sessions it may take.
fn mishaps() -> Vec<(Fault, u64)> {
    let part = || Fault::on(PUT).skip(2);
    let commit = || Fault::on(COMMIT);
    let over = |fault: Fault| (fault, 2);
    let same = |fault: Fault| (fault, 1);
    vec![
        // The session is over.
        over(part().status(410, "session_expired")),
        over(part().status(410, "upload_failed")),
        over(part().status(404, "not_found")),
        over(commit().status(410, "session_expired")),
        over(commit().status(404, "not_found")),
        // Box has the part already, under either status.
        same(part().status_after(409, "range_overlaps_existing_part")),
        same(part().status_after(416, "range_overlaps_existing_part")),
        same(part().status_after(416, "")),
        // Box says so, and its list says otherwise, again and again.
        over(
            Fault::on(PUT)
                .skip(1)
                .times(5)
                .status(409, "range_overlaps_existing_part"),
        ),
        // The part arrives as something else: once, and again.
        same(part().status(400, "bad_digest")),
        same(part().status(412, "precondition_failed")),
        over(part().times(2).status(412, "precondition_failed")),
        // Nobody knows what became of it.
        same(part().drop_before()),
        same(part().drop_after()),
        same(part().status_after(500, "internal_server_error")),
        same(part().effect(Effect::CutAnswer)),
        same(part().effect(Effect::EmptyBody)),
        same(part().effect(Effect::Html { status: 200 })),
        same(part().mid_body_reset(0)),
        same(part().mid_body_reset(PART / 2)),
        same(part().mid_body_reset(PART - 1)),
        same(part().expired_token()),
        same(part().rate_limited(Some("1"))),
        // Nobody knows what became of the whole.
        over(commit().drop_before()),
        same(commit().drop_after()),
        same(commit().status_after(503, "unavailable")),
        same(commit().effect(Effect::CutAnswer)),
        same(commit().effect(Effect::EmptyBody)),
        same(commit().effect(Effect::WrongSha1)),
        over(commit().persist_later(Some(Duration::ZERO))),
        same(commit().expired_token()),
        same(commit().rate_limited(Some("1"))),
        // Nobody knows whether there is a session.
        over(Fault::on(CREATE).drop_after()),
        over(Fault::on(CREATE).effect(Effect::TruncatedJson)),
        same(Fault::on(CREATE).expired_token()),
    ]
}

#[test]
fn a_large_file_survives_every_single_mishap() {
    each(&mishaps(), |(fault, sessions)| {
        let rig = large(Rig::new());
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        assert_eq!(rig.cloud.faults_left(), 0, "{run}");
        expect_there(&rig, &run);
        // Opening one is also how a large file's name is asked about: a refusal is none.
        let all = rig.cloud.requests().into_iter();
        let opened = all.filter(|request| {
            request.operation == CREATE && !matches!(request.status, Some(401 | 409))
        });
        let opened = opened.count() as u64;
        assert!(opened <= *sessions, "{opened} sessions: {run}");
    });
}

/// The run is killed with parts at Box, and before the next one its session ends.
#[test]
fn a_session_that_ends_between_two_runs_is_replaced() {
    for is_lost in [false, true] {
        let rig = large(Rig::new());
        rig.cloud.inject(Fault::on(PUT).skip(2).forever().hold());
        let run = rig.begin();
        let has_parts = |cloud: &box_emulator::BoxEmulator| {
            let all = cloud.sessions();
            cloud.held() > 0 && all.first().is_some_and(|open| open.parts.len() > 2)
        };
        assert!(rig.cloud.wait_for(has_parts, PATIENCE));
        run.kill();
        rig.cloud.clear_faults();
        rig.cloud.release_holds();
        let open = rig.cloud.sessions().remove(0).id;
        match is_lost {
            true => rig.cloud.lose_session(&open),
            false => rig.cloud.expire_session(&open),
        }
        let run = rig.once();
        expect_there(&rig, &run);
        assert_eq!(rig.calls(CREATE), 2, "{run}");
    }
}

/// Box makes one session for a file and refuses another: the lost one is found.
#[test]
fn a_session_that_nobody_was_told_of_is_found_or_waited_out() {
    let rig = large(Rig::with(|builder| builder.session_conflict(true)));
    rig.cloud.inject(Fault::on(CREATE).drop_after());
    let run = rig.once();
    expect_there(&rig, &run);
}

/// A token that dies while the parts of it are on their way.
#[test]
fn parts_that_are_refused_together_cost_one_renewal() {
    let rig = large(Rig::new());
    let fault = Fault::on(PUT).skip(1).times(4);
    rig.cloud.inject(fault.effect(Effect::HoldBefore));
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() >= 3, PATIENCE));
    rig.cloud.expire_tokens();
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    let run = Run::of(run.finish());
    expect_there(&rig, &run);
    assert_eq!(rig.calls("post_oauth2_token"), 2, "{run}");
    assert_eq!(rig.calls(CREATE), 1, "{run}");
}

/// What is changed, how, and what the file then waits for.
type Lie = (&'static str, fn(&mut Value), &'static str);

fn sessions() -> Vec<Lie> {
    const ODD: &str = "parked odd_session";
    const FOREIGN: &str = "parked foreign_session_url";
    fn places(answer: &mut Value, base: &str) {
        let all = answer["session_endpoints"].as_object_mut();
        for place in all.into_iter().flat_map(|all| all.values_mut()) {
            *place = json!(format!("{base}/api/2.0/files/upload_sessions/1"));
        }
    }
    vec![
        ("no size", |answer| answer["part_size"] = json!(0), ODD),
        ("tiny", |answer| answer["part_size"] = json!(1), ODD),
        ("negative", |answer| answer["part_size"] = json!(-8), ODD),
        ("endless", |answer| answer["part_size"] = json!(1e300), ODD),
        ("a word", |answer| answer["part_size"] = json!("many"), ODD),
        ("nothing", |answer| answer["part_size"] = Value::Null, ODD),
        (
            "too large",
            |answer| answer["part_size"] = json!(u64::MAX),
            ODD,
        ),
        ("too few", |answer| answer["total_parts"] = json!(5), ODD),
        (
            "too many",
            |answer| answer["total_parts"] = json!(u64::MAX),
            ODD,
        ),
        ("none", |answer| answer["total_parts"] = json!(0), ODD),
        (
            "unknown",
            |answer| places(answer, "http://192.0.2.1"),
            FOREIGN,
        ),
        (
            "alike",
            |answer| places(answer, "https://box.com.evil.test"),
            FOREIGN,
        ),
        (
            "plain",
            |answer| places(answer, "http://upload.box.com"),
            FOREIGN,
        ),
        (
            "a user",
            |answer| places(answer, "https://me@upload.box.com"),
            FOREIGN,
        ),
    ]
}

#[test]
fn a_session_that_cannot_be_believed_gets_nothing() {
    each(&sessions(), |(_, lie, expected)| {
        let (rig, middle) = Rig::behind();
        let rig = large(rig);
        middle.plot(Plot::always(
            "/files/upload_sessions HTTP",
            Act::Change(*lie),
        ));
        let run = rig.once();
        assert!(middle.struck() > 0, "{run}");
        run.expect_code(1);
        run.expect_event("large.bin", expected);
        assert_eq!(rig.calls(PUT), 0, "{run}");
        rig.expect_box(["small.txt: s"]);
    });
}

/// A part is stored only when Box describes it as what was sent.
#[test]
fn a_part_that_is_described_wrongly_is_asked_for() {
    let lies: [fn(&mut Value); 4] = [
        |answer| answer["part"]["sha1"] = json!("0".repeat(40)),
        |answer| answer["part"]["size"] = json!(1),
        |answer| answer["part"]["offset"] = json!(3),
        |answer| *answer = json!({"part": null}),
    ];
    each(&lies, |lie| {
        let (rig, middle) = Rig::behind();
        let rig = large(rig);
        middle.plot(Plot::once("PUT /", Act::Change(*lie)));
        let run = rig.once();
        assert_eq!(middle.struck(), 1, "{run}");
        expect_there(&rig, &run);
        assert_eq!((rig.calls(CREATE), rig.calls(PUT)), (1, 6), "{run}");
        let listed = rig.calls("get_files_upload_sessions_id_parts");
        assert_eq!(
            (listed, rig.calls(COMMIT)),
            (1, 1),
            "asked before it commits: {run}"
        );
    });
}

#[test]
fn a_commit_that_takes_its_time_is_waited_for() {
    for times in [1, 20] {
        let rig = large(Rig::with(|builder| {
            let builder = builder.commit_retry_after(Some("0".to_owned()));
            builder.slow_commit(Slow::Times(times))
        }));
        let run = rig.once();
        expect_there(&rig, &run);
        assert_eq!(rig.calls(COMMIT), times + 1, "{run}");
        assert_eq!((rig.calls(CREATE), rig.calls(PUT)), (1, 6), "{run}");
    }
}

/// Told to stop, the run leaves the parts at Box; a later one has them put together.
#[test]
fn a_commit_that_never_ends_can_be_left_and_taken_up() {
    let rig = large(Rig::with(|builder| builder.slow_commit(Slow::Forever)));
    let run = rig.begin();
    let asked = |cloud: &box_emulator::BoxEmulator| cloud.count(COMMIT) >= 2;
    assert!(rig.cloud.wait_for(asked, PATIENCE));
    run.term();
    let run = Run::of(run.finish());
    run.expect_code(1);
    run.expect(&[("uploaded", 1), ("pending", 1)]);
    rig.expect_box(["small.txt: s"]);
    rig.cloud.set_slow_commit(Slow::Never);
    let run = rig.once();
    run.expect(&[("uploaded", 1), ("unchanged", 1)]);
    assert_eq!(run.count("bytes_sent"), 0, "{run}");
    assert_eq!(rig.calls(CREATE), 1, "{run}");
    expect_there(&rig, &run);
}

#[test]
fn parts_that_box_has_not_noticed_yet_are_not_sent_again() {
    let rig = large(Rig::with(|builder| builder.slow_parts(Slow::Times(2))));
    let run = rig.once();
    expect_there(&rig, &run);
    assert_eq!(rig.calls(COMMIT), 3, "{run}");
    assert_eq!((rig.calls(CREATE), rig.calls(PUT)), (1, 6), "{run}");
}

/// One pass that waits before its commit while somebody does something.
#[track_caller]
fn pass_with(rig: &Rig, happens: impl FnOnce()) -> Run {
    rig.cloud
        .inject(Fault::on(COMMIT).effect(Effect::HoldBefore));
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    happens();
    rig.cloud.release_holds();
    Run::of(run.finish())
}

#[test]
fn a_name_that_is_taken_before_the_commit_is_decided_like_any_other() {
    for (theirs, event, versions) in [
        (content(1), "adopted", 1),
        (b"theirs".to_vec(), "parked", 1),
    ] {
        let rig = large(Rig::new().mirror_key("on_existing = \"park\""));
        let run = pass_with(&rig, || {
            rig.cloud.put_file(&rig.folder, "large.bin", &theirs);
        });
        assert_eq!(run.event("large.bin")["event"], event, "{run}");
        run.expect_code(i32::from(event == "parked"));
        assert_eq!(rig.entry("large.bin").versions, versions, "{run}");
        assert_eq!(rig.cloud.content(&rig.entry("large.bin").id), Some(theirs));
    }
}

#[test]
fn a_file_that_changes_before_the_commit_is_judged_again() {
    for is_edited in [false, true] {
        let rig = large(Rig::new());
        rig.once_ok();
        rig.write("large.bin", content(2));
        let id = rig.entry("large.bin").id;
        let run = pass_with(&rig, || {
            match is_edited {
                true => drop(rig.cloud.put_file(&rig.folder, "large.bin", b"theirs")),
                false => rig.cloud.touch(&id),
            };
        });
        assert_eq!(rig.cloud.count_status(COMMIT, 412), 1, "{run}");
        assert_eq!(rig.cloud.versions(&id).len(), 2, "{run}");
        match is_edited {
            true => {
                run.expect_code(1);
                run.expect_event("large.bin", "parked changed_on_box");
                assert_eq!(rig.cloud.content(&id), Some(b"theirs".to_vec()));
            }
            false => {
                run.expect_code(0)
                    .expect(&[("new_versions", 1), ("unchanged", 1)]);
                rig.expect_same_as_disk();
            }
        }
    }
}
