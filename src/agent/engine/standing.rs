//! How it stands, in one sentence, for the service manager.

use crate::agent::engine::{Engine, Stop};
use crate::agent::meter::Activity;
use crate::agent::notify_socket::{Heartbeat, Supervisor};
use crate::model::figures::some;
use crate::store::error::Error as StoreError;
use std::time::Instant;

/// What the sentence is about.
#[derive(Debug, Default)]
struct Standing {
    mirrors: usize,
    /// The first mirror that stands still, with the reason, and how many do.
    halted: Option<(String, usize)>,
    /// The first mirror that somebody asked to leave alone, with the reason, and how many
    /// there are.
    paused: Option<(String, usize)>,
    /// What was heard instead of Box.
    silence: Option<String>,
    activity: Activity,
    /// Files and folders that wait or run.
    left: usize,
    /// Entries that wait for a change or a person, and those that were given up.
    parked: u64,
    failed: usize,
}

impl Standing {
    fn sentence(&self) -> String {
        if let Some((first, count)) = &self.halted {
            let of = format!("{count} of {}", mirrors(self.mirrors));
            return format!("{of} stands still: {first}");
        }
        if let Some(heard) = &self.silence {
            return format!("Box does not answer, trying on: {heard}");
        }
        match &self.paused {
            None => self.business(),
            Some((first, count)) if *count == self.mirrors => format!("paused: {first}"),
            Some((first, count)) => {
                let of = format!("{count} of {} paused ({first})", mirrors(self.mirrors));
                format!("{of}; {}", self.business())
            }
        }
    }

    fn business(&self) -> String {
        match self.activity {
            Activity::Working => format!("sending, {} left", entries(self.left as u64)),
            Activity::Looking if self.left == 0 => "looking at the folders".to_owned(),
            Activity::Looking => format!(
                "looking at the folders and sending, {} left so far",
                entries(self.left as u64)
            ),
            Activity::Idle => self.rest(),
        }
    }

    fn rest(&self) -> String {
        let mut left = Vec::new();
        if self.parked > 0 {
            left.push(format!("{} parked", entries(self.parked)));
        }
        if self.failed > 0 {
            left.push(format!("{} failed", entries(self.failed as u64)));
        }
        let paused = self.paused.as_ref().map_or(0, |(_, count)| *count);
        let watched = format!("watching {}", mirrors(self.mirrors.saturating_sub(paused)));
        match left.is_empty() {
            true => format!("{watched}: everything is on Box"),
            false => format!("{watched}: everything is on Box but {}", left.join(" and ")),
        }
    }
}

fn mirrors(count: usize) -> String {
    some(count as u64, "mirror")
}

fn entries(count: u64) -> String {
    some(count, "entry")
}

impl Engine {
    /// From now on this service manager is told how it stands.
    pub(crate) fn supervised_by(&mut self, supervisor: Supervisor) {
        self.heartbeat = Heartbeat::new(supervisor, Instant::now());
    }

    /// Whether it ends for the sake of another engine.
    pub(crate) fn is_replaced(&self) -> bool {
        matches!(self.stop, Some(Stop::Replaced))
    }

    /// Tells the service manager that the loop turns, and what it is at.
    pub(super) fn tell_supervisor(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        self.heartbeat.beat(now);
        self.heartbeat.settle(now);
        if self.heartbeat.is_heard(now) {
            let sentence = self.standing()?.sentence();
            self.heartbeat.say(sentence, now);
        }
        Ok(())
    }

    fn standing(&self) -> Result<Standing, StoreError> {
        let activity = self.activity();
        let mut standing = Standing {
            mirrors: self.parts.len(),
            silence: self.silence.heard().map(str::to_owned),
            activity,
            left: self.queue.pending() + self.queue.running(),
            ..Standing::default()
        };
        for (number, (mirror, part)) in self.context.mirrors.iter().zip(&self.parts).enumerate() {
            standing.failed += part.failed.len();
            if let Some(halt) = &part.halt {
                let first = || (format!("{}: {halt}", mirror.name), 0);
                standing.halted.get_or_insert_with(first).1 += 1;
            }
            if let Some(pause) = part.pause.as_ref().map(|paused| &paused.pause) {
                let first = || (format!("{}: {pause}", mirror.name), 0);
                standing.paused.get_or_insert_with(first).1 += 1;
            }
            if activity == Activity::Idle {
                standing.parked += self.parked_in(number)?;
            }
        }
        Ok(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::Standing;
    use crate::agent::meter::Activity;

    #[test]
    fn the_sentence_says_the_worst_first() {
        let rest = Standing {
            mirrors: 2,
            ..Standing::default()
        };
        assert_eq!(rest.sentence(), "watching 2 mirrors: everything is on Box");
        let parked = Standing {
            mirrors: 1,
            parked: 1,
            failed: 2,
            ..Standing::default()
        };
        assert_eq!(
            parked.sentence(),
            "watching 1 mirror: everything is on Box but 1 entry parked and 2 entries failed"
        );
        let mut busy = Standing {
            mirrors: 1,
            activity: Activity::Working,
            left: 3,
            ..Standing::default()
        };
        assert_eq!(busy.sentence(), "sending, 3 entries left");
        busy.activity = Activity::Looking;
        assert!(busy.sentence().starts_with("looking at the folders and"));
        busy.paused = Some(("m: kim asked for it".into(), 1));
        assert_eq!(busy.sentence(), "paused: m: kim asked for it");
        busy.mirrors = 2;
        assert_eq!(
            busy.sentence(),
            "1 of 2 mirrors paused (m: kim asked for it); looking at the folders and sending, 3 \
             entries left so far"
        );
        busy.mirrors = 1;
        busy.silence = Some("connection refused".into());
        assert!(busy.sentence().starts_with("Box does not answer"));
        busy.halted = Some(("m: it is gone".into(), 1));
        assert_eq!(busy.sentence(), "1 of 1 mirror stands still: m: it is gone");
    }
}
