//! The system says no: a call of the program on its state or on the mirror fails, the first
//! of its kind, the second, and so on. A run that meets that ends with a documented code
//! and no panic, nothing is counted as on Box that is not, and the next run makes it good.

use crate::rig::{Child, Finished, Rig, Run, clean, each, not_run};
use std::collections::BTreeMap;
use std::process::Command;

/// What a run may end with: all on Box, not all, a mirror halted, Box not reached, the state
/// not usable, the configuration not readable.
const CODES: [i32; 6] = [0, 1, 3, 69, 74, 78];

/// Points in each run of the tests; `BOXUP_ERRNOS=all` asks for every one.
const SAMPLE: usize = 60;

/// The calls and what each can be told.
const FAULTS: [(&str, &[&str]); 9] = [
    ("openat", &["EIO", "EMFILE", "EINTR", "ENOSPC", "ENOMEM"]),
    ("read", &["EIO", "EINTR"]),
    ("pread64", &["EIO", "EINTR"]),
    ("pwrite64", &["EIO", "ENOSPC", "EDQUOT", "EFBIG", "EINTR"]),
    ("write", &["EIO", "ENOSPC", "EINTR"]),
    ("fsync", &["EIO", "ENOSPC", "EINTR"]),
    ("fdatasync", &["EIO", "ENOSPC"]),
    ("getdents64", &["EIO", "EINTR"]),
    ("statx", &["EIO", "ENOMEM"]),
];

/// The n-th call of a kind, and what it is told; `then` for it and every later one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    call: &'static str,
    errno: &'static str,
    number: usize,
    for_ever: bool,
}

fn rig() -> Rig {
    let rig = Rig::new();
    rig.write("a.txt", "before").write("d/b.txt", "b").once_ok();
    rig.write("a.txt", "after!")
        .write("c.txt", "new")
        .write("d/e/f.txt", "f");
    rig
}

/// A pass under strace, which sees the calls that are about the state and the mirror.
fn traced(rig: &Rig, tell: impl FnOnce(&mut Command)) -> Finished {
    let mut strace = clean(Command::new("strace"), rig.temp());
    strace.args(["-f", "-qq", "--seccomp-bpf", "-e", "signal=none"]);
    tell(&mut strace);
    for path in watched(rig) {
        strace.arg("-P").arg(path);
    }
    let command = rig.command(&["sync", "--once", "--json"]);
    strace
        .env("TOKIO_WORKER_THREADS", "1")
        .arg(command.get_program())
        .args(command.get_args());
    Child::start(strace).finish()
}

/// Directories and files as the program names them: relative to an open directory, too.
fn watched(rig: &Rig) -> Vec<std::path::PathBuf> {
    let state = rig.state();
    let mut all = vec![state.clone(), rig.local().to_path_buf()];
    for file in [
        "boxup.db",
        "boxup.db-wal",
        "boxup.db-shm",
        "lock",
        "tokens.json",
    ] {
        all.push(state.join(file));
    }
    for path in ["a.txt", "c.txt", "d", "d/b.txt", "d/e", "d/e/f.txt"] {
        all.push(rig.path(path));
        all.push(path.rsplit('/').next().unwrap_or(path).into());
    }
    all
}

