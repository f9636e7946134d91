//! A running service is told something from outside: to stop, or to read its
//! configuration again.

use crate::agent::notify_socket::Supervisor;
use crate::agent::serve::Reload;
use crate::cli::Place;
use crate::cli::output::Output;
use crate::cli::{logging, problems, sync};
use crate::config;
use std::io::{IsTerminal, stdin};
use tokio::sync::{mpsc, oneshot};

/// What it takes to read it again.
pub(super) struct Outside {
    pub(super) place: Place,
    /// The mirrors that the command line names.
    pub(super) mirrors: Vec<String>,
    pub(super) supervisor: Supervisor,
    pub(super) reloads: mpsc::Sender<Reload>,
    /// Whether it was started at a terminal: when that goes away, so does the service.
    pub(super) had_terminal: bool,
}

impl Outside {
    /// Passes on what comes until nobody is left to be told.
    pub(super) async fn listen(
        self,
        mut stop: mpsc::Receiver<()>,
        mut hangups: mpsc::Receiver<()>,
        stops: mpsc::Sender<()>,
    ) {
        loop {
            let is_stop = tokio::select! {
                Some(()) = stop.recv() => true,
                Some(()) = hangups.recv() => self.had_terminal && !stdin().is_terminal(),
                else => return,
            };
            if is_stop {
                if stops.send(()).await.is_err() {
                    return;
                }
                continue;
            }
            tokio::select! {
                () = self.reload() => {}
                Some(()) = stop.recv() => {
                    config::give_up();
                    if stops.send(()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// What cannot be used changes nothing.
    async fn reload(&self) {
        self.supervisor.reloading();
        logging::reopen();
        if let Err(words) = self.take_over().await {
            Output::standard().complain(&format!(
                "{}error: the configuration was not read again; everything goes on as it was\n",
                words
            ));
            self.supervisor.ready(
                "the configuration was not read again, as it has mistakes; everything goes on \
                 as it was",
            );
        }
    }

    async fn take_over(&self) -> Result<(), String> {
        let loaded = self.place.load(config::load).await;
        let loaded = loaded.map_err(|error| problems::text(&error))?;
        for warning in &loaded.warnings {
            Output::standard().complain(&format!("warning: {warning}\n"));
        }
        let config = sync::select(loaded.config, &self.mirrors)?;
        let (answer, reply) = oneshot::channel();
        // Nobody is there any more: it ends anyway.
        let reload = Reload { config, answer };
        if self.reloads.send(reload).await.is_err() {
            return Ok(());
        }
        let refused = reply.await.unwrap_or(Ok(()));
        refused.map_err(|sentence| format!("error: {sentence}\n"))
    }
}
