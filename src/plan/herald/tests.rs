//! What is told when, step by step.

use super::memory::Memory;
use super::{Event, Herald, Key, Letter, Occasion, Rules, Sight, Trouble};
use std::time::Duration;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// Some day in 2026.
const START: u64 = 1_790_000_000 * SECOND;

pub(super) fn rules() -> Rules {
    Rules {
        on: vec![
            Event::Parked,
            Event::Halted,
            Event::AuthFailed,
            Event::Stale,
            Event::Recovered,
        ],
        lasting: Duration::from_secs(30),
        stale_after: Duration::from_secs(900),
        repeat: Duration::from_secs(86_400),
        min_interval: Duration::from_secs(300),
    }
}

pub(super) fn trouble(event: Event, mirror: &str, marks: &[u64]) -> Trouble {
    Trouble {
        key: Key {
            event,
            mirror: (!mirror.is_empty()).then(|| mirror.to_owned()),
            reason: "why".to_owned(),
        },
        message: "so it is".to_owned(),
        next: "do this".to_owned(),
        count: (marks.len() as u64).max(1),
        paths: Vec::new(),
        marks: marks.iter().copied().collect(),
        age: Duration::ZERO,
    }
}

pub(super) fn sight(troubles: Vec<Trouble>) -> Sight {
    Sight {
        troubles,
        mirrors: vec!["m".to_owned(), "n".to_owned()],
        configured: vec!["m".to_owned(), "n".to_owned(), "o".to_owned()],
        ..Sight::default()
    }
}

/// `event mirror` of each, `+` behind what was told before.
fn shown(letter: &Letter) -> String {
    let items = letter.items.iter().map(|item| {
        let mirror = item.trouble.key.mirror.as_deref().unwrap_or("-");
        let again = if item.again { "+" } else { "" };
        format!("{} {mirror}{again}", item.event.word())
    });
    items.collect::<Vec<_>>().join(", ")
}

/// A herald whose letters arrive.
struct Play {
    herald: Herald,
    now: u64,
}

impl Play {
    fn new(rules: Rules) -> Self {
        let herald = Herald::new(rules, Memory::default());
        let now = START;
        Self { herald, now }
    }

    /// Later, it stands like this; what is told.
    fn step(&mut self, later: u64, troubles: Vec<Trouble>, occasion: Occasion) -> String {
        self.now += later;
        self.herald.look(self.now, &sight(troubles));
        let letter = self.herald.due(self.now, occasion);
        let Some(letter) = self.herald.pass_over(self.now, letter) else {
            return String::new();
        };
        self.herald.told(self.now, &letter);
        shown(&letter)
    }

    fn run(&mut self, later: u64, troubles: Vec<Trouble>) -> String {
        self.step(later, troubles, Occasion::Running)
    }

    fn end(&mut self, later: u64, troubles: Vec<Trouble>) -> String {
        self.step(later, troubles, Occasion::Ended)
    }
}

fn halted() -> Vec<Trouble> {
    vec![trouble(Event::Halted, "m", &[])]
}

fn parked(marks: &[u64]) -> Vec<Trouble> {
    vec![trouble(Event::Parked, "m", marks)]
}

#[test]
fn a_trouble_must_last_and_so_must_its_end() {
    let mut play = Play::new(rules());
    assert_eq!(play.run(0, halted()), "");
    assert_eq!(play.run(29 * SECOND, halted()), "");
    assert_eq!(play.herald.next(), Some(START + 30 * SECOND));
    assert_eq!(play.run(SECOND, halted()), "halted m");
    assert_eq!(play.run(6 * MINUTE, halted()), "");
    assert_eq!(play.run(SECOND, vec![]), "");
    // A blink is no end.
    assert_eq!(play.run(10 * SECOND, halted()), "");
    assert_eq!(play.run(HOUR, vec![]), "");
    assert_eq!(play.run(30 * SECOND, vec![]), "recovered m");
    assert_eq!(play.run(24 * HOUR, vec![]), "");
}

