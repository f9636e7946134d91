//! How fast it goes, and for how long it will. Pure: told the time.

use crate::agent::meter::Figures;
use crate::cli::progress::frame::View;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Speed is what happened in this time.
const SPAN: Duration = Duration::from_secs(15);
/// One look at the figures is kept for so long.
const APART: Duration = Duration::from_millis(500);
/// Before that, nothing can be said.
const EARLY: Duration = Duration::from_secs(2);
/// Bytes that do not move for so long, without a reason of ours: nobody answers.
const SILENT: Duration = Duration::from_secs(6);
/// What is left tells its time if its files are at most so many times as large as those by
/// which it is reckoned.
const ALIKE: f64 = 20.0;

/// Figures of the last while.
pub(super) struct Speed {
    host: String,
    looks: VecDeque<Look>,
    /// When anything last moved.
    moved: Option<(Instant, u64, u64)>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    moved: u64,
    files: u64,
}

impl Speed {
    /// Nothing seen yet; content goes to `host`.
    pub(super) fn new(host: String) -> Self {
        Self {
            host,
            looks: VecDeque::new(),
            moved: None,
        }
    }

    /// The figures with what follows from them and earlier ones.
    pub(super) fn view(&mut self, figures: &Figures, now: Instant) -> View {
        let silent = self.silence(figures, now).then(|| self.host.clone());
        let (rate, left) = match self.look(figures, now) {
            Some(since) if figures.files.1 > figures.files.0 => rates(since, figures, now),
            _ => (None, None),
        };
        View {
            figures: figures.clone(),
            rate,
            left,
            silent,
            ..View::default()
        }
    }

    /// Keeps these figures and returns those to compare them with.
    fn look(&mut self, figures: &Figures, now: Instant) -> Option<Look> {
        let (moved, files) = (figures.moved, figures.files.0);
        let is_idle = figures.files.1 <= files && !figures.is_looking;
        if is_idle || self.looks.back().is_some_and(|last| files < last.files) {
            // Another batch; while there was nothing to do, nothing was slow.
            self.looks.clear();
        }
        if self.looks.back().is_none_or(|last| now >= last.at + APART) {
            let at = now;
            self.looks.push_back(Look { at, moved, files });
        }
        while self.looks.get(1).is_some_and(|next| next.at + SPAN <= now) {
            self.looks.pop_front();
        }
        let first = self.looks.front().copied();
        first.filter(|first| first.at + EARLY <= now)
    }

    fn silence(&mut self, figures: &Figures, now: Instant) -> bool {
        let (moved, files) = (figures.moved, figures.files.0);
        let is_still = self
            .moved
            .is_some_and(|(_, before, done)| (before, done) == (moved, files));
        // What stands still for a reason is not silent.
        if !is_still || figures.wait.is_some() || figures.running.is_empty() {
            self.moved = Some((now, moved, files));
        }
        self.moved.is_some_and(|(at, ..)| at + SILENT <= now)
    }
}

