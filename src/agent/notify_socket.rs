//! Telling the service manager how it stands (`sd_notify`), and that the loop still turns.
//!
//! A message is one datagram and nobody waits for it: a manager that does not listen
//! holds nothing up.

use crate::config::Environment;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sentence for the manager is renewed no more often.
const APART: Duration = Duration::from_secs(1);

/// Whoever started us and wants to be told; or nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supervisor(Option<Arc<Line>>);

#[derive(Debug)]
struct Line {
    socket: UnixDatagram,
    to: SocketAddr,
    /// The manager believes that we hang when it has heard nothing for so long.
    patience: Option<Duration>,
}

impl Supervisor {
    /// As `$NOTIFY_SOCKET`, `$WATCHDOG_USEC` and `$WATCHDOG_PID` say.
    pub(crate) fn of(environment: &Environment) -> Self {
        let Some(name) = environment.get("NOTIFY_SOCKET") else {
            return Self::default();
        };
        let opened = address(name).and_then(|to| {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok((socket, to))
        });
        match opened {
            Ok((socket, to)) => Self(Some(Arc::new(Line {
                socket,
                to,
                patience: patience(environment),
            }))),
            Err(error) => {
                tracing::warn!(%error, "$NOTIFY_SOCKET cannot be used: nobody is told how it stands");
                Self::default()
            }
        }
    }

    /// It has begun, or goes on.
    pub(crate) fn ready(&self, sentence: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(sentence)));
    }

    /// It reads its configuration again.
    pub(crate) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
        self.send(&format!(
            "RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reading the configuration again"
        ));
    }

    /// It ends.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=stopping: what is under way is finished");
    }

    fn send(&self, message: &str) {
        let Some(line) = &self.0 else {
            return;
        };
        if let Err(error) = line.socket.send_to_addr(message.as_bytes(), &line.to) {
            tracing::debug!(%error, "the service manager was not told");
        }
    }
}

/// The loop's own part: it says that it turns, and what it is at.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    supervisor: Supervisor,
    /// How often it says that it turns, and when it will next.
    beat: Option<(Duration, Instant)>,
    said: String,
    /// Before this, no other sentence is said.
    quiet_until: Option<Instant>,
}

impl Heartbeat {
    /// Of a loop that begins now.
    pub(crate) fn new(supervisor: Supervisor, now: Instant) -> Self {
        let patience = supervisor.0.as_ref().and_then(|line| line.patience);
        Self {
            supervisor,
            // Half of it, as sd_watchdog_enabled(3) advises.
            beat: patience.map(|patience| (patience / 2, now)),
            said: String::new(),
            quiet_until: None,
        }
    }

    /// Whether somebody wants to know what it is at.
    pub(crate) fn is_heard(&self, now: Instant) -> bool {
        self.supervisor.0.is_some() && self.quiet_until.is_none_or(|until| until <= now)
    }

    /// The loop turns.
    pub(crate) fn beat(&mut self, now: Instant) {
        if let Some((every, next)) = &mut self.beat
            && *next <= now
        {
            *next = now + *every;
            self.supervisor.send("WATCHDOG=1");
        }
    }

    /// What it is at; said when it is news.
    pub(crate) fn say(&mut self, sentence: String, now: Instant) {
        if self.is_heard(now) && sentence != self.said {
            self.supervisor
                .send(&format!("STATUS={}", one_line(&sentence)));
            self.said = sentence;
            self.quiet_until = Some(now + APART);
        }
    }

    /// When the loop has to turn again for this.
    pub(crate) fn next(&self) -> Option<Instant> {
        let beat = self.beat.map(|(_, next)| next);
        [beat, self.quiet_until].into_iter().flatten().min()
    }

    /// What was to be said later may be said now.
    pub(crate) fn settle(&mut self, now: Instant) {
        self.quiet_until = self.quiet_until.filter(|until| *until > now);
    }
}

/// A path, or behind an `@` a name that is in no file system.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => abstract_address(rest),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::other("it is neither a path nor begins with @")),
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