#[test]
fn what_did_not_last_is_never_told() {
    let mut play = Play::new(rules());
    assert_eq!(play.run(0, halted()), "");
    assert_eq!(play.run(20 * SECOND, vec![]), "");
    assert_eq!(play.run(40 * SECOND, vec![]), "");
    assert_eq!(play.run(0, halted()), "");
    assert_eq!(play.run(29 * SECOND, halted()), "");
}

#[test]
fn what_comes_up_between_two_letters_is_in_the_next() {
    let mut play = Play::new(rules());
    play.run(0, halted());
    assert_eq!(play.run(30 * SECOND, halted()), "halted m");
    let both = || vec![halted().remove(0), trouble(Event::Parked, "n", &[1])];
    assert_eq!(play.run(SECOND, both()), "");
    assert_eq!(play.run(60 * SECOND, both()), "");
    let only = || vec![trouble(Event::Parked, "n", &[1])];
    assert_eq!(play.run(60 * SECOND, only()), "");
    assert_eq!(play.run(178 * SECOND, only()), "");
    assert_eq!(play.run(SECOND, only()), "parked n, recovered m");
}

#[test]
fn a_trouble_that_lasts_is_told_again_after_a_while() {
    let mut play = Play::new(rules());
    play.run(0, halted());
    play.run(30 * SECOND, halted());
    assert_eq!(play.run(23 * HOUR, halted()), "");
    assert_eq!(play.run(HOUR, halted()), "halted m+");
    assert_eq!(play.run(HOUR, halted()), "");
}

#[test]
fn more_of_the_same_is_told_ever_more_rarely() {
    let mut play = Play::new(rules());
    play.run(0, parked(&[1, 2]));
    assert_eq!(play.run(MINUTE, parked(&[1, 2])), "parked m");
    assert_eq!(play.run(HOUR, parked(&[1])), "");
    assert_eq!(play.run(HOUR, parked(&[1, 2])), "", "that one was told");
    assert_eq!(play.run(HOUR, parked(&[1, 3])), "parked m+");
    assert_eq!(play.run(9 * MINUTE, parked(&[1, 3, 4])), "");
    assert_eq!(play.run(MINUTE, parked(&[1, 3, 4])), "parked m+");
    assert_eq!(play.run(19 * MINUTE, parked(&[1, 3, 4, 5])), "");
    assert_eq!(play.run(MINUTE, parked(&[1, 3, 4, 5])), "parked m+");
    // One that says only how many there are.
    let mut many = trouble(Event::Parked, "m", &[]);
    many.count = 5_000;
    assert_eq!(play.run(HOUR, vec![many.clone()]), "parked m+");
    many.count = 4_000;
    assert_eq!(play.run(2 * HOUR, vec![many]), "");
}

#[test]
fn what_is_stale_must_be_so_for_long_and_an_age_counts() {
    let mut play = Play::new(rules());
    let stale = || vec![trouble(Event::Stale, "m", &[])];
    assert_eq!(play.end(0, stale()), "");
    assert_eq!(play.end(5 * MINUTE, stale()), "");
    assert_eq!(play.end(10 * MINUTE, stale()), "stale m");
    let mut old = trouble(Event::Stale, "n", &[]);
    old.age = Duration::from_secs(901);
    let mut play = Play::new(rules());
    assert_eq!(play.run(0, vec![old]), "stale n");
}

