//! The pulse of the service: notices that the machine slept, that something was mounted or
//! unmounted, or that the state was taken away, of which no event tells.

use crate::agent::engine::Event;
use crate::clock;
use crate::local::mounts;
use crate::model::mounts::Mounts;
use crate::plan::gaps::{Beat, gap};
use crate::store::witness::Witness;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Between two beats.
const TICK: Duration = Duration::from_secs(5);

/// What the pulse has noticed.
#[derive(Debug)]
pub(crate) enum Noticed {
    /// For so long nobody was awake here: everything is to be looked at.
    Slept(Duration),
    /// These are the mounts now.
    Remounted(Mounts),
    /// This is not the state's any more.
    StateGone(PathBuf),
}

/// Beats until nobody listens any more. `state` are the files that the service holds on to.
pub(crate) async fn beat(events: mpsc::Sender<Event>, state: [Witness; 2]) {
    let start = Instant::now();
    let now = || Beat {
        awake: start.elapsed(),
        since_boot: clock::since_boot(),
    };
    let (mut before, mut mounts) = (now(), mounts::all());
    loop {
        tokio::time::sleep(TICK).await;
        let after = now();
        let slept = gap(before, after, TICK).map(Noticed::Slept);
        let found = mounts::all();
        let other = (found != mounts).then(|| Noticed::Remounted(found.clone()));
        (before, mounts) = (after, found);
        let gone = state.iter().find(|file| file.is_gone());
        let gone = gone.map(|file| Noticed::StateGone(file.path().to_owned()));
        for noticed in gone.into_iter().chain(slept).chain(other) {
            if events.send(Event::Noticed(noticed)).await.is_err() {
                return;
            }
        }
    }
}
