//! Mirrors that are left alone because somebody asked for it. What is under way comes to
//! its end, of deletes the single one; nothing else begins, and nobody looks. When it is
//! over, a pass looks at everything: whatever has happened meanwhile is found by that.

use crate::agent::engine::Engine;
use crate::agent::job::Key;
use crate::agent::notice::Notice;
use crate::agent::pause::{Asked, told};
use crate::model::stamp::Nanos;
use crate::plan::pause::Pause;
use crate::store::error::Error as StoreError;
use crate::store::pauses::Change;
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The wall clock is looked at as often as this: it may have been set, and goes on while
/// the machine sleeps.
const GLANCE: Duration = Duration::from_secs(30);

/// A pause as a run keeps it.
#[derive(Clone, Debug)]
pub(super) struct Paused {
    pub(super) pause: Pause,
    /// When it is over at the latest, whatever the wall clock says.
    deadline: Option<Instant>,
}

impl Paused {
    fn new(pause: Pause, wall: Nanos, now: Instant) -> Self {
        let deadline = pause.left(wall).and_then(|left| now.checked_add(left));
        Self { pause, deadline }
    }

    fn is_over(&self, wall: Nanos, now: Instant) -> bool {
        self.pause.is_over(wall) || self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

impl Engine {
    /// Takes up the pauses that are recorded.
    pub(super) fn take_up_pauses(&mut self) -> Result<(), StoreError> {
        let (wall, now) = (crate::clock::nanos(), Instant::now());
        let pauses = self.context.readers.get()?.pauses()?;
        for pause in pauses {
            match self.context.number_of(&pause.mirror) {
                // It is over for everybody, and forgotten by whoever runs first.
                _ if pause.is_over(wall) => self.lapsed.push(pause.mirror),
                None => {}
                Some(number) => self.set_pause(number, Some(Paused::new(pause, wall, now))),
            }
        }
        Ok(())
    }

    fn set_pause(&mut self, number: usize, pause: Option<Paused>) {
        let mirror = &self.context.mirrors[number];
        mirror.paused.store(pause.is_some(), Ordering::Relaxed);
        self.parts[number].pause = pause;
    }

    /// Why nothing is sent to a mirror, if somebody asked for that.
    pub(super) fn pause_of(&self, mirror: usize) -> Option<&Pause> {
        self.parts[mirror]
            .pause
            .as_ref()
            .map(|paused| &paused.pause)
    }

    /// The mirrors that are paused, with what is to be known of it.
    pub(super) fn pauses(&self) -> Vec<Pause> {
        let parts = self.parts.iter();
        let paused = parts.filter_map(|part| part.pause.as_ref());
        paused.map(|paused| paused.pause.clone()).collect()
    }

    /// Says that a mirror is not looked at.
    pub(super) fn tell_of_pause(&mut self, mirror: usize) {
        if let Some(pause) = self.pause_of(mirror).cloned() {
            (self.sink)(Notice::Paused(pause));
        }
    }

    /// Says which mirrors are not looked at.
    pub(crate) fn tell_of_pauses(&mut self) {
        (0..self.parts.len()).for_each(|mirror| self.tell_of_pause(mirror));
    }

    /// Leaves mirrors alone from now on; what was asked, answered.
    pub(super) async fn pause(&mut self, asked: &Asked) -> Result<Value, StoreError> {
        let (wall, now) = (crate::clock::nanos(), Instant::now());
        let names = match asked.names(&self.context.configured) {
            Ok(names) => names,
            Err(unknown) => return Ok(unknown),
        };
        let begun = asked.pauses(&names, wall);
        let change = Change::Begin(begun.clone());
        self.store.writer().put_pauses(change).await?;
        let mut lines = Vec::new();
        for pause in begun {
            let number = self.context.number_of(&pause.mirror);
            let mut in_flight = 0;
            if let Some(number) = number {
                let is_own = |key: &Key| key.0 == number;
                in_flight = self.queue.running_of(is_own);
                self.set_pause(number, Some(Paused::new(pause.clone(), wall, now)));
                self.leave(number);
                let why = format!("the mirror is paused: {pause}");
                self.halt_resolvers(number, &why);
                self.tell_of_pause(number);
                self.end_pass(number)?;
            }
            lines.push(told::paused(&pause, in_flight));
        }
        Ok(told::all(lines))
    }

    /// Goes on with mirrors; what was asked, answered.
    pub(super) async fn resume(&mut self, asked: &Asked) -> Result<Value, StoreError> {
        let names = match asked.names(&self.context.configured) {
            Ok(names) => names,
            Err(unknown) => return Ok(unknown),
        };
        let recorded = self.context.readers.get()?.pauses()?;
        let ended: Vec<String> = recorded
            .into_iter()
            .map(|pause| pause.mirror)
            .filter(|name| names.contains(name))
            .collect();
        let lines = names
            .iter()
            .map(|name| told::resumed(name, ended.contains(name)));
        let lines = told::all(lines.collect());
        self.go_on(ended).await?;
        Ok(lines)
    }

    /// Goes on with what was paused long enough.
    pub(super) async fn end_pauses(&mut self) -> Result<(), StoreError> {
        let mut over = std::mem::take(&mut self.lapsed);
        // A single run has not looked at it, and does not begin to.
        if self.schedule.is_lasting() && self.stop.is_none() {
            let (wall, now) = (crate::clock::nanos(), Instant::now());
            let paused = self.parts.iter().filter_map(|part| part.pause.as_ref());
            let due = paused.filter(|paused| paused.is_over(wall, now));
            over.extend(due.map(|paused| paused.pause.mirror.clone()));
        }
        self.go_on(over).await
    }

    async fn go_on(&mut self, names: Vec<String>) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let change = Change::End(names.clone());
        self.store.writer().put_pauses(change).await?;
        let mut is_over = false;
        for name in names {
            let number = self.context.number_of(&name);
            let number = number.filter(|number| self.parts[*number].pause.is_some());
            if let Some(number) = number {
                self.set_pause(number, None);
                (self.sink)(Notice::Resumed { mirror: name });
                is_over = true;
            }
        }
        // What has moved between two mirrors, and deletes in any, waited for this one.
        if is_over && self.stop.is_none() {
            for mirror in 0..self.parts.len() {
                self.request_pass(mirror, self.temper.quiet)?;
            }
        }
        Ok(())
    }

    /// When the next pause may be over.
    pub(super) fn next_of_pauses(&self) -> Option<Instant> {
        if !self.schedule.is_lasting() {
            return None;
        }
        let (wall, now) = (crate::clock::nanos(), Instant::now());
        let paused = self.parts.iter().filter_map(|part| part.pause.as_ref());
        let left = paused.filter_map(|paused| paused.pause.left(wall)).min()?;
        Some(now + left.min(GLANCE))
    }
}
