//! The running service, and asking it.

use super::{Child, Finished, Rig, Run, until};
use serde_json::Value;

/// `boxup sync`, running. Killed when dropped.
pub(crate) struct Service {
    child: Child,
}

impl Service {
    /// Starts it and waits until it can be asked.
    #[track_caller]
    pub(crate) fn start(rig: &Rig) -> Service {
        Service::start_command(rig, rig.command(&["sync", "--json"]))
    }

    /// The same with a command of the test's own.
    #[track_caller]
    pub(crate) fn start_command(rig: &Rig, command: std::process::Command) -> Service {
        let mut child = Child::start(command);
        let socket = rig.state().join("control.sock");
        until("the service can be asked", || {
            assert!(!child.has_ended(), "it ended: {}", child.stderr());
            socket.exists()
        });
        Service { child }
    }

    /// `boxup wait`, which must say that all is on Box.
    #[track_caller]
    pub(crate) fn wait_ok(&self, rig: &Rig) {
        let (code, answer) = self.wait(rig);
        assert_eq!(code, 0, "{answer}\n{}", self.child.stdout());
    }

    /// `boxup wait --json`: its exit code and its answer.
    #[track_caller]
    pub(crate) fn wait(&self, rig: &Rig) -> (i32, Value) {
        ask(rig, &["wait", "--timeout", "90s", "--json"])
    }

    /// `boxup status --json`.
    #[track_caller]
    pub(crate) fn status(&self, rig: &Rig) -> Value {
        let (code, answer) = ask(rig, &["status", "--json"]);
        assert_eq!(code, 0, "{answer}");
        answer
    }

    /// Waits until it has told this.
    #[track_caller]
    pub(crate) fn told(&mut self, what: &str, matches: impl Fn(&Value) -> bool) {
        until(what, || {
            assert!(!self.child.has_ended(), "{}", self.child.stderr());
            self.events().iter().any(&matches)
        });
    }

    /// What it has told so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = self.child.stdout();
        let whole = lines.lines().map(serde_json::from_str);
        whole.filter_map(Result::ok).collect()
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.child.stderr()
    }

    /// Its process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Asks it to stop, and waits for that.
    #[track_caller]
    pub(crate) fn term(self) -> Run {
        self.child.term();
        Run::of(self.child.finish())
    }

    /// The same where it talks to people; its standard output.
    #[track_caller]
    pub(crate) fn term_plain(self) -> String {
        self.child.term();
        self.child.finish().stdout
    }

    /// Ends it when all is on Box. A change that was hinted at a moment ago and not
    /// looked at, although a wait has covered it, may still count as interrupted.
    #[track_caller]
    pub(crate) fn end(self) {
        let run = self.term();
        assert!([0, 1].contains(&run.code), "{run}");
        for left in ["pending", "parked", "failed"] {
            assert_eq!(run.count(left), 0, "{left}: {run}");
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(self) -> Run {
        Run::of(self.child.finish())
    }

    /// Kills it.
    pub(crate) fn kill(self) -> Finished {
        self.child.kill()
    }
}

/// Runs a command that prints one object.
#[track_caller]
pub(crate) fn ask(rig: &Rig, args: &[&str]) -> (i32, Value) {
    let finished = rig.run(args);
    let answer = serde_json::from_str(&finished.stdout);
    let answer = answer.unwrap_or_else(|error| panic!("{error}: {finished:?}"));
    (finished.code, answer)
}
