//! What the machine does to the program: it takes memory, descriptors, time and readers
//! away, replaces the program under way, and lets others flood its socket.

use crate::rig::{Child, Rig, Run, Service, clean, holds_within, not_run, until};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// `sh` that does something first, and is the program then.
fn after(rig: &Rig, first: &str, args: &[&str]) -> Command {
    let program = rig.command(args);
    let mut command = clean(Command::new("sh"), rig.temp());
    command
        .args(["-c", &format!("{first}\nexec \"$@\""), "sh"])
        .arg(program.get_program())
        .args(program.get_args());
    command
}

/// However little memory it gets: what is on Box afterwards is there once.
#[test]
fn too_little_memory_ends_it_and_harms_nothing() {
    let rig = Rig::new();
    for number in 0..40 {
        rig.write(&format!("d{}/f{number}", number % 4), format!("{number}"));
    }
    let (mut failed, mut passed) = (0, 0);
    for mib in [40, 60, 90, 120, 150, 200, 300, 450, 700, 1_100, 2_200] {
        let limit = format!("ulimit -v {}", mib * 1_024);
        let run = Child::start(after(&rig, &limit, &["sync", "--once"])).finish();
        assert_ne!(run.code, 101, "{run:?}");
        failed += usize::from(run.code != 0);
        passed += usize::from(run.code == 0);
    }
    assert!(failed > 0 && passed > 0, "{failed} {passed}");
    rig.once_ok();
    rig.expect_same_as_disk();
    for number in 0..40 {
        rig.expect_versions(
            &format!("d{}/f{number}", number % 4),
            &[&format!("{number}")],
        );
    }
}

/// A panic of whatever thread ends the process; the runtime panics when the system does
/// not let it wait for events.
#[test]
fn a_panic_in_any_thread_ends_the_process_with_70_and_one_line() {
    if Command::new("strace").arg("-V").output().is_err() {
        not_run("there is no strace");
        return;
    }
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut ended = 0;
    for number in [3, 9, 27] {
        let program = rig.command(&["sync"]);
        let mut strace = clean(Command::new("strace"), rig.temp());
        strace
            // The tracer is the one apart: what is started is the program.
            .args([
                "-D",
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=epoll_wait",
                "-e",
            ])
            .arg(format!("inject=epoll_wait:error=EINVAL:when={number}"))
            .arg(program.get_program())
            .args(program.get_args());
        let mut child = Child::start(strace);
        // A thread that is never woken that often does not come there.
        let is_over = holds_within(Duration::from_secs(20), || child.has_ended());
        if !is_over {
            child.term();
            child.finish();
            continue;
        }
        let run = child.finish();
        assert_eq!(run.code, 70, "{run:?}");
        let told = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "));
        assert_eq!(told.count(), 1, "{run:?}");
        assert!(run.stderr.contains("mistake in itself"), "{run:?}");
        ended += 1;
    }
    assert!(ended > 0, "nothing has panicked");
    rig.once_ok();
    rig.expect_versions("a.txt", &["a"]);
}

/// It is stopped most of the time, and goes on in between.
#[test]
fn a_tenth_of_a_processor_is_enough() {
    let rig = Rig::new();
    for number in 0..30 {
        rig.write(&format!("d{}/f{number}", number % 3), format!("{number}"));
    }
    let mut run = rig.begin();
    let pid = rustix::process::Pid::from_raw(run.pid().cast_signed()).expect("it has one");
    let pulse = |signal, span| {
        // Ended already is fine.
        let _ = rustix::process::kill_process(pid, signal);
        std::thread::park_timeout(Duration::from_millis(span));
    };
    until("it ends", || {
        pulse(rustix::process::Signal::CONT, 2);
        pulse(rustix::process::Signal::STOP, 18);
        run.has_ended()
    });
    Run::of(run.finish()).expect_code(0);
    rig.expect_same_as_disk();
    assert_eq!(rig.calls("post_files_content"), 30);
}

