//! The state is held by somebody who cannot be asked: a service that has just begun, or a
//! single pass.

use crate::rig::{Child, PATIENCE, Rig, Run, ask, until};
use box_emulator::Fault;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

/// This process has the lock as a service has it that does not listen yet.
fn begin(rig: &Rig) -> File {
    let mut lock = File::create(rig.state().join("lock")).expect("made");
    // A child of another test may hold for a moment what was let go here.
    until("nobody has it", || lock.try_lock().is_ok());
    writeln!(lock, "{} service", std::process::id()).expect("written");
    lock
}

/// Answers one question as a service does that has put everything on Box.
fn listen_once(rig: &Rig) -> String {
    let listener = UnixListener::bind(rig.state().join("control.sock")).expect("bound");
    listener.set_nonblocking(true).expect("set");
    let mut asked = None;
    until("somebody asks", || {
        asked = listener.accept().ok();
        asked.is_some()
    });
    let (mut stream, _) = asked.expect("somebody does");
    stream.set_nonblocking(false).expect("set");
    let mut question = String::new();
    let mut read = BufReader::new(stream.try_clone().expect("cloned"));
    read.read_line(&mut question).expect("a question");
    let answer = b"{\"halted\":[],\"paused\":[],\"left\":[],\"mirrors\":[]}\n";
    stream.write_all(answer).expect("answered");
    question
}

#[test]
fn a_service_that_has_just_begun_is_waited_for() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    for verb in [&["wait", "--timeout", "90s"][..], &["pause"]] {
        let lock = begin(&rig);
        let mut child = Child::start(rig.command(&[verb, &["-v", "--json"]].concat()));
        until("it waits", || {
            assert!(!child.has_ended(), "{} {}", child.stdout(), child.stderr());
            child
                .stderr()
                .contains("waits until the service can be asked")
        });
        let question = listen_once(&rig);
        assert!(question.contains(verb[0]), "{question}");
        let finished = child.finish();
        assert_eq!(finished.code, 0, "{finished:?}");
        std::fs::remove_file(rig.state().join("control.sock")).expect("removed");
        drop(lock);
    }
}

#[test]
fn a_service_that_does_not_come_is_not_waited_for_longer_than_that() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let lock = begin(&rig);
    let pages = Child::start(rig.command(&["status", "--watch"]));
    let (code, answer) = ask(&rig, &["wait", "--timeout", "300ms", "--json"]);
    assert_eq!((code, &answer["timed_out"]), (1, &true.into()), "{answer}");
    let words = rig.run(&["status"]);
    let pid = std::process::id();
    let expected = format!("the service is starting or about to end (pid {pid})\n");
    assert_eq!(words.code, 69, "{words:?}");
    assert!(words.stdout.starts_with(&expected), "{words:?}");
    // Whoever watches is told when that has become something else.
    until("a page", || pages.stdout().contains(&expected));
    drop(lock);
    std::fs::remove_file(rig.state().join("lock")).expect("removed");
    until("another page", || pages.stdout().contains("is not running"));
}

#[test]
fn a_single_pass_is_told_as_what_it_is() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    rig.write("b.txt", "b");
    rig.cloud.inject(Fault::on("post_files_content").hold());
    let pass = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let (code, status) = ask(&rig, &["status", "--json"]);
    assert_eq!(code, 69, "{status}");
    assert_eq!(status["busy"]["pid"], pass.pid(), "{status}");
    assert_eq!(status["busy"]["role"], "run", "{status}");
    let mirror = &status["mirrors"][0];
    assert_eq!(
        (&mirror["state"], &mirror["synced"]),
        (&"running".into(), &1.into())
    );
    assert!(mirror["pending"].is_null(), "{mirror}");
    let who = pass.pid().to_string();
    for (args, code, words) in [
        (&["status"][..], 69, "a single pass is under way (pid "),
        (
            &["status", "--max-lag", "1h"],
            0,
            ", a single pass is under way)",
        ),
        (&["wait"], 69, "a single pass (process "),
        (&["bump", "mirror/b.txt"], 69, "a single pass (process "),
        (&["pause"], 75, "another boxup (process "),
    ] {
        let told = rig.run(args);
        let said = [told.stdout.as_str(), &told.stderr].concat();
        assert_eq!(told.code, code, "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
        assert!(code == 0 || said.contains(&who), "{args:?}: {said}");
    }
    rig.cloud.release_holds();
    Run::of(pass.finish()).expect_code(0);
    let (_, status) = ask(&rig, &["status", "--json"]);
    assert!(status["busy"].is_null(), "{status}");
    assert_eq!(status["mirrors"][0]["state"], "stopped", "{status}");
}

#[test]
fn what_a_pass_that_was_cut_short_has_left_is_counted() {
    let rig = Rig::new();
    for number in 0..20 {
        rig.write(&format!("{number}.txt"), number.to_string());
    }
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    for how in ["TERM", "--max-duration"] {
        let args = ["sync", "--once", "--json", "--max-duration", "2s"];
        let pass = Child::start(rig.command(match how {
            "TERM" => &args[..3],
            _ => &args,
        }));
        if how == "TERM" {
            assert!(rig.cloud.wait_for(|cloud| cloud.held() > 0, PATIENCE));
            pass.term();
        }
        let run = Run::of(pass.finish());
        run.expect_code(1);
        // On a slow machine the time is up before anything was found.
        let left = run.count("pending");
        assert!(left > 0 || how != "TERM", "{how}: {run}");
        let (_, status) = ask(&rig, &["status", "--json"]);
        let mirror = &status["mirrors"][0];
        assert_eq!(mirror["cut_short"], true, "{how}: {mirror}");
        assert_eq!(mirror["pending"], left, "{how}: {mirror}");
        let words = rig.run(&["status"]).stdout;
        let is_told = words.contains(&format!("{left} pending"));
        assert!(is_told || left == 0, "{how}: {words}");
    }
}
