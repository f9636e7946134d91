//! Everything in `plan` together, against a model of Box, in random order and with
//! random faults: first chaos, then calm, then everything must be right.
//!
//! One seed makes one schedule, always the same. A failure names its seed and tells
//! the last steps.

mod chaos;
mod cloud;
mod oracle;
mod world;

use super::{SECOND, policy};
use crate::model::path::LocalName;
use crate::plan::facts::Mapped;
use crate::plan::policy::{OnForeign, OnInvalidName};
use chaos::Swarm;
use cloud::Cloud;
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;
use world::World;

/// Schedules in a normal test run.
const SCHEDULES: u64 = 20_000;
/// Steps of chaos in each.
const STEPS: usize = 40;

impl World {
    fn new(seed: u64, traced: bool) -> Self {
        let stream = |number: u64| Rng::with_seed(seed.wrapping_mul(31).wrapping_add(number << 48));
        let mut setup = stream(1);
        let all = [OnForeign::Park, OnForeign::NewVersion, OnForeign::KeepBoth];
        let choose = |rng: &mut Rng| *rng.choice(&all).unwrap();
        let mut policy = policy(choose(&mut setup), choose(&mut setup));
        if setup.bool() {
            policy.on_invalid_name = OnInvalidName::Encode;
        }
        let mut world = Self {
            policy,
            swarm: Swarm::new(&mut setup),
            ops: stream(2),
            faults: stream(3),
            order: stream(4),
            now: 1_000 * SECOND,
            began: Instant::now(),
            disk: BTreeMap::new(),
            mapped: Mapped::default(),
            inventoried: setup.bool(),
            cloud: Cloud::default(),
            late: Vec::new(),
            plans: VecDeque::new(),
            queue: world::new_queue(),
            jobs: 0,
            running: BTreeMap::new(),
            sent: BTreeMap::new(),
            decided: Vec::new(),
            lied_about: BTreeSet::new(),
            calm: false,
            trace: traced.then(Vec::new),
            broken: None,
        };
        if !world.inventoried {
            (0..3).for_each(|_| world.foreign_change());
        }
        (0..3).for_each(|_| world.local_change());
        world
    }

    fn step(&mut self) {
        self.now += self.order.i64(1..2_000_000_000);
        match self.order.u8(0..100) {
            0..14 => self.local_change(),
            14..20 => self.foreign_change(),
            20..30 => self.look(None),
            30..34 => {
                let names: Vec<LocalName> = self.disk.keys().cloned().collect();
                if let Some(name) = self.order.choice(&names) {
                    self.look(Some(name));
                }
            }
            34..46 => self.deliver(),
            46..56 => self.start_one(),
            56..57 => self.crash(),
            57..59 => self.land(),
            59..60 if self.swarm.hides() => self.cloud.hidden = !self.cloud.hidden,
            60..61 => self.now += 60 * SECOND,
            61..64 => self.decide(),
            _ => self.advance_one(),
        }
        self.check_step();
    }

    fn start_one(&mut self) {
        let _none_may_be_ready = self.start();
    }

    fn advance_one(&mut self) {
        if self.running.is_empty() {
            return self.start_one();
        }
        let at = self.order.usize(0..self.running.len());
        let name = self.running.keys().nth(at).unwrap().clone();
        self.advance(&name);
    }

    /// A request that Box had answered with 503 is done after all.
    fn land(&mut self) {
        if !self.late.is_empty() {
            let request = self.late.remove(0);
            self.note(|| format!("land {request:?}"));
            if let Ok(file) = self.cloud.process(&request) {
                self.cloud.mark_late(&file.id);
            }
        }
    }

    /// No faults and no changes any more: passes until nothing moves.
    fn rest(&mut self) {
        self.calm = true;
        self.cloud.hidden = false;
        while !self.late.is_empty() {
            self.land();
        }
        for round in 0..10 {
            let before = (self.mapped.clone(), self.cloud.changes);
            self.now += 100 * SECOND;
            self.deliver_all();
            self.look(None);
            self.deliver_all();
            self.work_off();
            if self.broken.is_some() {
                return;
            }
            if round > 0 && before == (self.mapped.clone(), self.cloud.changes) {
                return self.check_rest();
            }
        }
        self.violate("no rest after ten passes");
    }

    fn deliver_all(&mut self) {
        while !self.plans.is_empty() {
            self.deliver();
        }
    }

    fn work_off(&mut self) {
        for _ in 0..500 {
            while self.start() {}
            if !self.running.is_empty() {
                self.advance_one();
            } else if self.queue.is_idle() {
                return self.check_step();
            } else {
                self.now += SECOND;
            }
        }
        self.violate("the queue does not become empty");
    }
}

/// One schedule; the trace and what is wrong with it.
fn run(seed: u64, traced: bool) -> (Vec<String>, Option<String>) {
    let mut world = World::new(seed, traced);
    for _ in 0..STEPS {
        world.step();
        if world.broken.is_some() {
            break;
        }
    }
    if world.broken.is_none() {
        world.rest();
    }
    (world.trace.unwrap_or_default(), world.broken)
}

fn check(seeds: impl Iterator<Item = u64>) {
    for seed in seeds {
        if let (_, Some(what)) = run(seed, false) {
            let trace = run(seed, true).0.join("\n");
            panic!("seed {seed}: {what}\n{trace}");
        }
    }
}

#[test]
fn every_schedule_keeps_its_promises_and_comes_to_rest() {
    let threads = 2;
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || check((first..SCHEDULES).step_by(2)));
        }
    });
}

/// Edits here and on Box, all of them at once, for one policy.
fn race(seed: u64, on_foreign: OnForeign, traced: bool) -> (Vec<String>, Option<String>) {
    let mut world = World::new(seed, traced);
    world.policy = policy(on_foreign, on_foreign);
    let (mut here, mut there) = (0, 0);
    while (here, there) != (500, 200) && world.broken.is_none() {
        match world.order.u8(0..10) {
            0 if here < 500 => {
                here += 1;
                world.local_change();
            }
            1 if there < 200 => {
                there += 1;
                world.foreign_change();
            }
            _ => world.step(),
        }
    }
    if world.broken.is_none() {
        world.rest();
    }
    (world.trace.unwrap_or_default(), world.broken)
}

#[test]
fn of_hundreds_of_edits_on_both_sides_none_is_lost_or_superseded_unseen() {
    for seed in 0..24 {
        for on_foreign in [OnForeign::Park, OnForeign::KeepBoth] {
            if let (_, Some(what)) = race(seed, on_foreign, false) {
                let trace = race(seed, on_foreign, true).0.join("\n");
                panic!("seed {seed}, {on_foreign:?}: {what}\n{trace}");
            }
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_schedule() {
    for seed in 0..200 {
        assert_eq!(run(seed, true), run(seed, true), "seed {seed}");
    }
}
