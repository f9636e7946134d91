//! The ways to be told: a command, a webhook, and a sign of life; and that they leak
//! nothing.

use crate::rig::{Child, Recorder, Rig, Service, holds_within, until};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const CANARY: &str = "c4n4ry-0f-a-w3bh00k";

/// With these lines in `[notify]`, and no waiting.
fn rig(lines: &[String]) -> Rig {
    Rig::new().configured(|config| {
        config.notify = lines.to_vec();
        config.notify.push("for = \"0s\"".to_owned());
        config.notify.push("min_interval = \"0s\"".to_owned());
    })
}

#[test]
fn a_webhook_gets_json_with_a_text_for_people_and_no_token() {
    let server = Recorder::start();
    let rig = rig(&[format!("webhook = {:?}", server.url("hook?x=1"))]);
    rig.write("a.txt", "a").write("a\\b.txt", "x").once();
    let heard = server.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    let heard = &heard[0];
    assert_eq!(heard.line, "POST /hook?x=1");
    assert!(
        heard.head.contains("content-type: application/json"),
        "{heard:?}"
    );
    assert!(!heard.head.contains("authorization"), "{heard:?}");
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    assert_eq!(body["event"], "parked");
    let text = body["text"].as_str().expect("a text");
    assert!(
        text.starts_with("boxup on ") && text.contains("1 entry waits"),
        "{text}"
    );
}

#[test]
fn a_webhook_that_fails_changes_nothing_and_is_tried_again() {
    let server = Recorder::start();
    let rig = rig(&[format!("webhook = {:?}", server.url(CANARY))]);
    rig.write("a.txt", "a").write("a\\b.txt", "x");
    // It is not to be asked again, and a redirect is not followed.
    for (status, tries) in [(404, 1), (302, 1)] {
        server.answers(status);
        let before = server.heard().len();
        let run = rig.once();
        run.expect_code(1);
        assert_eq!(server.heard().len() - before, tries, "{status}");
        assert!(run.stderr.contains(&format!("answered {status}")), "{run}");
        assert!(!run.stderr.contains(CANARY), "{run}");
        // What nobody got waits a minute: as if nothing had been tried.
        forget(&rig);
    }
    server.answers(200);
    rig.once();
    let last = server.heard().pop().expect("it was asked");
    assert!(last.line.starts_with("POST") && last.body.contains("name_invalid"));
}

fn forget(rig: &Rig) {
    std::fs::remove_file(rig.state().join("notified.json")).expect("it is there");
}

#[test]
fn by_one_way_is_told_what_does_not_get_through_by_the_other() {
    let server = Recorder::start();
    server.answers(404);
    let rig = rig(&[
        format!("webhook = {:?}", server.url(CANARY)),
        "command = \"echo $BOXUP_EVENT $BOXUP_MIRROR $BOXUP_REASON $BOXUP_COUNT >> told\"".into(),
    ]);
    rig.write("a\\b.txt", "x");
    let run = rig.once();
    assert!(
        run.stderr.contains("nobody is told by the webhook"),
        "{run}"
    );
    // Told, so not again; and that the webhook fails is said once.
    let run = rig.once();
    assert!(!run.stderr.contains("webhook"), "{run}");
    let told = std::fs::read_to_string(rig.temp().join("told")).expect("told");
    assert_eq!(told, "parked mirror name_invalid 1\n");
}

#[test]
fn a_command_that_fails_or_is_not_there_ends_no_run_otherwise() {
    for (command, expected) in [
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "signal: 9"),
        ("no-such-program 2>&1", "sh does not find it"),
    ] {
        let rig = rig(&[format!("command = {command:?}")]);
        rig.write("a.txt", "a").write("a\\b.txt", "x");
        let run = rig.once();
        run.expect_code(1).expect(&[("uploaded", 1), ("parked", 1)]);
        assert!(run.stderr.contains(expected), "{command}: {run}");
    }
    // One that reads nothing of what it is given has told all the same.
    let rig = rig(&["command = \"exec <&-; echo >> told\"".to_owned()]);
    rig.write("a\\b.txt", "x");
    let run = rig.once();
    assert!(!run.stderr.contains("nobody is told"), "{run}");
    assert!(rig.temp().join("told").exists());
}

#[test]
fn a_heartbeat_is_given_when_everything_is_on_box_and_only_then() {
    let server = Recorder::start();
    let url = server.url("beat");
    let rig = rig(&[
        format!("heartbeat = {url:?}"),
        "heartbeat_every = \"1s\"".into(),
    ]);
    rig.write("a\\b.txt", "x");
    assert_eq!(rig.once().code, 1);
    assert_eq!(server.heard().len(), 0);
    rig.rename("a\\b.txt", "ab.txt").once_ok();
    rig.once_ok();
    let lines: Vec<_> = server.heard().into_iter().map(|heard| heard.line).collect();
    assert_eq!(lines, ["GET /beat", "GET /beat"]);
    // A service gives it again and again, though nothing happens.
    let service = rig.start();
    until("it beats on", || server.heard().len() >= 6);
    service.end();
}

