//! Uploads in parts against a model of a session, under every order of events.

use super::{digest, said, stamp};
use crate::model::digest::Sha1Digest;
use crate::model::ids::FileId;
use crate::model::session::{Cut, Part, Places, Session, SessionFault, Slice};
use crate::model::stamp::{Stamp, Tolerated};
use crate::model::trouble::{Said, Trouble};
use crate::plan::chunked::{Chunked, Do, Done, End};
use crate::plan::facts::{Goal, OpenSession};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;

const PART: u64 = 4;

fn of(number: u64) -> Sha1Digest {
    digest(u8::try_from(number % 200).unwrap())
}

fn part(slice: Slice) -> Part {
    Part {
        id: format!("{:08X}", slice.number),
        offset: slice.offset,
        size: slice.size,
        sha1: of(slice.number),
    }
}

fn session(fault: SessionFault) -> Trouble {
    Trouble::Session(said(409), fault)
}

/// A session at Box, and what was done to it.
#[derive(Default)]
struct Box_ {
    held: BTreeMap<u64, Part>,
    sent: BTreeMap<u64, u32>,
    read: u64,
    committed: u32,
    /// 202 so many times, and `parts_mismatch` so many times, before a commit works.
    pending: u32,
    mismatches: u32,
}

/// How often things go wrong, in percent.
#[derive(Clone, Copy, Default)]
struct Rates {
    lost_before: u8,
    lost_after: u8,
    later: u8,
    throttled: u8,
    damaged: u8,
    wrong: u8,
}

impl Box_ {
    fn put(&mut self, slice: Slice, rates: Rates, rng: &mut Rng) -> Result<Part, Trouble> {
        let mut strikes = |rate| rng.u8(0..100) < rate;
        if strikes(rates.throttled) {
            return Err(Trouble::Throttled(said(429), Some(Duration::from_secs(1))));
        }
        *self.sent.entry(slice.number).or_default() += 1;
        if strikes(rates.lost_before) {
            return Err(Trouble::NoAnswer("lost".to_owned()));
        }
        if strikes(rates.damaged) {
            return Err(Trouble::Damaged(said(400)));
        }
        if self.held.contains_key(&slice.number) {
            return Err(session(SessionFault::Overlap));
        }
        let mut part = part(slice);
        self.held.insert(slice.number, part.clone());
        if strikes(rates.lost_after) {
            return Err(Trouble::NoAnswer("lost".to_owned()));
        }
        if strikes(rates.later) {
            return Err(Trouble::Later(said(500), None));
        }
        if strikes(rates.wrong) {
            part.sha1 = digest(250);
        }
        Ok(part)
    }

    fn commit(&mut self, cut: Cut, parts: &[Part]) -> Done<&'static str> {
        if self.mismatches > 0 {
            self.mismatches -= 1;
            return Done::Committed(Err(session(SessionFault::NotYet)));
        }
        let all: Vec<Part> = (0..cut.parts())
            .map(|n| part(cut.slice(n).unwrap()))
            .collect();
        assert_eq!(parts, all, "the parts of the commit");
        if self.pending > 0 {
            self.pending -= 1;
            return Done::Pending(Duration::from_secs(3));
        }
        self.committed += 1;
        Done::Committed(Ok("file"))
    }
}

/// Plays it through; things that are under way end in any order.
fn play(
    cut: Cut,
    width: usize,
    resumed: bool,
    at: &mut Box_,
    rates: Rates,
    seed: u64,
) -> End<&'static str> {
    let mut rng = Rng::with_seed(seed);
    let mut machine = Chunked::new(cut, width, resumed);
    let mut flying: Vec<Do> = Vec::new();
    for _ in 0..100_000 {
        while let Some(next) = machine.next() {
            flying.push(next);
        }
        let puts = flying.iter().filter(|f| matches!(f, Do::Put(..))).count();
        assert!(puts <= width, "{puts} parts at once");
        if let Some(end) = machine.end() {
            return end;
        }
        assert!(!flying.is_empty(), "seed {seed}: nothing is under way");
        let done = match flying.swap_remove(rng.usize(0..flying.len())) {
            Do::List => Done::Listed(Ok(at.held.values().cloned().collect())),
            Do::Read(slice) => {
                assert_eq!(slice.number, at.read, "read in order, once");
                at.read += 1;
                let ahead = at.read - at.sent.len() as u64;
                let held = at.held.len() as u64;
                assert!(ahead <= 2 * width as u64 + held, "{ahead} read ahead");
                Done::Read(Ok(of(slice.number)))
            }
            Do::Put(slice, sha1) => {
                assert_eq!(sha1, of(slice.number));
                Done::Put(slice.number, at.put(slice, rates, &mut rng))
            }
            Do::Wait(_) => Done::Waited,
            Do::Commit(parts) => at.commit(cut, &parts),
        };
        machine.done(done, rng.f64());
    }
    panic!("seed {seed} does not end");
}