/// How often each call is made by the thread that makes it most often.
fn counts() -> BTreeMap<&'static str, usize> {
    let rig = rig();
    let file = rig.temp().join("trace");
    let calls: Vec<_> = FAULTS.iter().map(|(call, _)| format!("?{call}")).collect();
    let finished = traced(&rig, |strace| {
        strace.arg("-o").arg(&file);
        strace.args(["-e", &format!("trace={}", calls.join(","))]);
    });
    assert_eq!(finished.code, 0, "{finished:?}");
    let trace = std::fs::read_to_string(file).expect("strace wrote its trace");
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let mut words = line.split_whitespace();
        let thread = words.next().unwrap_or_default();
        let call = words.next().unwrap_or_default();
        let call = call.split('(').next().unwrap_or_default();
        if let Some((call, _)) = FAULTS.iter().find(|(known, _)| *known == call) {
            *counts.entry((thread, *call)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in counts {
        let call = FAULTS
            .iter()
            .find(|(known, _)| *known == call)
            .expect("known")
            .0;
        let so_far = most.entry(call).or_default();
        *so_far = count.max(*so_far);
    }
    most
}

fn points() -> Vec<Point> {
    let counts = counts();
    for call in ["openat", "pread64", "pwrite64", "fsync", "getdents64"] {
        assert!(counts.contains_key(call), "no {call} was seen: {counts:?}");
    }
    let mut all = Vec::new();
    for (call, errnos) in FAULTS {
        let count = counts.get(call).copied().unwrap_or_default();
        for errno in errnos {
            for number in 1..=count {
                // What is interrupted for ever is tried again for ever.
                let kinds = if *errno == "EINTR" { 1 } else { 2 };
                for for_ever in [false, true].into_iter().take(kinds) {
                    all.push(Point {
                        call,
                        errno,
                        number,
                        for_ever,
                    });
                }
            }
        }
    }
    if std::env::var("BOXUP_ERRNOS").is_ok_and(|asked| asked == "all") {
        return all;
    }
    // Some of every call and errno, spread over the run.
    let mut rng = fastrand::Rng::with_seed(20_261_130);
    rng.shuffle(&mut all);
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    all.sort_by_cached_key(|point| {
        let seen = kinds.entry((point.call, point.errno)).or_default();
        *seen += 1;
        *seen
    });
    all.truncate(SAMPLE);
    all
}

fn check(point: &Point) {
    let rig = rig();
    let Point {
        call,
        errno,
        number,
        for_ever,
    } = point;
    let more = if *for_ever { "+" } else { "" };
    let finished = traced(&rig, |strace| {
        strace.args(["-o", "/dev/null", "-e", &format!("trace={call}")]);
        strace.args([
            "-e",
            &format!("inject={call}:error={errno}:when={number}{more}"),
        ]);
    });
    let Finished {
        code,
        stdout,
        stderr,
    } = &finished;
    assert!(CODES.contains(code), "{finished:?}");
    for text in [stdout, stderr] {
        assert!(
            !text.contains("panicked") && !text.contains("RUST_BACKTRACE"),
            "{text}"
        );
    }
    if *code == 0 {
        rig.expect_same_as_disk();
    } else {
        let said = format!("{stdout}{stderr}");
        assert!(
            said.contains("error") || said.contains("failed"),
            "not a word: {finished:?}"
        );
    }
    if *errno == "EINTR" && ["read", "pread64", "write", "pwrite64", "openat"].contains(call) {
        assert_eq!(*code, 0, "an interruption is nothing: {finished:?}");
    }
    // Whatever was in doubt, nothing is sent twice, and the state is the one of before.
    expect_old_state(&rig, &rig.once_ok());
    rig.expect_same_as_disk();
    rig.expect_versions("a.txt", &["before", "after!"]);
    for path in ["c.txt", "d/b.txt", "d/e/f.txt"] {
        assert_eq!(rig.entry(path).versions, 1, "{path}");
    }
    let run: Run = rig.once_ok();
    run.expect(&[("unchanged", 4), ("requests", 0)]);
}

/// A run that found the state as it was: nobody has set it aside, or takes it for another.
#[track_caller]
fn expect_old_state(rig: &Rig, run: &Run) {
    let doubts = ["damaged", "is lost", "an old copy"];
    assert!(
        !doubts.iter().any(|word| run.stderr.contains(word)),
        "{run}"
    );
    let entries = std::fs::read_dir(rig.state()).expect("listed").flatten();
    let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    let is_aside = |name: &std::ffi::OsString| name.to_string_lossy().contains("damaged");
    assert!(!names.iter().any(is_aside), "{names:?}");
}

fn can_trace() -> bool {
    let probe = Command::new("strace")
        .args(["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "true"])
        .output();
    let can = probe.is_ok_and(|probe| probe.status.success());
    if !can {
        not_run("there is no strace that may trace");
    }
    can
}

/// Runs a pass in which this call on this file fails so.
fn with(rig: &Rig, file: &std::path::Path, inject: &str) -> Run {
    let mut strace = clean(Command::new("strace"), rig.temp());
    strace.args([
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-e",
        "signal=none",
    ]);
    let call = inject.split(':').next().expect("it names a call");
    strace.args([
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={inject}"),
    ]);
    let command = rig.command(&["sync", "--once", "--json"]);
    strace
        .arg("-P")
        .arg(file)
        .arg(command.get_program())
        .args(command.get_args());
    Run::of(Child::start(strace).finish())
}

/// At its first byte or later, the first time or always.
#[test]
fn a_source_that_cannot_be_read_fails_alone_and_goes_when_it_can() {
    if !can_trace() {
        return;
    }
    let cases = [
        "pread64:error=EIO:when=1+",
        "pread64:error=EIO:when=3+",
        "openat:error=EIO:when=1+",
    ];
    for inject in cases {
        let rig = Rig::new();
        rig.write("bad.bin", vec![b'x'; 3 << 20])
            .write("good.txt", "good");
        let name = match inject.starts_with("openat") {
            true => "bad.bin".into(),
            false => rig.path("bad.bin"),
        };
        let run = with(&rig, &name, inject);
        run.expect_code(1);
        run.expect(&[("uploaded", 1), ("failed", 1)]);
        run.expect_event("bad.bin", "failed read_error");
        rig.expect_box(["good.txt: good"]);
        rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 1)]);
        rig.expect_same_as_disk();
    }
}

