//! Remembering how it stood, for whoever asks when no agent runs.

use crate::agent::engine::Engine;
use crate::agent::notice::Ending;
use crate::clock;
use crate::store::last::{self, Last, LastPass, LastRun};
use crate::store::witness::Witness;
use std::path::Path;
use std::time::{Instant, SystemTime};

/// Where it is remembered, and what.
pub(super) struct Memory {
    dir: Witness,
    last: Last,
    /// That it cannot be kept has been told.
    is_told: bool,
}

impl Engine {
    /// From now on it is remembered there how it stands. What earlier runs left there
    /// about other mirrors stays. The agent has been running since `started`.
    pub(crate) fn remember_in(&mut self, dir: &Path, started: (SystemTime, Instant)) {
        self.started = started;
        let mut last = last::read(dir);
        self.recall(&last);
        let configured = &self.context.configured;
        last.mirrors.retain(|name, _| configured.contains(name));
        last.run = Some(LastRun {
            began: last::seconds(started.0),
            is_service: self.schedule.is_lasting(),
            ..LastRun::default()
        });
        self.memory = Witness::of(dir.to_path_buf()).ok().map(|dir| Memory {
            dir,
            last,
            is_told: false,
        });
        self.keep_memory();
    }

    /// What former runs left about the mirrors. It says nothing about what this one has
    /// looked at.
    fn recall(&mut self, last: &Last) {
        let (wall, now) = (clock::wall(), Instant::now());
        for (mirror, part) in self.context.mirrors.iter().zip(&mut self.parts) {
            let Some(known) = last.of(&mirror.name, &mirror.target_key()) else {
                continue;
            };
            part.last_pass = known.complete.map(last::at);
            let fresh = known.fresh.map_or(self.started.1, |fresh| {
                // A time that is yet to come is as good as now.
                let age = wall.duration_since(last::at(fresh)).unwrap_or_default();
                now.checked_sub(age).unwrap_or(now)
            });
            part.unknown_since = part.unknown_since.and(Some(fresh));
        }
    }

    /// A pass over a mirror has come to its end.
    pub(super) fn remember_pass(&mut self, mirror: usize, is_in_order: bool) {
        let now = last::seconds(clock::wall());
        let part = &self.parts[mirror];
        // What min_version_interval holds back was saved before, too.
        let is_well = part.failed.is_empty()
            && part.late.oldest().is_none()
            && self.schedule.hot.held_of(mirror) == 0;
        let began = part.last_began.map(last::seconds);
        let complete = part.last_pass.map(last::seconds);
        let is_cut = self.stop.is_some();
        self.change_memory(mirror, |pass| {
            (pass.ended, pass.cut_short) = (Some(now), is_cut);
            if is_in_order {
                pass.complete = complete;
                pass.fresh = began.filter(|_| is_well).or(pass.fresh);
            }
        });
        self.keep_memory();
    }

    /// The run is over. `waiting` says for each mirror since when something waited when it
    /// was to end, which was at `asked`.
    pub(super) fn remember_end(
        &mut self,
        ending: &Ending,
        waiting: &[Option<Instant>],
        asked: Instant,
    ) {
        let wall = clock::wall();
        let now = last::seconds(wall);
        for (mirror, since) in waiting.iter().enumerate() {
            let has_left_nothing = ending.tally.pending == 0 || since.is_none();
            let fresh = match has_left_nothing && self.is_still_fresh(mirror, ending) {
                true => Some(wall),
                // What was saved before that is there.
                false => self.is_known(mirror, ending).then(|| {
                    let age = since.unwrap_or(asked).elapsed();
                    wall.checked_sub(age).unwrap_or(wall)
                }),
            };
            let is_cut = self.parts[mirror].pass.is_some();
            let left = self.parts[mirror].tally.pending;
            self.change_memory(mirror, |pass| {
                if is_cut {
                    (pass.ended, pass.cut_short) = (Some(now), true);
                }
                pass.pending = left;
                pass.fresh = fresh.map(last::seconds).or(pass.fresh);
            });
        }
        if let Some(run) = self.memory.as_mut().and_then(|it| it.last.run.as_mut()) {
            run.ended = Some(now).filter(|_| !ending.replaced);
            run.unauthorized = ending.unauthorized.as_ref().map(ToString::to_string);
            run.unreachable.clone_from(&ending.unreachable);
            run.broken = ending.broken.as_ref().map(ToString::to_string);
        }
        self.keep_memory();
    }

    /// A mirror that was watched until now, and in which nothing waits, is as fresh as can
    /// be.
    fn is_still_fresh(&self, mirror: usize, ending: &Ending) -> bool {
        let is_well = !self.unseen && ending.broken.is_none();
        self.schedule.is_lasting() && is_well && self.waiting(mirror).since().is_none()
    }

    /// Whether it was looked at and then watched, so that it is known what waits.
    fn is_known(&self, mirror: usize, ending: &Ending) -> bool {
        let is_looked_at = self.parts[mirror].unknown_since.is_none();
        self.schedule.is_lasting() && is_looked_at && ending.broken.is_none()
    }

    fn change_memory(&mut self, mirror: usize, change: impl FnOnce(&mut LastPass)) {
        let Some(mut memory) = self.memory.take() else {
            return;
        };
        let (part, of) = (&self.parts[mirror], &self.context.mirrors[mirror]);
        let known = memory.last.mirrors.entry(of.name.clone()).or_default();
        let target = of.target_key();
        if known.target != target {
            *known = LastPass {
                target,
                ..LastPass::default()
            };
        }
        known.pending = (part.jobs + part.put_off.len()) as u64;
        known.failed = part.failed.len() as u64;
        let halt = part.halt.as_ref();
        known.halted = halt.map(|halt| (halt.code().to_owned(), halt.to_string()));
        if let Ok(parked) = self.parked_in(mirror) {
            known.parked = parked;
        }
        change(known);
        self.memory = Some(memory);
    }

    /// A disk that is full, or may not be written to, is no reason to stop.
    fn keep_memory(&mut self) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        if memory.dir.is_gone() {
            // What is there now is another's.
            return;
        }
        if let Err(error) = last::write(memory.dir.path(), &memory.last)
            && !std::mem::replace(&mut memory.is_told, true)
        {
            tracing::debug!(%error, "how it stands is not remembered");
        }
    }
}