#[test]
fn every_part_is_read_and_sent_once_when_nothing_goes_wrong() {
    for (size, width) in [(1, 4), (PART, 1), (PART + 1, 4), (99, 1), (99, 4), (99, 40)] {
        let cut = Cut::new(size, PART, None).unwrap();
        for seed in 0..50 {
            let mut at = Box_::default();
            let end = play(cut, width, false, &mut at, Rates::default(), seed);
            assert_eq!(end, End::Stored("file"));
            assert_eq!((at.read, at.committed), (cut.parts(), 1));
            assert!(at.sent.values().all(|times| *times == 1), "{:?}", at.sent);
        }
    }
}

#[test]
fn what_box_holds_already_is_read_and_not_sent() {
    let cut = Cut::new(43, PART, None).unwrap();
    for seed in 0..500 {
        let mut rng = Rng::with_seed(seed);
        let mut at = Box_::default();
        for number in (0..cut.parts()).filter(|_| rng.bool()) {
            at.held.insert(number, part(cut.slice(number).unwrap()));
        }
        let held: Vec<u64> = at.held.keys().copied().collect();
        let end = play(cut, 4, true, &mut at, Rates::default(), seed);
        assert_eq!(end, End::Stored("file"));
        assert_eq!(at.read, cut.parts());
        assert!(held.iter().all(|number| !at.sent.contains_key(number)));
        assert_eq!(at.sent.len() as u64, cut.parts() - held.len() as u64);
    }
}

#[test]
fn a_part_that_is_not_ours_is_never_committed() {
    let cut = Cut::new(43, PART, None).unwrap();
    for strange in [0, 5, 10] {
        let mut at = Box_::default();
        let theirs = Part {
            sha1: digest(250),
            ..part(cut.slice(strange).unwrap())
        };
        at.held.insert(strange, theirs);
        let end = play(cut, 4, true, &mut at, Rates::default(), strange);
        assert!(matches!(end, End::Useless(_)), "{end:?}");
        assert_eq!(at.committed, 0);
    }
    let mut at = Box_::default();
    let elsewhere = Part {
        offset: 2,
        ..part(cut.slice(0).unwrap())
    };
    at.held.insert(0, elsewhere);
    let end = play(cut, 4, true, &mut at, Rates::default(), 1);
    assert!(matches!(end, End::Useless(_)), "{end:?}");
}

#[test]
fn every_mixture_of_faults_ends_and_nothing_is_sent_twice_without_a_cause() {
    let (mut stored, mut later, mut useless) = (0, 0, 0);
    for seed in 0..20_000 {
        let mut rng = Rng::with_seed(seed);
        let mut rate = |most: u8| {
            if rng.u8(0..3) == 0 {
                rng.u8(1..most)
            } else {
                0
            }
        };
        let rates = Rates {
            lost_before: rate(30),
            lost_after: rate(30),
            later: rate(30),
            throttled: rate(30),
            damaged: rate(8),
            wrong: rate(8),
        };
        let cut = Cut::new(rng.u64(1..100), PART, None).unwrap();
        let mut at = Box_ {
            pending: rng.u32(0..20),
            mismatches: rng.u32(0..4),
            ..Box_::default()
        };
        let width = rng.usize(1..6);
        match play(cut, width, false, &mut at, rates, seed) {
            End::Stored(_) => stored += 1,
            End::Later(_) => later += 1,
            End::Useless(_) => useless += 1,
        }
        let harmless = rates.lost_before + rates.damaged == 0;
        if harmless {
            assert!(at.sent.values().all(|times| *times == 1), "seed {seed}");
        }
        assert!(at.read <= cut.parts());
    }
    assert!(
        stored > 10_000 && later > 50 && useless > 50,
        "{stored} {later} {useless}"
    );
}

