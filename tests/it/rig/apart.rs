//! A test in a network of its own, which it may take down, and whose names it gives.

use super::not_run;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Tells the test that it is there already.
const INSIDE: &str = "BOXUP_TEST_INSIDE";

/// What happens before the test: names come from nowhere but port 53 of this machine.
const PREPARE: &str = "
    ip link set lo up
    dir=$(mktemp -d)
    : >$dir/hosts
    printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >$dir/resolv.conf
    mount --bind $dir/hosts /etc/hosts
    mount --bind $dir/resolv.conf /etc/resolv.conf
    exec \"$0\" \"$@\"
";

/// Runs the test of this name, whose body this is, where there is nobody but itself: the
/// test's program once more, in a network and a mount namespace.
#[track_caller]
pub(crate) fn apart(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !can_be_had() {
        not_run("there is no unshare, no ip, or no right to make a network with them");
        return;
    }
    let me = std::env::current_exe().expect("it knows where it is");
    let run = unshare()
        .args(["sh", "-ec", PREPARE])
        .arg(me)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("it was run a moment ago");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    let is_passed = run.status.success() && said.contains("1 passed");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(is_passed, "{said}\n{told}");
}

/// Whatever it takes to be root there.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount"]);
    if !std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0) {
        command.arg("--map-root-user");
    }
    command
}

fn can_be_had() -> bool {
    let probe = unshare()
        .args([
            "sh",
            "-c",
            "ip link set lo up && mount --bind /etc/hosts /etc/hosts",
        ])
        .stderr(Stdio::null())
        .status();
    probe.is_ok_and(|status| status.success())
}

/// Runs `ip` with these arguments.
#[track_caller]
pub(crate) fn ip(args: &str) {
    let done = Command::new("ip").args(args.split(' ')).status();
    assert!(done.is_ok_and(|status| status.success()), "ip {args}");
}

/// What a name server says to every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// There is no such name.
    NoSuchName,
    /// It cannot tell now.
    CannotTell,
    /// Nothing.
    Nothing,
    /// This machine.
    Here,
    /// In turn that it cannot tell, and this machine.
    Now(bool),
}

/// How long a message's head is.
const HEAD: usize = 12;

/// A name server for this machine.
pub(crate) struct NameServer {
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    #[track_caller]
    pub(crate) fn start(first: Says) -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("nobody else is here");
        let says = Arc::new(Mutex::new(first));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&says), Arc::clone(&asked));
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                count.fetch_add(1, Ordering::Relaxed);
                let says = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                let question = &question[..length];
                if let Some(answer) = answer(question, says) {
                    // Who does not wait any more is not told.
                    let _ = socket.send_to(&answer, from);
                }
                // Each look asks for both kinds of address.
                if let Says::Now(is_here) = says
                    && is_about_ipv4(question)
                {
                    let next = Says::Now(!is_here);
                    *shared.lock().unwrap_or_else(PoisonError::into_inner) = next;
                }
            }
        });
        NameServer { says, asked }
    }

    /// From now on it says this.
    pub(crate) fn says(&self, what: Says) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn is_about_ipv4(question: &[u8]) -> bool {
    cut(question).is_some_and(|asked| asked.ends_with(&[0, 1, 0, 1]))
}

/// A message with its first question, and nothing behind it.
fn cut(question: &[u8]) -> Option<&[u8]> {
    let name = question.get(HEAD..)?.iter().position(|byte| *byte == 0)?;
    question.get(..HEAD + name + 5)
}

/// RFC 1035, for one question about an address.
fn answer(question: &[u8], says: Says) -> Option<Vec<u8>> {
    let (asked, is_a) = (cut(question)?, is_about_ipv4(question));
    let (code, is_here) = match says {
        Says::Nothing => return None,
        Says::NoSuchName => (3, false),
        Says::CannotTell | Says::Now(false) => (2, false),
        Says::Here | Says::Now(true) => (0, is_a),
    };
    let mut answer = asked.to_vec();
    answer[2..HEAD].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, u8::from(is_here), 0, 0, 0, 0]);
    if is_here {
        // The name of the question, an address, for no time at all: 127.0.0.1.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
