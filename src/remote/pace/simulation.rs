//! Hours at a Box that allows less than it publishes, in a moment: how much of what is
//! allowed is used, and how often it has to refuse.

use crate::remote::pace::{Lane, Pace};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
/// How long an answer takes.
const LATENCY: Duration = Duration::from_millis(150);
/// Requests under way at once.
const WORKERS: usize = 8;

/// How the server counts.
#[derive(Clone, Copy, Debug)]
enum Counting {
    /// Every 60 seconds.
    Sliding,
    /// Minute by minute, so many seconds past the full one.
    Fixed(u64),
}

/// What a refusal says.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// When there is room again, in whole seconds.
    Exactly,
    /// Nothing.
    Nothing,
    /// Always the same, as in Box's documentation.
    Always(u64),
}

/// A server with a limit that nobody knows and that may change.
struct Server {
    counting: Counting,
    says: Says,
    /// From when on how many a minute.
    limits: Vec<(Duration, u32)>,
    passed: VecDeque<Duration>,
}

impl Server {
    fn limit(&self, at: Duration) -> u32 {
        let known = self.limits.iter().take_while(|(from, _)| *from <= at);
        known.last().map_or(0, |(_, limit)| *limit)
    }

    /// Lets it through, or says what `Retry-After` would.
    fn judge(&mut self, at: Duration) -> Result<(), Option<Duration>> {
        let begin = match self.counting {
            Counting::Sliding => (at + Duration::from_nanos(1)).saturating_sub(MINUTE),
            Counting::Fixed(offset) => {
                let whole = (at.as_secs() + 60 - offset) / 60 * 60;
                Duration::from_secs((whole + offset).saturating_sub(60))
            }
        };
        while self.passed.front().is_some_and(|passed| *passed < begin) {
            self.passed.pop_front();
        }
        let over = (self.passed.len() + 1).saturating_sub(self.limit(at) as usize);
        if over == 0 {
            self.passed.push_back(at);
            return Ok(());
        }
        Err(match self.says {
            Says::Nothing => None,
            Says::Always(seconds) => Some(Duration::from_secs(seconds)),
            Says::Exactly => {
                let opens = match self.counting {
                    Counting::Sliding => self.passed[over - 1] + MINUTE,
                    Counting::Fixed(_) => begin + MINUTE,
                };
                let wait = opens.saturating_sub(at).as_secs_f64().ceil();
                Some(Duration::from_secs_f64(wait.max(1.0)))
            }
        })
    }
}

/// What came of it, minute by minute.
struct Log {
    passed: Vec<Duration>,
    refused: Vec<Duration>,
}

impl Log {
    fn within(times: &[Duration], from: u64, to: u64) -> usize {
        let span = MINUTE * from as u32..MINUTE * to as u32;
        times.iter().filter(|at| span.contains(at)).count()
    }

    /// Used of what is allowed between two minutes, in per cent.
    fn used(&self, from: u64, to: u64, limit: u32) -> f64 {
        let passed = Self::within(&self.passed, from, to) as f64;
        100.0 * passed / (f64::from(limit) * (to - from) as f64)
    }

    fn refused(&self, from: u64, to: u64) -> usize {
        Self::within(&self.refused, from, to)
    }
}

