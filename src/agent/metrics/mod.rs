//! What a monitoring system may ask of a running service, over HTTP: figures in the text
//! form of Prometheus, and whether it is well.
//!
//! The listener follows the configuration of the hour. A service is there to mirror: an
//! address that cannot be had is told and tried again, and nothing else waits for it.

mod counts;
mod hosts;
mod page;
mod values;

use crate::agent::context::Context;
use crate::agent::desk::Desk;
use crate::agent::door::Door;
use crate::agent::metrics::counts::Counts;
use crate::agent::metrics::hosts::Hosts;
use crate::agent::metrics::page::Site;
use crate::agent::notice::Notice;
use crate::config::{Config, Metrics};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How soon an address that could not be had is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long to leave a listener alone that could not take a visitor in.
const BREATH: Duration = Duration::from_millis(100);

/// Counts, and tells whoever asks, until dropped.
pub(crate) struct Exporter {
    counts: Arc<Counts>,
    wanted: watch::Sender<Option<Metrics>>,
    task: JoinHandle<()>,
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exporter {
    /// Counts from now on, and listens to nobody yet.
    pub(crate) fn start(desk: Desk) -> Self {
        let counts = Arc::new(Counts::new());
        let (wanted, told) = watch::channel(None);
        let site = Arc::new(Site::new(desk, Arc::clone(&counts)));
        let task = tokio::spawn(follow(told, site));
        Self {
            counts,
            wanted,
            task,
        }
    }

    /// Goes on with another configuration, and with what its engine shares. An address that
    /// could not be had is tried again.
    pub(crate) fn follow(&self, config: &Config, context: &Context) {
        self.counts
            .expect(config.mirrors.iter().map(|mirror| mirror.name.as_str()));
        let counts = Arc::clone(&self.counts);
        context
            .client
            .tell(Box::new(move |heard| counts.heard(heard)));
        self.wanted.send_replace(config.metrics.clone());
    }

    /// Whoever counts what is told.
    pub(crate) fn counter(&self) -> impl Fn(&Notice) + Send + Sync + use<> {
        let counts = Arc::clone(&self.counts);
        move |notice| counts.noticed(notice)
    }
}

async fn follow(mut wanted: watch::Receiver<Option<Metrics>>, site: Arc<Site>) {
    let mut told = None;
    loop {
        let metrics = wanted.borrow_and_update().clone();
        let goes_on = match metrics {
            None => wanted.changed().await.is_ok(),
            Some(metrics) => match TcpListener::bind(metrics.listen).await {
                Ok(listener) => {
                    told = None;
                    receive(&listener, metrics, &mut wanted, &site).await
                }
                Err(error) => {
                    let words = format!(
                        "metrics: {} cannot be listened on ({error}); mirroring goes on without, \
                         and it is tried again every minute",
                        metrics.listen
                    );
                    if told.as_ref() != Some(&words) {
                        tracing::warn!("{words}");
                    }
                    told = Some(words);
                    !matches!(
                        tokio::time::timeout(AGAIN, wanted.changed()).await,
                        Ok(Err(_))
                    )
                }
            },
        };
        if !goes_on {
            return;
        }
    }
}

/// Takes visitors in until another address is wanted, or none; says whether anything may
/// be wanted later.
async fn receive(
    listener: &TcpListener,
    metrics: Metrics,
    wanted: &mut watch::Receiver<Option<Metrics>>,
    site: &Arc<Site>,
) -> bool {
    let here = listener.local_addr().unwrap_or(metrics.listen);
    tracing::info!("metrics: http://{here}/metrics and http://{here}/healthz");
    let mut hosts = Arc::new(Hosts::new(&metrics));
    let mut door = Door::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            changed = wanted.changed() => {
                if changed.is_err() {
                    return false;
                }
                let now = wanted.borrow_and_update().clone();
                match now.filter(|now| now.listen == metrics.listen) {
                    Some(now) => hosts = Arc::new(Hosts::new(&now)),
                    None => {
                        // It is to be read again by whoever decides what is next.
                        wanted.mark_changed();
                        return true;
                    }
                }
                continue;
            }
        };
        match accepted {
            Ok((stream, _)) => door.admit(|visitor| {
                let (site, hosts) = (Arc::clone(site), Arc::clone(&hosts));
                tokio::spawn(page::visit(stream, site, hosts, visitor))
            }),
            // Out of descriptors, say; the next visitor may fare better.
            Err(error) => {
                tracing::debug!(%error, "a visitor to the metrics was not taken in");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
