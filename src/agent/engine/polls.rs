//! Looking where no event tells: polling what nobody watches, and what may have been missed.

use crate::agent::engine::Engine;
use crate::agent::engine::passes::Of;
use crate::agent::pulse::Noticed;
use crate::agent::survey::{How, Place, Scope};
use crate::store::error::Error as StoreError;
use std::time::{Duration, Instant};

impl Engine {
    /// What the watcher may not have seen is found by looking.
    pub(super) fn on_noticed(&mut self, noticed: Noticed) -> Result<(), StoreError> {
        let mirrors = match noticed {
            Noticed::Slept(span) => {
                let span = humantime::format_duration(Duration::from_secs(span.as_secs()));
                tracing::info!("nothing ran here for {span}: everything is looked at");
                (0..self.parts.len()).collect()
            }
            Noticed::StateGone(path) => return Err(StoreError::Gone(path)),
            Noticed::Remounted(mounts) => {
                let mirrors = self.eyes.remounted(&self.context.mirrors, &mounts);
                mirrors.iter().for_each(|mirror| self.eyes.close(*mirror));
                mirrors
            }
        };
        let now = Instant::now();
        for mirror in mirrors {
            self.request_look(mirror, now)?;
        }
        Ok(())
    }

    /// Looks at what is due. Like any hint, a poll belongs to no pass.
    pub(super) fn poll(&mut self) {
        for mirror in self.eyes.due_polls(Instant::now()) {
            self.eyes.tell(mirror, &self.context.mirrors[mirror].name);
            let polled = self.eyes.sight(mirror).polled;
            // A pass under way, or a visit that waits, will get there soon enough.
            let is_busy = self.parts[mirror].pass.is_some() || self.visits.are_enough();
            if polled.is_empty() || is_busy || self.parts[mirror].is_stopped() {
                continue;
            }
            let how = How::Below;
            let places = polled.into_iter().map(|path| Place { path, how });
            let scope = Scope::Places(places.collect());
            self.look_further(Of::pass(mirror, None), scope);
        }
    }
}