/// Works off an endless backlog for so many minutes.
fn run(server: &mut Server, lane: Lane, configured: (u32, u32), minutes: u32) -> Log {
    let begin = Instant::now();
    let mut pace = Pace::new(configured.0, configured.1, begin);
    let mut now = begin;
    // Answers under way: when they come, when they were asked for, and what they say.
    let mut under_way: VecDeque<(Instant, Instant, Result<(), Option<Duration>>)> = VecDeque::new();
    let mut log = Log {
        passed: Vec::new(),
        refused: Vec::new(),
    };
    let mut starts: VecDeque<Instant> = VecDeque::new();
    let most = match lane {
        Lane::Upload => configured.0,
        Lane::Call | Lane::Token => configured.1,
    };
    let mut dice = 0.5_f64;
    while now < begin + MINUTE * minutes {
        let wake = match under_way.len() < WORKERS {
            true => pace.admit(lane, now).err(),
            false => Some(now + MINUTE),
        };
        let Some(wake) = wake else {
            starts.push_back(now);
            while starts.front().is_some_and(|at| *at + MINUTE <= now) {
                starts.pop_front();
            }
            assert!(starts.len() <= most as usize, "more than configured");
            let verdict = server.judge(now + LATENCY / 2 - begin);
            match verdict {
                Ok(()) => log.passed.push(now - begin),
                Err(_) => log.refused.push(now - begin),
            }
            under_way.push_back((now + LATENCY, now, verdict));
            continue;
        };
        match under_way.front().copied() {
            Some((at, started, verdict)) if at <= wake => {
                under_way.pop_front();
                now = now.max(at);
                dice = (dice * 997.0 + 0.1).fract();
                match verdict {
                    Ok(()) => pace.pass(started),
                    Err(asked) => pace.refuse((lane, started), asked, now, dice),
                }
            }
            _ => now = wake,
        }
    }
    log
}

const PUBLISHED: (u32, u32) = (240, 1000);

#[test]
fn at_a_limit_that_nobody_told_nearly_all_of_it_is_used_and_hardly_anything_refused() {
    let mut worst = 100.0_f64;
    for counting in [
        Counting::Sliding,
        Counting::Fixed(0),
        Counting::Fixed(13),
        Counting::Fixed(47),
    ] {
        for says in [Says::Exactly, Says::Nothing, Says::Always(100)] {
            for (lane, limits) in [
                (Lane::Upload, vec![240, 239, 200, 120, 60, 25, 12]),
                (Lane::Call, vec![1000, 990, 700, 333, 100, 40]),
            ] {
                for limit in limits {
                    let limits = vec![(Duration::ZERO, limit)];
                    let passed = VecDeque::new();
                    let mut server = Server {
                        counting,
                        says,
                        limits,
                        passed,
                    };
                    let log = run(&mut server, lane, PUBLISHED, 165);
                    let (used, refused) = (log.used(45, 165, limit), log.refused(45, 165));
                    let case = format!("{counting:?} {says:?} {lane:?} {limit}");
                    println!(
                        "{case}: {used:.1} %, {refused} refused, {} before",
                        log.refused(0, 45)
                    );
                    assert!(used >= 95.0, "{case}: only {used:.1} % used");
                    assert!(refused <= 20, "{case}: {refused} refused in two hours");
                    assert!(log.refused(0, 45) <= 30, "{case}: it does not learn");
                    worst = worst.min(used);
                }
            }
        }
    }
    println!("at worst {worst:.1} % of what is allowed is used");
}

#[test]
fn a_limit_that_changes_in_mid_run_is_found_again() {
    let minute = |number: u32| MINUTE * number;
    for counting in [Counting::Sliding, Counting::Fixed(13)] {
        for says in [Says::Exactly, Says::Nothing] {
            let limits = vec![(minute(0), 240), (minute(60), 60), (minute(180), 200)];
            let passed = VecDeque::new();
            let mut server = Server {
                counting,
                says,
                limits,
                passed,
            };
            let log = run(&mut server, Lane::Upload, PUBLISHED, 390);
            let case = format!("{counting:?} {says:?}");
            // It is let down at once, and finds out within a while that it is let up.
            for (from, to, limit) in [(5, 60, 240), (70, 180, 60), (270, 390, 200)] {
                let (used, refused) = (log.used(from, to, limit), log.refused(from, to));
                println!("{case}, {limit} a minute: {used:.1} %, {refused} refused");
                assert!(used >= 95.0, "{case}: only {used:.1} % of {limit} used");
                assert!(refused <= 20, "{case}: {refused} refused at {limit}");
            }
            let (down, up) = (log.refused(60, 70), log.refused(180, 270));
            println!("{case}: {down} refused on the way down, {up} on the way up");
            assert!(down <= 20 && up <= 20, "{case}: {down} down, {up} up");
        }
    }
}
