//! Commands that print a secret: a password manager's, say.

use crate::config::environment::Environment;
use crate::config::resolve::Unread;
use crate::config::secret::VARIABLES;
use crate::model::path::printable_path;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use secrecy::SecretString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a command may take. A person would have given up as well.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// As much as a file may hold.
const LONGEST: u64 = 1 << 20;

/// Runs a command by `sh -c` and returns what it prints, without the line break at the
/// end. Neither the command nor its output stands in an error: both may be secret.
///
/// It is the head of a process group of its own, so that when its time is up all that it
/// started ends with it.
pub(super) fn run(
    command: &str,
    directory: &Path,
    env: &Environment,
    patience: Duration,
) -> Result<SecretString, Unread> {
    let place = printable_path(directory);
    let explained = |what: String| Unread {
        missing: false,
        what,
        remedy: format!(
            "try it: it is run by sh -c in {place}, without input, and must print the secret and \
             nothing else"
        ),
    };
    let unstarted = |error: io::Error| explained(format!("the command cannot be run: {error}"));
    let mut child = Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env_clear()
        .envs(env.without(&VARIABLES))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(unstarted)?;
    let said = hear(&listen(&mut child), patience);
    if !matches!(said, Said::All(_)) {
        end(&mut child);
    }
    let status = child.wait().map_err(unstarted)?;
    let what = match said {
        Said::All(_) if !status.success() => ending(status),
        Said::All(bytes) => match text(&bytes) {
            Ok(secret) => return Ok(secret),
            Err(what) => what.to_owned(),
        },
        Said::TooMuch => "the command printed more than 1 MiB".to_owned(),
        Said::Nothing => {
            let patience = humantime::format_duration(patience);
            format!("the command took longer than {patience} and was killed")
        }
    };
    Err(explained(what))
}

/// Set when nobody waits for what commands print any more.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);
/// How often a command is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// Ends commands that run, and lets none begin: the program is told to stop.
pub(crate) fn give_up() {
    GIVEN_UP.store(true, Ordering::Relaxed);
}

fn hear(answer: &mpsc::Receiver<Said>, patience: Duration) -> Said {
    let end = Instant::now() + patience;
    loop {
        match answer.recv_timeout(LOOK.min(patience)) {
            Ok(said) => return said,
            Err(RecvTimeoutError::Disconnected) => return Said::Nothing,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if Instant::now() >= end || GIVEN_UP.load(Ordering::Relaxed) {
            return Said::Nothing;
        }
    }
}

/// What came out of a command.
enum Said {
    /// All it printed, and it has ended.
    All(Zeroizing<Vec<u8>>),
    /// More than anybody needs.
    TooMuch,
    /// Nothing that could be read to its end.
    Nothing,
}

/// Reads in a thread of its own, as neither reading nor waiting knows a time limit.
fn listen(child: &mut Child) -> mpsc::Receiver<Said> {
    let (said, heard) = mpsc::channel();
    let (pid, stdout) = (pid(child), child.stdout.take());
    thread::spawn(move || {
        let all = stdout.map_or(Said::Nothing, read);
        if let (Said::All(_), Some(pid)) = (&all, pid) {
            // Only looks: the child is not reaped, so its number stays its own.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = waitid(WaitId::Pid(pid), options);
        }
        let _ = said.send(all);
    });
    heard
}

fn read(stdout: ChildStdout) -> Said {
    // Room for all of it at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    match stdout.take(LONGEST + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > LONGEST => Said::TooMuch,
        Ok(_) => Said::All(bytes),
        Err(_) => Said::Nothing,
    }
}