/// A pass that gave something up was none that left everything on Box.
#[test]
fn a_service_gives_no_heartbeat_for_what_it_could_not_do() {
    let server = Recorder::start();
    let rig = rig(&[
        format!("heartbeat = {:?}", server.url("beat")),
        "heartbeat_every = \"1s\"".into(),
    ]);
    rig.write("good.txt", "good").write("closed.txt", "closed");
    let Some(command) = rig.command_as_nobody(&["sync", "--json"]) else {
        return;
    };
    let mode = |mode| {
        let mode = PermissionsExt::from_mode(mode);
        std::fs::set_permissions(rig.path("closed.txt"), mode).expect("set");
    };
    mode(0o000);
    let service = Service::start_command(&rig, command);
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 1, "{answer}");
    let beats = || !server.heard().is_empty();
    assert!(!holds_within(Duration::from_secs(4), beats), "it beats");
    mode(0o644);
    service.wait_ok(&rig);
    until("it beats", beats);
    service.end();
}

#[test]
fn what_a_test_message_finds_is_said_and_decides_the_exit_code() {
    let server = Recorder::start();
    let rig = rig(&[
        format!("webhook = {:?}", server.url("hook")),
        format!("heartbeat = {:?}", server.url("beat")),
        "command = \"cat > told\"".into(),
    ]);
    let tested = rig.run(&["notify", "test"]);
    assert_eq!(tested.code, 0, "{tested:?}");
    assert_eq!(
        tested.stdout,
        "command: sent\nwebhook: sent\nheartbeat: sent\n"
    );
    let told = std::fs::read_to_string(rig.temp().join("told")).expect("told");
    assert!(told.contains("\"event\":\"test\""), "{told}");
    assert!(!rig.state().exists(), "it leaves no trace");
    server.answers(410);
    let tested = rig.run(&["notify", "test", "--json"]);
    assert_eq!(tested.code, 1, "{tested:?}");
    let lines: Vec<Value> = tested
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4);
    let of = |way: &str| lines.iter().find(|line| line["way"] == way).expect("told");
    assert_eq!(
        (&of("command")["ok"], &of("webhook")["ok"]),
        (&true.into(), &false.into())
    );
    assert_eq!(lines[3]["event"], "summary");
    let nobody = Rig::new().run(&["notify", "test"]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    assert!(
        nobody.stderr.starts_with("error: nobody is told"),
        "{nobody:?}"
    );
}

/// Whoever knows such an address can use it: it is in no output, in no file but the
/// configuration, and in no child's environment.
#[test]
fn an_address_stays_in() {
    let server = Recorder::start();
    let rig = rig(&[
        format!(
            "webhook = {:?}",
            server.url(&format!("{CANARY}?key={CANARY}"))
        ),
        format!("heartbeat = {:?}", server.url(CANARY)),
        "command = \"env > env.txt\"".into(),
    ]);
    let check = |place: &str, text: &str| {
        assert!(!text.contains(CANARY), "{place}: {text}");
        assert!(!text.contains(&CANARY[..10]), "{place}: {text}");
    };
    let loud = |args: &[&str]| {
        let mut command = rig.command(&[args, &["-vvv"]].concat());
        command
            .env("BOXUP_LOG", "trace")
            .env("RUST_LOG", "trace")
            .env("BOXUP_HEARTBEAT", server.url(CANARY));
        let finished = Child::start(command).finish();
        check(&format!("{args:?}"), &finished.stdout);
        check(&format!("{args:?}"), &finished.stderr);
    };
    for status in [200, 404, 503] {
        server.answers(status);
        rig.write(&format!("bad\\{status}"), "x");
        for args in [
            &["sync", "--once"][..],
            &["sync", "--once", "--json"],
            &["doctor", "--json"],
            &["notify", "test"],
            &["notify", "test", "--json"],
            &["config", "show"],
            &["config", "show", "--json"],
            &["config", "check"],
            &["status", "--json"],
        ] {
            loud(args);
        }
    }
    let environment = std::fs::read_to_string(rig.temp().join("env.txt")).expect("it was run");
    check("env", &environment);
    for entry in std::fs::read_dir(rig.state()).expect("listed").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        check(
            &format!("{:?}", entry.path()),
            &String::from_utf8_lossy(&bytes),
        );
    }
    // A file that holds one is for its owner only.
    use std::os::unix::fs::PermissionsExt;
    let loose = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&rig.config.file, loose).expect("set");
    let refused = rig.run(&["config", "check"]);
    assert_eq!(refused.code, 78, "{refused:?}");
}