fn patience(environment: &Environment) -> Option<Duration> {
    let number = |name: &str| -> Option<u64> { environment.get(name)?.to_str()?.parse().ok() };
    let is_meant = environment.get("WATCHDOG_PID").is_none()
        || number("WATCHDOG_PID") == Some(u64::from(std::process::id()));
    let micros = number("WATCHDOG_USEC").filter(|micros| *micros > 0 && is_meant)?;
    Some(Duration::from_micros(micros))
}

/// A message has a field a line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Heartbeat, Supervisor};
    use crate::config::Environment;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::{Duration, Instant};

    fn heard(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 512];
        let length = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    fn pair(more: &[(&str, &str)]) -> (UnixDatagram, Supervisor) {
        let name = format!("boxup-test-{}-{:p}", std::process::id(), &more);
        let name = format!("{name}-{}", fastrand::u64(..));
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let named = ("NOTIFY_SOCKET", format!("@{name}"));
        let more = more.iter().map(|(k, v)| (*k, (*v).to_owned()));
        let environment = Environment::from_iter([named].into_iter().chain(more));
        (socket, Supervisor::of(&environment))
    }

    #[test]
    fn a_sentence_is_one_line_and_nobody_need_listen() {
        let (socket, supervisor) = pair(&[]);
        supervisor.ready("one\nREADY=0");
        assert_eq!(heard(&socket).unwrap(), "READY=1\nSTATUS=one READY=0");
        supervisor.reloading();
        assert!(
            heard(&socket)
                .unwrap()
                .starts_with("RELOADING=1\nMONOTONIC_USEC=")
        );
        drop(socket);
        supervisor.stopping();
        Supervisor::default().stopping();
        let nonsense = Environment::from_iter([("NOTIFY_SOCKET", "vsock:1:2")]);
        Supervisor::of(&nonsense).stopping();
    }

    #[test]
    fn the_loop_beats_twice_in_the_managers_patience() {
        let (socket, supervisor) = pair(&[("WATCHDOG_USEC", "4000000")]);
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(supervisor, start);
        let mut beats = Vec::new();
        for second in 0..6 {
            heartbeat.beat(start + Duration::from_secs(second));
            beats.push(heard(&socket).is_some());
        }
        assert_eq!(beats, [true, false, true, false, true, false]);
        assert_eq!(heartbeat.next(), Some(start + Duration::from_secs(6)));
    }

    #[test]
    fn a_watchdog_of_another_process_or_none_makes_no_beat() {
        for more in [
            &[("WATCHDOG_USEC", "4000000"), ("WATCHDOG_PID", "1")][..],
            &[("WATCHDOG_USEC", "0")],
            &[("WATCHDOG_USEC", "soon")],
            &[],
        ] {
            let (socket, supervisor) = pair(more);
            let mut heartbeat = Heartbeat::new(supervisor, Instant::now());
            heartbeat.beat(Instant::now());
            assert_eq!((heard(&socket), heartbeat.next()), (None, None), "{more:?}");
        }
    }

    #[test]
    fn a_sentence_is_said_when_it_is_news_and_not_too_often() {
        let (socket, supervisor) = pair(&[]);
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(supervisor, start);
        let at = |millis| start + Duration::from_millis(millis);
        heartbeat.say("a".into(), at(0));
        heartbeat.say("b".into(), at(500));
        assert_eq!(heard(&socket).as_deref(), Some("STATUS=a"));
        assert_eq!(heard(&socket), None);
        assert_eq!(heartbeat.next(), Some(at(1_000)));
        heartbeat.settle(at(1_000));
        heartbeat.say("b".into(), at(1_000));
        assert_eq!(heard(&socket).as_deref(), Some("STATUS=b"));
        heartbeat.settle(at(2_000));
        heartbeat.say("b".into(), at(2_000));
        assert_eq!((heard(&socket), heartbeat.next()), (None, None));
    }
}
