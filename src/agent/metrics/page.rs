//! One visit: a request of a few bytes in, a page of text out, and no second one.

use crate::agent::desk::Desk;
use crate::agent::door::Visitor;
use crate::agent::engine::Command;
use crate::agent::metrics::counts::Counts;
use crate::agent::metrics::hosts::Hosts;
use crate::agent::metrics::values;
use crate::agent::snapshot::{Snapshot, State};
use crate::model::figures::some;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::TextEncoder;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// How long a visitor may take to say what it wants.
const HEAD: Duration = Duration::from_secs(10);
/// How long a visit may last in all.
const VISIT: Duration = Duration::from_secs(30);
/// The longest request.
const LONGEST: usize = 16 << 10;
/// How long the loop may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

const FIGURES: &str = "text/plain; version=0.0.4; charset=utf-8";
const WORDS: &str = "text/plain; charset=utf-8";

type Page = Response<Full<Bytes>>;

/// What the visits share.
pub(super) struct Site {
    desk: Desk,
    counts: Arc<Counts>,
    /// How long the loop may take to answer.
    patience: Duration,
    /// The last answer of the loop, and when it was asked.
    last: Mutex<Option<(Instant, Arc<Snapshot>)>>,
}

/// Serves one connection to its end.
pub(super) async fn visit(stream: TcpStream, site: Arc<Site>, hosts: Arc<Hosts>, who: Visitor) {
    let here = stream.local_addr().ok().map(|address| address.ip());
    let who = std::sync::Mutex::new(Some(who));
    let serve = service_fn(|request: Request<Incoming>| {
        let who = who.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (site, hosts) = (Arc::clone(&site), Arc::clone(&hosts));
        async move {
            let Some(_seat) = who.and_then(Visitor::sit) else {
                let words = "too many questions are under way";
                return Ok::<_, Infallible>(page(StatusCode::SERVICE_UNAVAILABLE, words));
            };
            Ok(site.answer(&request, &hosts, here).await)
        }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(LONGEST)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), serve);
    if let Ok(Err(error)) = tokio::time::timeout(VISIT, serving).await {
        tracing::debug!(%error, "a visit to the metrics broke off");
    }
}

impl Site {
    /// Nobody has asked yet.
    pub(super) fn new(desk: Desk, counts: Arc<Counts>) -> Self {
        Self {
            desk,
            counts,
            patience: PATIENCE,
            last: Mutex::default(),
        }
    }

    async fn answer(
        &self,
        request: &Request<Incoming>,
        hosts: &Hosts,
        here: Option<IpAddr>,
    ) -> Page {
        if !hosts.accept(request.uri(), request.headers(), here) {
            let words = "boxup is not asked under this name: add it to hosts in [metrics] of \
                         sync.toml";
            return page(StatusCode::MISDIRECTED_REQUEST, words);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut page = page(StatusCode::METHOD_NOT_ALLOWED, "there is only GET and HEAD");
            page.headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return page;
        }
        match request.uri().path() {
            "/metrics" => self.figures().await,
            "/healthz" => match health(self.now().await.as_deref()) {
                Ok(words) => page(StatusCode::OK, &words),
                Err(words) => page(StatusCode::SERVICE_UNAVAILABLE, &words),
            },
            _ => page(StatusCode::NOT_FOUND, "there is only /metrics and /healthz"),
        }
    }

    async fn figures(&self) -> Page {
        let now = self.now().await;
        let told = values::families(now.as_deref()).and_then(|mut families| {
            families.extend(self.counts.gather());
            families.sort_by(|one, other| one.name().cmp(other.name()));
            TextEncoder::new().encode_to_string(&families)
        });
        match told {
            Ok(text) => typed(StatusCode::OK, FIGURES, text),
            Err(error) => {
                tracing::warn!(%error, "the metrics cannot be told");
                let words = "the metrics cannot be told; the log says why";
                page(StatusCode::INTERNAL_SERVER_ERROR, words)
            }
        }
    }

    /// How it stands now; `None` when the loop does not answer in time. However many ask,
    /// the loop has one question at a time to answer.
    async fn now(&self) -> Option<Arc<Snapshot>> {
        tokio::time::timeout(self.patience, self.asked())
            .await
            .ok()?
    }

    async fn asked(&self) -> Option<Arc<Snapshot>> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((asked, now)) = &*last
            && *asked >= came
        {
            return Some(Arc::clone(now));
        }
        let asked = Instant::now();
        let now = Arc::new(self.desk.ask(Command::Status).await?);
        *last = Some((asked, Arc::clone(&now)));
        Some(now)
    }
}

/// Whether it is well, in one sentence. That Box is away, or has no room, does not make it
/// unwell: nothing here can be mended by starting it again, and `boxup_lag_seconds` grows.
fn health(now: Option<&Snapshot>) -> Result<String, String> {
    let Some(now) = now else {
        let seconds = PATIENCE.as_secs();
        return Err(format!("the loop did not answer within {seconds} s"));
    };
    let mut halted = now
        .mirrors
        .iter()
        .filter(|mirror| mirror.state == State::Halted);
    match (halted.next(), &now.silence) {
        (Some(first), _) => {
            let why = first.halt.as_ref().map_or("halted", |halt| halt.code());
            let count = 1 + halted.count();
            let stand = if count == 1 { "stands" } else { "stand" };
            Err(format!(
                "{count} of {} {stand} still: {} ({why}); boxup status tells more",
                some(now.mirrors.len() as u64, "mirror"),
                first.name.escape_debug(),
            ))
        }
        (None, Some(_)) => Ok("ok, though Box does not answer".to_owned()),
        (None, None) => Ok("ok".to_owned()),
    }
}

fn page(status: StatusCode, words: &str) -> Page {
    typed(status, WORDS, format!("{words}\n"))
}

fn typed(status: StatusCode, kind: &'static str, text: String) -> Page {
    let mut page = Response::new(Full::new(Bytes::from(text)));
    *page.status_mut() = status;
    let headers = page.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::{Site, health};
    use crate::agent::desk::Desk;
    use crate::agent::metrics::counts::Counts;
    use http_body_util::BodyExt;
    use hyper::StatusCode;
    use std::sync::Arc;
    use std::time::Duration;

    /// A loop that hangs takes no questions; one that is being replaced does not yet.
    #[tokio::test]
    async fn a_loop_that_does_not_answer_is_told_and_what_was_counted_too() {
        let (behind, desk) = Desk::open();
        let (hung, _never_read) = tokio::sync::mpsc::channel(1);
        let site = Site {
            patience: Duration::from_millis(20),
            ..Site::new(desk, Arc::new(Counts::new()))
        };
        for engine in [None, Some(hung)] {
            behind.send_replace(engine);
            let page = site.figures().await;
            assert_eq!(page.status(), StatusCode::OK);
            let page = page.into_body().collect().await.unwrap().to_bytes();
            let page = String::from_utf8_lossy(&page).into_owned();
            assert!(page.contains("\nboxup_engine_up 0\n"), "{page}");
            assert!(page.contains("process_start_time_seconds") && !page.contains("boxup_lag"));
            let ill = health(site.now().await.as_deref());
            assert_eq!(ill.unwrap_err(), "the loop did not answer within 5 s");
        }
        // When the run ends, nobody waits.
        drop(behind);
        assert!(site.now().await.is_none());
    }
}