/// From cron, every five minutes.
#[test]
fn runs_one_after_the_other_tell_once() {
    let mut play = Play::new(rules());
    assert_eq!(play.end(0, halted()), "halted m");
    for _ in 0..20 {
        assert_eq!(play.end(5 * MINUTE, halted()), "");
    }
    assert_eq!(play.end(5 * MINUTE, vec![]), "recovered m");
    assert_eq!(play.end(5 * MINUTE, vec![]), "");
    // It comes and goes: told twice more, and then no more.
    let mut told = Vec::new();
    for round in 0..40 {
        let troubles = if round % 2 == 0 { halted() } else { vec![] };
        told.push(play.end(5 * MINUTE, troubles));
    }
    told.retain(|letter| !letter.is_empty());
    assert_eq!(told, ["halted m"]);
    assert_eq!(play.end(5 * MINUTE, vec![]), "recovered m");
}

#[test]
fn the_last_word_does_not_wait() {
    let mut play = Play::new(rules());
    assert_eq!(play.end(0, halted()), "halted m");
    let all = || vec![halted().remove(0), trouble(Event::AuthFailed, "", &[])];
    assert_eq!(play.end(SECOND, all()), "");
    let last = Occasion::LastWord;
    assert_eq!(play.step(SECOND, all(), last), "auth_failed -");
    assert_eq!(play.step(SECOND, all(), last), "");
}

#[test]
fn what_nobody_looked_at_is_not_over() {
    let mut play = Play::new(rules());
    let others = || {
        let parked = trouble(Event::Parked, "o", &[1]);
        vec![parked, trouble(Event::AuthFailed, "", &[])]
    };
    assert_eq!(play.end(0, others()), "auth_failed -, parked o");
    let mut looked = sight(vec![]);
    looked.blind = [Event::AuthFailed].into();
    play.now += HOUR;
    play.herald.look(play.now, &looked);
    assert_eq!(play.herald.due(play.now, Occasion::Ended), None);
    // A mirror that is not configured any more has no troubles.
    looked.configured.pop();
    looked.unsure = vec![others().remove(0).key];
    play.herald.look(play.now, &looked);
    assert_eq!(play.herald.due(play.now, Occasion::Ended), None);
    looked.unsure.clear();
    play.herald.look(play.now, &looked);
    let letter = play.herald.due(play.now, Occasion::Ended).unwrap();
    assert_eq!(shown(&letter), "recovered o");
    assert_eq!(letter.items[0].trouble.message, "so it is");
}

#[test]
fn only_what_is_wanted_is_told() {
    let mut some = rules();
    some.on = vec![Event::Halted, Event::Parked];
    let mut play = Play::new(some);
    let all = || {
        let auth = trouble(Event::AuthFailed, "", &[]);
        vec![halted().remove(0), auth]
    };
    assert_eq!(play.end(0, all()), "halted m");
    assert_eq!(play.end(HOUR, vec![]), "");
    assert!(!play.herald.memory().is_owing());
    assert_eq!(play.end(HOUR, halted()), "halted m");
}

#[test]
fn a_letter_that_nobody_got_is_tried_again_ever_more_rarely() {
    let mut play = Play::new(rules());
    play.run(0, halted());
    let mut tries = Vec::new();
    for minute in 1..400 {
        play.now = START + minute * MINUTE;
        play.herald.look(play.now, &sight(halted()));
        if let Some(letter) = play.herald.due(play.now, Occasion::Running) {
            assert_eq!(shown(&letter), "halted m");
            play.herald.missed(play.now);
            tries.push(minute);
        }
    }
    assert_eq!(tries, [1, 6, 11, 16, 24, 40, 72, 132, 192, 252, 312, 372]);
    assert_eq!(play.run(HOUR, halted()), "halted m");
}

#[test]
fn a_clock_that_was_set_back_does_not_silence_it() {
    let mut play = Play::new(rules());
    play.now += 10 * 365 * 24 * HOUR;
    assert_eq!(play.end(0, halted()), "halted m");
    play.now = START;
    let both = || vec![halted().remove(0), trouble(Event::Parked, "n", &[])];
    assert_eq!(play.end(0, both()), "");
    assert_eq!(play.end(5 * MINUTE, both()), "parked n");
    assert_eq!(play.end(24 * HOUR, both()), "halted m+, parked n+");
}