/// Nothing is believed to be recorded whose recording failed: the run ends there, and the
/// next one asks Box.
#[test]
fn a_sync_of_the_state_that_fails_once_or_always_ends_the_run() {
    if !can_trace() {
        return;
    }
    let file = |rig: &Rig| rig.state().join("boxup.db-wal");
    let mut ended = 0;
    for number in 1..6 {
        for more in ["", "+"] {
            let rig = rig();
            let inject = format!("fsync:error=EIO:when={number}{more}");
            let run = with(&rig, &file(&rig), &inject);
            if run.code != 0 {
                run.expect_code(74);
                ended += 1;
            }
            rig.once_ok();
            rig.expect_versions("a.txt", &["before", "after!"])
                .expect_same_as_disk();
            rig.once_ok().expect(&[("unchanged", 4), ("requests", 0)]);
        }
    }
    assert!(ended > 0, "nothing was ever synced");
}

#[test]
fn whatever_call_fails_the_run_says_so_and_the_next_makes_it_good() {
    if can_trace() {
        each(&points(), check);
    }
}

/// SQLite calls a page damaged that the disk fails to give, and takes for zeros what a
/// read has left out: neither costs the state.
#[test]
fn no_read_of_the_state_that_fails_or_comes_back_short_costs_it() {
    if !can_trace() {
        return;
    }
    let kinds = ["error=EIO", "retval=0", "error=EINTR"];
    let cases = (1..=8).flat_map(|number| kinds.map(|kind| (number, kind)));
    let cases: Vec<_> = cases
        .flat_map(|(number, kind)| ["", "+"].map(|more| (number, kind, more)))
        .filter(|(_, kind, more)| *kind != "error=EINTR" || more.is_empty())
        .collect();
    each(&cases, |(number, kind, more)| {
        let rig = rig();
        let inject = format!("pread64:{kind}:when={number}{more}");
        let run = with(&rig, &rig.state().join("boxup.db"), &inject);
        if run.code != 0 {
            run.expect_code(74);
        }
        expect_old_state(&rig, &rig.once_ok());
        rig.expect_versions("a.txt", &["before", "after!"])
            .expect_same_as_disk();
    });
}

/// The mark of a run that could not be made is no sign of an old copy.
#[test]
fn a_mark_that_cannot_be_made_costs_nothing() {
    if !can_trace() {
        return;
    }
    // Those of the first run were 1 and 2.
    let marks = ["generation.3", "generation.4"];
    let faults = [
        "openat:error=EIO:when=1+",
        "openat:error=EMFILE:when=1",
        "fsync:error=EIO:when=1",
    ];
    let cases: Vec<_> = marks
        .iter()
        .flat_map(|mark| faults.map(|fault| (*mark, fault)))
        .collect();
    let met = std::sync::atomic::AtomicUsize::new(0);
    each(&cases, |(mark, fault)| {
        let rig = rig();
        let run = with(&rig, &rig.state().join(mark), fault);
        if run.code != 0 || run.stderr.contains("closed in order") {
            met.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        expect_old_state(&rig, &rig.once_ok());
        rig.expect_versions("a.txt", &["before", "after!"])
            .expect_same_as_disk();
    });
    assert_eq!(met.into_inner(), cases.len(), "a mark was not made there");
}

/// Opening what is mirrored, what rules it and what is remembered: interrupted, it goes on.
#[test]
fn an_interrupted_opening_is_nothing() {
    if !can_trace() {
        return;
    }
    type Place = fn(&Rig) -> std::path::PathBuf;
    let places: [(&str, Place); 5] = [
        ("rules", |_| ".boxupignore".into()),
        ("root", Rig::local),
        ("file", |_| "a.txt".into()),
        ("state", Rig::state),
        ("lock", |rig| rig.state().join("lock")),
    ];
    each(&places, |(what, place)| {
        let rig = rig();
        rig.write(".boxupignore", "*.tmp\n").write("x.tmp", "x");
        for number in 1..=2 {
            let inject = format!("openat:error=EINTR:when={number}");
            let run = with(&rig, &place(&rig), &inject);
            assert_eq!((run.code, run.count("failed")), (0, 0), "{what}: {run}");
        }
        assert!(rig.cloud.entry(&rig.folder, "x.tmp").is_none(), "{what}");
    });
}
