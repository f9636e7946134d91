//! The service under a service manager: what it tells it, and what it does on its word.

use crate::rig::{Child, Rig, Service, signal, until};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

/// Whoever `$NOTIFY_SOCKET` leads to.
struct Manager {
    socket: UnixDatagram,
    path: std::path::PathBuf,
    heard: Vec<String>,
}

impl Manager {
    fn new(rig: &Rig) -> Manager {
        let path = rig.temp().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("set");
        Manager {
            socket,
            path,
            heard: Vec::new(),
        }
    }

    /// The service, told of this manager.
    fn command(&self, rig: &Rig) -> Command {
        let mut command = rig.command(&["sync", "--json"]);
        command.env("NOTIFY_SOCKET", &self.path);
        command
    }

    fn listen(&mut self) {
        let mut bytes = [0; 4_096];
        while let Ok(length) = self.socket.recv(&mut bytes) {
            let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
            self.heard.push(message);
        }
    }

    /// Waits for a message after the first `after` ones that begins so.
    #[track_caller]
    fn expect(&mut self, after: usize, beginning: &str) -> usize {
        let mut found = None;
        until(beginning, || {
            self.listen();
            let later = self.heard.iter().skip(after);
            found = later.clone().position(|m| m.starts_with(beginning));
            found.is_some()
        });
        after + found.unwrap_or_default() + 1
    }
}

#[test]
fn the_manager_hears_that_a_mirror_is_paused_and_goes_on() {
    let rig = Rig::new();
    let mut manager = Manager::new(&rig);
    let service = Service::start_command(&rig, manager.command(&rig));
    service.wait_ok(&rig);
    let watching = manager.expect(0, "STATUS=watching 1 mirror");
    assert_eq!(rig.run(&["pause"]).code, 0);
    let paused = manager.expect(watching, "STATUS=paused: mirror: ");
    assert_eq!(rig.run(&["resume"]).code, 0);
    manager.expect(paused, "STATUS=watching 1 mirror");
    service.end();
}

#[test]
fn the_manager_hears_that_it_is_ready_what_it_is_at_and_that_it_ends() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("bad\\name", "b");
    let mut manager = Manager::new(&rig);
    let service = Service::start_command(&rig, manager.command(&rig));
    let ready = manager.expect(0, "READY=1\nSTATUS=");
    assert_eq!(service.wait(&rig).0, 1);
    manager.expect(
        ready,
        "STATUS=watching 1 mirror: everything is on Box but 1 entry parked",
    );
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    let halted = manager.expect(ready, "STATUS=1 of 1 mirror stands still: mirror: ");
    std::fs::rename(&aside, rig.local()).expect("moved");
    assert_eq!(service.wait(&rig).0, 1);
    manager.expect(halted, "STATUS=watching");
    assert!(
        manager
            .heard
            .iter()
            .all(|message| !message.contains("WATCHDOG"))
    );
    service.term();
    manager.expect(halted, "STOPPING=1");
}

#[test]
fn the_loop_itself_feeds_the_watchdog() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut manager = Manager::new(&rig);
    let mut command = manager.command(&rig);
    command.env("WATCHDOG_USEC", "400000");
    let service = Service::start_command(&rig, command);
    service.wait_ok(&rig);
    // There is nothing to do, and it is heard all the same, again and again.
    let mut after = 0;
    for _ in 0..5 {
        after = manager.expect(after, "WATCHDOG=1");
    }
    // A loop that stands still is not heard, whatever its other threads do.
    signal(service.pid(), "STOP");
    manager.listen();
    let before = manager.heard.len();
    std::thread::park_timeout(Duration::from_millis(900));
    manager.listen();
    assert_eq!(manager.heard.len(), before);
    signal(service.pid(), "CONT");
    manager.expect(before, "WATCHDOG=1");
    service.end();
}