/// By a clock that runs at a quarter of the time since the start of the machine, three
/// quarters of the time were slept.
#[test]
fn after_a_sleep_everything_is_looked_at() {
    let rig = Rig::new().configured(|config| {
        let lines = ["settle = \"10ms\"", "rescan = \"24h\"", "mode = \"poll\""];
        config.watch = lines.map(str::to_owned).to_vec();
        config.watch.push("poll_interval = \"24h\"".to_owned());
    });
    rig.write("a.txt", "a");
    let Some(command) = rig.command_at("+0 x0.25", &["sync", "--json"]) else {
        return;
    };
    let service = Service::start_command(&rig, command);
    rig.expect_arrival("a.txt", "a");
    rig.write("a.txt", "changed in its sleep");
    // Nothing but the sleep leads there.
    rig.expect_arrival("a.txt", "changed in its sleep");
    drop(service.term());
}

/// The wall clock of a running service jumps by an hour and by ten years, both ways.
#[test]
fn a_clock_that_jumps_under_the_service_loses_and_repeats_nothing() {
    let rig = Rig::new();
    let Some((command, clock)) = rig.command_and_clock(&["sync", "--json"]) else {
        return;
    };
    let service = Service::start_command(&rig, command);
    service.wait_ok(&rig);
    let mut contents = vec!["0".to_owned()];
    rig.write("a.txt", "0");
    service.wait_ok(&rig);
    let jumps = ["+1", "-1", "+1h", "-1h", "+3650d", "-3650d", "+0"];
    for (number, jump) in jumps.iter().enumerate() {
        rig.write(&format!("before{number}"), "x");
        clock.set(jump);
        let content = format!("{jump} {number}");
        rig.write("a.txt", &content)
            .write(&format!("after{number}"), "x");
        contents.push(content);
        service.wait_ok(&rig);
    }
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    rig.expect_versions("a.txt", &contents)
        .expect_same_as_disk();
    assert_eq!(rig.calls("post_files_content"), 1 + 2 * jumps.len() as u64);
    // Nor is what was done forgotten for the ten years that have passed for a moment.
    let told = rig.run(&["history", "--json", "--limit", "0"]).stdout;
    let told = told.lines().filter(|line| line.contains("file_id"));
    assert_eq!(told.count(), 1 + 3 * jumps.len());
    service.end();
}

/// As a backup program does that copies the database for a long time.
#[test]
fn a_reader_of_the_database_holds_nothing_up_and_loses_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "one");
    rig.once_ok();
    let reader = rig.database();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM file")
        .expect("it reads");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "two").write("b.txt", "b");
    service.wait_ok(&rig);
    service.end();
    rig.once_ok().expect(&[("unchanged", 2)]);
    reader.execute_batch("COMMIT").expect("it has read");
    rig.once_ok().expect(&[("unchanged", 2)]);
    rig.expect_versions("a.txt", &["one", "two"]);
}