fn end(child: &mut Child) {
    // Itself as well: it may have left its group.
    let _ = child.kill();
    if let Some(group) = pid(child) {
        // It may have ended by itself just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

fn text(bytes: &[u8]) -> Result<SecretString, &'static str> {
    let text = str::from_utf8(bytes).map_err(|_| "what the command printed is not UTF-8 text")?;
    let text = text.trim_end_matches(['\n', '\r']);
    match text.is_empty() {
        true => Err("the command printed nothing"),
        false => Ok(text.into()),
    }
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(127), _) => "the command ended with exit code 127: sh does not find it".to_owned(),
        (Some(code), _) => format!("the command ended with exit code {code}"),
        (None, Some(signal)) => format!("the command was ended by signal {signal}"),
        (None, None) => format!("the command failed ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, run};
    use crate::config::environment::Environment;
    use secrecy::ExposeSecret;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn outcome(command: &str) -> Result<String, String> {
        let env: Environment = [
            ("PATH", "/usr/bin:/bin"),
            ("PASSED_ON", "yes"),
            ("BOXUP_CLIENT_SECRET", "canary"),
            ("BOXUP_DEVELOPER_TOKEN", "canary"),
            ("BOXUP_JWT_CONFIG", "canary"),
        ]
        .into_iter()
        .collect();
        match run(command, Path::new("/usr"), &env, PATIENCE) {
            Ok(secret) => Ok(secret.expose_secret().to_owned()),
            Err(error) => {
                let told = format!("{}; {}", error.what, error.remedy);
                assert!(!told.contains("canary"), "{told}");
                Err(told)
            }
        }
    }

    #[test]
    fn what_is_printed_is_the_secret() {
        for (command, expected) in [
            ("echo s3cret", "s3cret"),
            ("printf 's3cret\\r\\n\\n'", "s3cret"),
            ("printf '{\\n}'", "{\n}"),
            ("pwd", "/usr"),
            ("cat; echo \"$PASSED_ON\"", "yes"),
            (
                "echo \"x${BOXUP_CLIENT_SECRET}${BOXUP_DEVELOPER_TOKEN}${BOXUP_JWT_CONFIG}\"",
                "x",
            ),
        ] {
            assert_eq!(outcome(command).as_deref(), Ok(expected), "{command}");
        }
    }

    #[test]
    fn what_goes_wrong_is_told_without_what_was_printed() {
        for (command, expected) in [
            ("echo canary; exit 3", "exit code 3"),
            (
                "no-such-canary 2>/dev/null",
                "exit code 127: sh does not find it",
            ),
            ("echo canary; kill -9 $$", "signal 9"),
            ("true", "printed nothing"),
            ("echo", "printed nothing"),
            ("printf 'canary\\377'", "not UTF-8"),
            ("yes canary", "more than 1 MiB"),
        ] {
            let told = outcome(command).unwrap_err();
            assert!(told.contains(expected), "{command}: {told}");
            assert!(told.contains("sh -c in /usr"), "{told}");
        }
        let nowhere = Path::new("/no/such/directory");
        let error = run("echo x", nowhere, &Environment::default(), PATIENCE);
        assert!(error.unwrap_err().what.contains("cannot be run"));
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_all_it_started() {
        let dir = tempfile::tempdir().unwrap();
        // Neither of them ends by itself, and the second does not hold the output open.
        for command in [
            "sleep 1000 & echo $! > pid; wait",
            "exec >&-; sleep 1000 & echo $! > pid; wait",
        ] {
            let began = Instant::now();
            let env = Environment::from_iter([("PATH", "/usr/bin:/bin")]);
            let error = run(command, dir.path(), &env, Duration::from_millis(300));
            assert!(error.unwrap_err().what.contains("longer than 300ms"));
            assert!(began.elapsed() < Duration::from_secs(20));
            // Nothing was started yet where the machine is that busy.
            let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap_or_default();
            let alive = || {
                let told = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
                // A dead one may wait for whoever inherited it.
                told.is_ok_and(|told| !told.contains(") Z "))
            };
            while !pid.trim().is_empty() && alive() {
                assert!(began.elapsed() < Duration::from_secs(20), "{command}");
                std::thread::yield_now();
            }
        }
    }
}
