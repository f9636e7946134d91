//! The one tap that all file content of this process runs through, on its way from the
//! disk to the network. It lets as much through as the timetable says for the hour.

mod bucket;

use crate::clock;
use crate::model::timetable::{Rate, Timetable};
use crate::remote::flow::bucket::Bucket;
use bytes::Bytes;
use futures_util::{Stream, ready};
use http_body_util::BodyDataStream;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// How long the hour is taken for the same.
const A_LOOK: Duration = Duration::from_secs(1);

/// The tap.
#[derive(Debug)]
pub(crate) struct Flow {
    timetable: Timetable,
    state: Mutex<State>,
    /// Bodies that wait for it.
    waiting: AtomicUsize,
}

#[derive(Debug)]
struct State {
    bucket: Bucket,
    rate: Rate,
    looked_at: Instant,
}

/// What can be seen of a body from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passage {
    is_held: Arc<AtomicBool>,
}

impl Passage {
    /// Whether it stands still because of the tap, not because of the network.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held.load(Ordering::Relaxed)
    }

    /// One that stands still for ever.
    #[cfg(test)]
    pub(super) fn held() -> Self {
        let passage = Self::default();
        passage.is_held.store(true, Ordering::Relaxed);
        passage
    }
}

impl Flow {
    /// A tap that follows a timetable.
    pub(crate) fn new(timetable: Timetable) -> Self {
        let now = Instant::now();
        let state = State {
            bucket: Bucket::new(now),
            rate: timetable.at(clock::local()),
            looked_at: now,
        };
        Self {
            timetable,
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Sends a body through the tap. What comes out has the same bytes, in smaller pieces.
    pub(crate) fn through(self: &Arc<Self>, body: reqwest::Body) -> (reqwest::Body, Passage) {
        let passage = Passage::default();
        if self.timetable.is_open() {
            return (body, passage);
        }
        let tapped = Tapped {
            flow: Arc::clone(self),
            body: BodyDataStream::new(body),
            rest: Bytes::new(),
            ticket: None,
            sleep: None,
            passage: passage.clone(),
        };
        (reqwest::Body::wrap_stream(tapped), passage)
    }

    /// Bytes a second now.
    pub(crate) fn rate(&self) -> Rate {
        self.state().rate_at(&self.timetable, Instant::now())
    }

    /// Whether a body waits because of it.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn take(&self, ticket: &mut Option<u64>, wanted: usize) -> Result<usize, Instant> {
        let (mut state, now) = (self.state(), Instant::now());
        match state.rate_at(&self.timetable, now) {
            Some(rate) => state.bucket.take(ticket, wanted, rate, now),
            None => {
                state.bucket.leave(ticket);
                Ok(wanted)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while holding it cannot leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn rate_at(&mut self, timetable: &Timetable, now: Instant) -> Rate {
        if now > self.looked_at + A_LOOK {
            (self.rate, self.looked_at) = (timetable.at(clock::local()), now);
        }
        self.rate
    }
}

/// A body behind the tap.
struct Tapped {
    flow: Arc<Flow>,
    body: BodyDataStream<reqwest::Body>,
    /// What the body gave and nobody has got yet.
    rest: Bytes,
    ticket: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    passage: Passage,
}

impl Tapped {
    fn hold(&mut self, is_held: bool) {
        if self.passage.is_held.swap(is_held, Ordering::Relaxed) == is_held {
            return;
        }
        match is_held {
            true => self.flow.waiting.fetch_add(1, Ordering::Relaxed),
            false => self.flow.waiting.fetch_sub(1, Ordering::Relaxed),
        };
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        self.hold(false);
        self.flow.state().bucket.leave(&mut self.ticket);
    }
}

impl Stream for Tapped {
    type Item = Result<Bytes, reqwest::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(sleep) = &mut this.sleep {
                ready!(sleep.as_mut().poll(cx));
                this.sleep = None;
            }
            if this.rest.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                    Some(Ok(chunk)) => this.rest = chunk,
                    end => return Poll::Ready(end),
                }
                continue;
            }
            match this.flow.take(&mut this.ticket, this.rest.len()) {
                Ok(bytes) => {
                    this.hold(false);
                    return Poll::Ready(Some(Ok(this.rest.split_to(bytes))));
                }
                Err(again) => {
                    this.hold(true);
                    this.sleep = Some(Box::pin(tokio::time::sleep_until(again.into())));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flow;
    use crate::model::timetable::Timetable;
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http_body_util::BodyDataStream;
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    fn flow(rate: Option<u64>) -> Arc<Flow> {
        Arc::new(Flow::new(Timetable {
            hours: Vec::new(),
            otherwise: rate,
        }))
    }

    fn body(chunks: Vec<io::Result<Bytes>>) -> reqwest::Body {
        reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn the_same_bytes_come_out_and_small_pieces_where_there_is_a_limit() {
        let content: Vec<u8> = (0..300_000).map(|i| (i % 251) as u8).collect();
        for rate in [None, Some(10 << 20)] {
            let chunks = content.chunks(100_000);
            let chunks = chunks.map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
            let (body, passage) = flow(rate).through(body(chunks.collect()));
            let mut stream = BodyDataStream::new(body);
            let (mut all, mut largest) = (Vec::new(), 0);
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.unwrap();
                largest = largest.max(chunk.len());
                all.extend_from_slice(&chunk);
            }
            assert!(all == content, "{rate:?}");
            assert_eq!(largest, if rate.is_some() { 65_536 } else { 100_000 });
            assert!(!passage.is_held());
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_so_behind_the_tap_too() {
        let chunks = vec![
            Ok(Bytes::from_static(b"x")),
            Err(io::Error::other("broken")),
        ];
        let (body, _) = flow(Some(1 << 20)).through(body(chunks));
        let ends: Vec<_> = BodyDataStream::new(body)
            .map(|chunk| chunk.is_ok())
            .collect()
            .await;
        assert_eq!(ends, [true, false]);
    }

    #[tokio::test]
    async fn who_waits_is_seen_and_who_leaves_is_not() {
        let flow = flow(Some(1024));
        let (body, passage) = flow.through(body(vec![Ok(Bytes::from(vec![0; 100_000]))]));
        let mut stream = BodyDataStream::new(body);
        let reading = tokio::spawn(async move { while stream.next().await.is_some() {} });
        let held = async {
            while !passage.is_held() {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(10);
        tokio::time::timeout(patience, held).await.unwrap();
        assert!(flow.is_waited_for());
        assert_eq!(flow.rate(), Some(1024));
        reading.abort();
        assert!(reading.await.is_err(), "it was over too soon");
        assert!(!flow.is_waited_for());
    }
}