/// Both streams go to a reader that leaves, and to a disk that is full.
#[test]
fn what_nobody_reads_stops_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut command = rig.command(&["-vv", "sync", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop((child.stdout.take(), child.stderr.take()));
    rig.expect_arrival("a.txt", "a");
    rig.write("b.txt", "b").expect_arrival("b.txt", "b");
    crate::rig::signal(child.id(), "TERM");
    assert!(child.wait().is_ok_and(|status| status.code() == Some(0)));

    let full = after(
        &rig,
        "exec > /dev/full 2> /dev/full",
        &["-vv", "sync", "--json"],
    );
    let service = Service::start_command(&rig, full);
    rig.write("c.txt", "c").expect_arrival("c.txt", "c");
    service.wait_ok(&rig);
    service.kill();
    // Whether the next one answers is told by its own.
    std::fs::remove_file(rig.state().join("control.sock")).expect("it was left");

    // A log that somebody removes.
    let log = rig.temp().join("log");
    let first = format!("exec > {log:?} 2>&1");
    let service = Service::start_command(&rig, after(&rig, &first, &["-vv", "sync", "--json"]));
    service.wait_ok(&rig);
    std::fs::remove_file(&log).expect("it was written");
    rig.write("d.txt", "d").expect_arrival("d.txt", "d");
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
}

#[test]
fn a_bare_environment_is_enough() {
    for (number, first) in [
        "exec <&- >&- 2>&-",
        "mkdir here && cd here && rmdir ../here",
        "unset HOME",
        "export LC_ALL=C LANG=C",
        "umask 077",
        "export TZ=/nowhere TERM=",
    ]
    .iter()
    .enumerate()
    {
        let rig = Rig::new();
        rig.write("häuser/ß \u{1f3e0}.txt", "x").write("b.txt", "b");
        let run = Child::start(after(&rig, first, &["sync", "--once"])).finish();
        assert_eq!(run.code, 0, "{number} {first}: {run:?}");
        rig.expect_same_as_disk();
        rig.write("b.txt", "newer");
        let run = Child::start(after(&rig, first, &["sync", "--once"])).finish();
        assert_eq!(run.code, 0, "{number} {first}: {run:?}");
        rig.expect_versions("b.txt", &["b", "newer"]);
    }
}

/// As a package manager does.
#[test]
fn the_program_may_be_replaced_while_it_runs() {
    let rig = Rig::new();
    rig.write("a.txt", "one");
    let installed = rig.temp().join("installed");
    let install = || {
        let next = rig.temp().join("installed.new");
        std::fs::copy(env!("CARGO_BIN_EXE_boxup"), &next).expect("copied");
        std::fs::rename(&next, &installed).expect("renamed");
    };
    let start = |program: &Path| {
        let mut command = clean(Command::new(program), rig.temp());
        command.arg("--config").arg(&rig.config.file);
        command.args(["sync", "--json"]);
        Service::start_command(&rig, command)
    };
    install();
    let service = start(&installed);
    service.wait_ok(&rig);
    install();
    rig.write("a.txt", "two");
    service.wait_ok(&rig);
    service.end();
    let service = start(&installed);
    service.wait_ok(&rig);
    rig.write("a.txt", "three");
    service.wait_ok(&rig);
    service.end();
    rig.expect_versions("a.txt", &["one", "two", "three"]);
}

/// Many who say nothing, half a question, too long a question, nonsense, and many who ask
/// and do not listen.
#[test]
fn a_flooded_socket_still_answers_and_stays_within_bounds() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let socket = rig.state().join("control.sock");
    let mut crowd = Vec::new();
    for number in 0..600 {
        let Ok(mut stream) = UnixStream::connect(&socket) else {
            continue;
        };
        let said: &[u8] = match number % 6 {
            0 => b"",
            1 => b"{\"verb\":",
            2 => b"nonsense\n\xff\xfe\n",
            3 => b"{\"verb\":\"status\"}\n",
            4 => b"{\"verb\":\"unheard of\"}\n",
            _ => &[b'x'; 40_000],
        };
        // Whoever was turned away need not listen.
        let timeout = Some(Duration::from_secs(5));
        stream.set_write_timeout(timeout).expect("it can be set");
        let _ = stream.write_all(said);
        crowd.push(stream);
        if number % 100 == 99 {
            service.status(&rig);
        }
    }
    until("those who say nothing are let go", || {
        descriptors(service.pid()) < 200
    });
    rig.write("b.txt", "b");
    service.wait_ok(&rig);
    // Who asked something and listens is answered.
    let mut stream = UnixStream::connect(&socket).expect("it is there");
    stream.write_all(b"{\"verb\":\"status\"}\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.contains("\"running\":true"), "{answer}");
    drop(crowd);
    service.end();
}

fn descriptors(pid: u32) -> usize {
    let fds = std::fs::read_dir(format!("/proc/{pid}/fd"));
    fds.map_or(0, Iterator::count)
}