#[test]
fn a_hang_up_takes_another_configuration_over() {
    let mut rig = Rig::new();
    rig.write("a.txt", "a").write("b.tmp", "b");
    let mut manager = Manager::new(&rig);
    let mut service = Service::start_command(&rig, manager.command(&rig));
    service.wait_ok(&rig);
    let ready = manager.expect(0, "READY=1");
    let second = rig.add_mirror("second");
    std::fs::write(rig.temp().join("second/new.txt"), "new").expect("written");
    rig = rig.exclude(&["*.tmp"]);
    signal(service.pid(), "HUP");
    let reloading = manager.expect(ready, "RELOADING=1\nMONOTONIC_USEC=");
    manager.expect(reloading, "READY=1");
    service.told("that it was read again", |event| {
        event["event"] == "reloaded"
    });
    service.wait_ok(&rig);
    rig.expect_box_in(&second, ["new.txt: new"]);
    // It goes on watching, by the new rules.
    rig.write("c.tmp", "c")
        .write("d.txt", "d")
        .expect_arrival("d.txt", "d");
    service.wait_ok(&rig);
    rig.expect_box(["a.txt: a", "b.tmp: b", "d.txt: d"]);
    let run = service.term();
    // What was done before and after it is in one account.
    assert_eq!(run.count("uploaded"), 4, "{run}");
}

#[test]
fn a_configuration_with_mistakes_changes_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut manager = Manager::new(&rig);
    let service = Service::start_command(&rig, manager.command(&rig));
    service.wait_ok(&rig);
    let good = rig.config.text();
    let other = rig.temp().join("other");
    for bad in [
        "nonsense".to_owned(),
        good.replace("settle", "setle"),
        good.replace(&format!("{:?}", rig.state()), &format!("{other:?}")),
    ] {
        let before = manager.heard.len();
        rig.config.save_text(&bad);
        signal(service.pid(), "HUP");
        let reloading = manager.expect(before, "RELOADING=1");
        manager.expect(
            reloading,
            "READY=1\nSTATUS=the configuration was not read again",
        );
    }
    rig.config.save();
    rig.write("b.txt", "b").expect_arrival("b.txt", "b");
    service.wait_ok(&rig);
    let run = service.term();
    assert_eq!(run.count("uploaded"), 2, "{run}");
    assert!(
        run.events.iter().all(|event| event["event"] != "reloaded"),
        "{run}"
    );
    for part in ["setle", "cannot change", "everything goes on as it was"] {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
    assert!(!other.exists());
}

#[test]
fn who_waits_is_answered_across_a_reload() {
    let rig = Rig::new();
    let service = rig.start();
    for round in 0..5 {
        let name = format!("f{round}.txt");
        rig.write(&name, "x");
        let waiting = Child::start(rig.command(&["wait", "--timeout", "90s"]));
        signal(service.pid(), "HUP");
        let waited = waiting.finish();
        assert_eq!(waited.code, 0, "{waited:?}");
        assert!(rig.has(&name, "x"));
    }
    service.term();
}

#[test]
fn a_reload_and_a_stop_at_once_is_a_stop() {
    for _ in 0..5 {
        let rig = Rig::new();
        rig.write("a.txt", "a");
        let service = rig.start();
        service.wait_ok(&rig);
        signal(service.pid(), "HUP");
        signal(service.pid(), "TERM");
        let run = service.finish();
        assert!([0, 1].contains(&run.code), "{run}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    // Nobody answers for longer than a drain may take.
    rig.cloud
        .inject(box_emulator::Fault::on("post_files_content").hold());
    let mut service = rig.start();
    until("the upload has begun", || {
        rig.calls("options_files_content") > 0
    });
    signal(service.pid(), "TERM");
    service.told("that it is stopping", |event| event["event"] == "draining");
    let began = std::time::Instant::now();
    signal(service.pid(), "TERM");
    let run = service.finish();
    // Far below the eight seconds of a drain, far above what a loaded machine takes.
    assert!(began.elapsed() < Duration::from_secs(6), "{run}");
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn root_is_warned_unless_it_knows() {
    let uid = std::fs::metadata("/proc/self").expect("there").uid();
    if uid != 0 {
        crate::rig::not_run("only root can be warned");
        return;
    }
    let rig = Rig::new();
    let warned = |args: &[&str], allowed: bool| {
        let mut command = rig.command(&[&["sync", "--json"], args].concat());
        if allowed {
            command.env("BOXUP_ALLOW_ROOT", "1");
        }
        let service = Service::start_command(&rig, command);
        service.wait_ok(&rig);
        service.term().stderr.contains("runs as root")
    };
    assert!(warned(&[], false));
    assert!(!warned(&["--allow-root"], false));
    assert!(!warned(&[], true));
    assert!(!rig.once_ok().stderr.contains("root"));
}