/// Bytes a second since then, and how long the rest takes: by bytes or by files,
/// whichever is longer, as small files take their time whatever is in them.
fn rates(since: Look, figures: &Figures, now: Instant) -> (Option<u64>, Option<Duration>) {
    let span = now.saturating_duration_since(since.at).as_secs_f64();
    let per_second = |count: u64| exact(count) / span;
    let bytes = per_second(figures.moved.saturating_sub(since.moved));
    let files = per_second(figures.files.0.saturating_sub(since.files));
    let rest = |(done, all): (u64, u64)| exact(all.saturating_sub(done));
    let by = |rest: f64, rate: f64| match rest > 0.0 {
        true => rest / rate,
        false => 0.0,
    };
    let by_bytes = by(rest(figures.bytes), bytes);
    // The ones at work end with their bytes.
    let waiting = rest(figures.files) - exact(figures.running.len() as u64);
    let by_files = by(waiting, files);
    let seconds = match files > 0.0 {
        true => by_bytes.max(by_files),
        false => by_bytes,
    };
    // How fast small files go says nothing about how fast a large one will.
    let is_alike = rest(figures.bytes) * files <= ALIKE * bytes * rest(figures.files);
    let is_known = !figures.is_looking && seconds.is_finite() && is_alike;
    let left = is_known.then(|| Duration::try_from_secs_f64(seconds.ceil()).ok());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a quotient of numbers that are not negative; too large ones saturate"
    )]
    let rate = bytes as u64;
    (Some(rate), left.flatten())
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn exact(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::Speed;
    use crate::agent::meter::{Figures, Running, Wait};
    use std::time::{Duration, Instant};

    fn figures(done: u64, moved: u64) -> Figures {
        let file = Running {
            name: "m/a".to_owned(),
            size: 1_000,
            moved: 0,
        };
        Figures {
            files: (done, 100),
            bytes: (moved, 100_000),
            moved,
            running: vec![file],
            ..Figures::default()
        }
    }

    /// A second apart, what each second brings; the rate and the rest at the end.
    fn run(seconds: u64, each: impl Fn(u64) -> Figures) -> (Option<u64>, Option<u64>) {
        let (begin, mut speed) = (Instant::now(), Speed::new("host".to_owned()));
        let mut last = (None, None);
        for second in 0..=seconds {
            let view = speed.view(&each(second), begin + Duration::from_secs(second));
            last = (view.rate, view.left.map(|left| left.as_secs()));
        }
        last
    }

    #[test]
    fn speed_and_rest() {
        assert_eq!(run(1, |s| figures(s, s * 1000)), (None, None));
        // 90,000 bytes at 1,000 a second; 89 files that wait, at one a second.
        assert_eq!(run(10, |s| figures(s, s * 1000)), (Some(1000), Some(90)));
        // Small files take their time.
        assert_eq!(
            run(10, |s| figures(s / 2, s * 5000)),
            (Some(5000), Some(188))
        );
        // What was long ago does not count.
        let faster = |s: u64| figures(0, s * 100 + s.saturating_sub(50) * 900);
        assert_eq!(run(70, faster).0, Some(1000));
        // Nobody knows while more is found, or while nothing moves.
        let looking = |s| Figures {
            is_looking: true,
            ..figures(s, s * 1000)
        };
        assert_eq!(run(10, looking), (Some(1000), None));
        assert_eq!(run(10, |_| figures(0, 0)), (Some(0), None));
        // Small files say nothing about a large one, before it is under way.
        let small = |s: u64| Figures {
            bytes: (s * 5, 1_000_000),
            ..figures(s, s * 5)
        };
        assert_eq!(run(10, small), (Some(5), None));
        let large = |s: u64| Figures {
            bytes: (s * 50_000, 1_000_000),
            ..figures(s.min(1), s * 50_000)
        };
        assert_eq!(run(10, large), (Some(50_000), Some(980)));
        // When there was nothing to do, it was not slow.
        let late = |s: u64| match s {
            0..10 => Figures {
                files: (0, 0),
                ..figures(0, 0)
            },
            s => figures(0, (s - 9) * 1000),
        };
        assert_eq!(run(14, late).0, Some(1000));
        // Another batch begins anew.
        let anew = |s| figures(if s < 9 { 50 } else { 0 }, s * 1000);
        assert_eq!(run(10, anew), (None, None));
    }

    #[test]
    fn who_does_not_answer_is_named_unless_there_is_a_reason() {
        let wait = Some(Wait::Bandwidth(1));
        let idle = Figures {
            running: Vec::new(),
            ..figures(0, 7)
        };
        let held = Figures {
            wait,
            ..figures(0, 7)
        };
        for (seen, expected) in [(figures(0, 7), Some("host")), (idle, None), (held, None)] {
            let (begin, mut speed) = (Instant::now(), Speed::new("host".to_owned()));
            let mut silent = None;
            for second in 0..10 {
                let now = begin + Duration::from_secs(second);
                silent = speed.view(&seen, now).silent;
                assert!(second > 5 || silent.is_none(), "after {second} s");
            }
            assert_eq!(silent.as_deref(), expected);
        }
    }
}