#[test]
fn a_commit_is_waited_for_as_long_as_box_keeps_the_parts() {
    let cut = Cut::new(9, PART, None).unwrap();
    let mut at = Box_ {
        pending: 5_000,
        ..Box_::default()
    };
    let end = play(cut, 4, false, &mut at, Rates::default(), 1);
    assert_eq!((end, at.committed), (End::Stored("file"), 1));
    // For ever is too long.
    let mut machine = Chunked::<()>::new(Cut::new(1, 1, None).unwrap(), 1, false);
    while let Some(next) = machine.next() {
        machine.done(
            match next {
                Do::Read(slice) => Done::Read(Ok(of(slice.number))),
                Do::Put(slice, _) => Done::Put(slice.number, Ok(part(slice))),
                Do::Wait(delay) => {
                    assert!(delay <= Duration::from_secs(600));
                    Done::Waited
                }
                Do::Commit(_) => Done::Pending(Duration::from_secs(u64::MAX)),
                Do::List => Done::Listed(Ok(Vec::new())),
            },
            0.5,
        );
    }
    assert!(matches!(machine.end(), Some(End::Useless(_))));
}

/// What becomes of trouble with the first part.
fn first_part(trouble: Trouble) -> Option<End<()>> {
    let mut machine = Chunked::new(Cut::new(9, PART, None).unwrap(), 1, false);
    let Some(Do::Read(_)) = machine.next() else {
        panic!("nothing is read");
    };
    machine.done(Done::Read(Ok(of(0))), 0.5);
    let put = std::iter::from_fn(|| machine.next()).find(|next| matches!(next, Do::Put(..)));
    assert!(put.is_some());
    machine.done(Done::Put(0, Err(trouble)), 0.5);
    machine.end()
}

#[test]
fn trouble_is_sorted_by_what_it_means_for_the_session() {
    let code = |code: &str| Said {
        code: code.to_owned(),
        ..said(403)
    };
    for over in [
        session(SessionFault::Over),
        Trouble::Gone(said(404)),
        Trouble::Refused(code("forbidden")),
        Trouble::LocalChanged,
        Trouble::LocalGone,
    ] {
        assert_eq!(first_part(over.clone()), Some(End::Useless(over)));
    }
    for later in [
        Trouble::Refused(code("storage_limit_exceeded")),
        Trouble::Unauthorized(said(401)),
        Trouble::LocalRead("no".to_owned()),
        Trouble::Later(said(503), Some(Duration::from_secs(61))),
        Trouble::Throttled(said(429), Some(Duration::from_secs(400))),
    ] {
        assert_eq!(first_part(later.clone()), Some(End::Later(later)));
    }
    for here in [
        Trouble::NoAnswer("reset".to_owned()),
        Trouble::Later(said(503), None),
        Trouble::Throttled(said(429), Some(Duration::from_secs(5))),
        Trouble::Damaged(said(400)),
        Trouble::Stale(said(412)),
        session(SessionFault::Overlap),
    ] {
        assert_eq!(first_part(here.clone()), None, "{here:?}");
    }
}

#[test]
fn a_session_is_good_for_one_state_of_a_file_and_of_a_log_for_what_it_was() {
    let left = OpenSession {
        session: Session {
            id: "A".to_owned(),
            cut: Cut::new(9, PART, None).unwrap(),
            places: Places {
                part: String::new(),
                list: String::new(),
                status: String::new(),
                commit: String::new(),
                abort: String::new(),
            },
        },
        goal: Goal::Version(FileId::new("5")),
        stamp: stamp(3, 1),
    };
    let (goal, other) = (&left.goal, Goal::Version(FileId::new("6")));
    let grown = Stamp {
        size: left.stamp.size + 1,
        ..stamp(3, 2)
    };
    let cut = Stamp { size: 0, ..grown };
    for (goal, now, at_rest, growing) in [
        (goal, left.stamp, true, true),
        (goal, grown, false, true),
        (goal, cut, false, false),
        (&other, left.stamp, false, false),
    ] {
        let is_for = |tolerated| left.is_for(goal, &now, tolerated);
        assert_eq!(is_for(Tolerated::Nothing), at_rest, "{now:?}");
        assert_eq!(is_for(Tolerated::Growth), growing, "{now:?}");
    }
}
