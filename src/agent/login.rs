//! `boxup login`: a person's consent becomes a login that lasts.
//!
//! The browser comes back to an address on this machine. What listens there takes
//! nothing but the answer to the question that was asked (`remote/auth/login.rs`
//! judges), ends after one good answer or five minutes, and lets the browser wait until
//! it is known whether Box accepts the code.

use crate::agent::context::Context;
use crate::agent::engine::Event;
use crate::model::trouble::Trouble;
use crate::remote::account::Account;
use crate::remote::auth::login::{Pending, Received};
use crate::remote::client::BoxClient;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use reqwest::Url;
use secrecy::SecretString;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// A login ends when nobody has renewed it for 60 days. A service that has nothing to
/// send renews it when it is older than this …
const OLD: Duration = Duration::from_secs(7 * 86_400);
/// … and looks so often how old it is.
const LOOK: Duration = Duration::from_secs(3600);

/// How long a person may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// How long to leave a listener alone that could not take a visitor in.
const BREATH: Duration = Duration::from_millis(100);
/// How long a visitor may take to say what it wants.
const VISIT: Duration = Duration::from_secs(10);
/// How long the last page may take to go out: browsers hold connections open in advance.
const LAST_PAGE: Duration = Duration::from_secs(1);
/// Visitors at once; a browser needs one or two.
const VISITORS: u32 = 64;

/// Why nobody is signed in.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The address is not on this machine.
    Elsewhere,
    /// The address cannot be listened on.
    Listen(String),
    /// What was pasted is no answer to the question.
    Refused(&'static str),
    /// Nobody answered in five minutes.
    Nobody,
    /// Box does not take the code.
    Trouble(Trouble),
}

/// An answer that is believed, and the browser that waits for what comes of it.
struct Answer {
    received: Received,
    browser: oneshot::Sender<String>,
}

/// What listens for the browser.
pub(crate) struct Doorstep {
    listeners: Vec<TcpListener>,
    path: String,
}

impl Doorstep {
    /// Listens on this machine only, whatever the address says.
    pub(crate) async fn open(redirect: &Url) -> Result<Self, Failed> {
        let port = redirect.port_or_known_default().unwrap_or(80);
        let host = redirect.host_str().unwrap_or_default();
        let failed = |error: std::io::Error| Failed::Listen(format!("{host}:{port}: {error}"));
        let mut listeners = Vec::new();
        if host != "[::1]" {
            listeners.push(
                TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                    .await
                    .map_err(failed)?,
            );
        }
        if host == "[::1]" || host == "localhost" {
            match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
                Ok(listener) => listeners.push(listener),
                // A machine without IPv6 names itself by IPv4 only. That somebody else
                // listens there is another matter: a browser may go to him.
                Err(error) if host == "localhost" && error.kind() != ErrorKind::AddrInUse => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let path = redirect.path().to_owned();
        Ok(Self { listeners, path })
    }

    /// Waits for the browser, signs in, and tells the browser what came of it.
    pub(crate) async fn sign_in(
        self,
        client: &BoxClient,
        pending: Pending,
        refused: impl Fn(&'static str) + Send + Sync + 'static,
    ) -> Result<Account, Failed> {
        let redirect_uri = pending.redirect_uri().to_owned();
        let (answers_in, mut answers) = mpsc::channel(1);
        let room = Arc::new(Room {
            path: self.path,
            pending: Mutex::new(pending),
            answers: answers_in,
            refused: Box::new(refused),
        });
        let visitors = Arc::new(Semaphore::new(VISITORS as usize));
        let doors: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| {
                tokio::spawn(receive(listener, Arc::clone(&room), Arc::clone(&visitors)))
            })
            .collect();
        let answer = tokio::time::timeout(PATIENCE, answers.recv()).await;
        let result = match answer {
            Err(_) | Ok(None) => Err(Failed::Nobody),
            Ok(Some(answer)) => {
                let result = settle(client, answer.received, &redirect_uri).await;
                let words = match &result {
                    Ok(account) => format!("boxup is signed in as {}.", account.login),
                    Err(_) => "Nobody is signed in; the terminal says why.".to_owned(),
                };
                // A browser that has gone away has seen enough.
                drop(answer.browser.send(words));
                result
            }
        };
        // The last page goes out before the doors close.
        drop(tokio::time::timeout(LAST_PAGE, visitors.acquire_many(VISITORS)).await);
        doors.iter().for_each(tokio::task::JoinHandle::abort);
        result
    }
}

/// Signs in with what a person carried over.
pub(crate) async fn paste(
    client: &BoxClient,
    pending: &mut Pending,
    line: &str,
) -> Result<Account, Failed> {
    let redirect_uri = pending.redirect_uri().to_owned();
    match pending.paste(line) {
        Received::Refused(why) => Err(Failed::Refused(why)),
        received => settle(client, received, &redirect_uri).await,
    }
}

async fn settle(
    client: &BoxClient,
    received: Received,
    redirect_uri: &str,
) -> Result<Account, Failed> {
    let code: SecretString = match received {
        Received::Code(code) => code,
        Received::Denied(trouble) => return Err(Failed::Trouble(trouble)),
        Received::Refused(why) => return Err(Failed::Refused(why)),
    };
    let signed_in = client.sign_in(&code, redirect_uri).await;
    signed_in.map_err(Failed::Trouble)?;
    client.whoami().await.map_err(Failed::Trouble)
}

/// Renews a login that nobody uses, for as long as the service runs.
pub(crate) async fn keep_alive(context: Arc<Context>, events: mpsc::Sender<Event>) {
    loop {
        match context.client.renew_older_than(OLD).await {
            Ok(_) => {}
            Err(Trouble::Unauthorized(said)) => {
                drop(events.send(Event::Unauthorized(said)).await);
                return;
            }
            Err(trouble) => tracing::warn!(?trouble, "the login could not be renewed; later"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the visits share.
struct Room {
    path: String,
    pending: Mutex<Pending>,
    answers: mpsc::Sender<Answer>,
    refused: Box<dyn Fn(&'static str) + Send + Sync>,
}

async fn receive(listener: TcpListener, room: Arc<Room>, visitors: Arc<Semaphore>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, say; the next visitor may fare better.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Ok(place) = Arc::clone(&visitors).acquire_owned().await else {
            return;
        };
        let room = Arc::clone(&room);
        tokio::spawn(async move {
            visit(stream, room).await;
            drop(place);
        });
    }
}

async fn visit(stream: TcpStream, room: Arc<Room>) {
    let serve = service_fn(|request| {
        let room = Arc::clone(&room);
        async move { Ok::<_, Infallible>(room.answer(&request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(VISIT)
        .serve_connection(TokioIo::new(stream), serve)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a visit to the redirect address broke off");
    }
}

impl Room {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != self.path {
            return page(StatusCode::NOT_FOUND, "There is nothing here.");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "Nothing can be sent here.");
        }
        let query = request.uri().query().unwrap_or_default();
        let received = {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.receive(query)
        };
        if let Received::Refused(why) = received {
            (self.refused)(why);
            let words = format!("This is not the answer that boxup waits for: {why}.");
            return page(StatusCode::BAD_REQUEST, &words);
        }
        let (browser, outcome) = oneshot::channel();
        let answer = Answer { received, browser };
        if self.answers.send(answer).await.is_err() {
            return page(StatusCode::GONE, "boxup does not wait any more.");
        }
        match outcome.await {
            Ok(words) => page(StatusCode::OK, &words),
            Err(_) => page(StatusCode::GONE, "boxup has ended."),
        }
    }
}

/// A page without scripts, links and anything that could carry the address on.
fn page(status: StatusCode, words: &str) -> Response<Full<Bytes>> {
    let words = words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>boxup</title>\
         <body style=\"font:18px/1.5 sans-serif;margin:4em auto;max-width:32em\">\
         <h1>boxup</h1><p>{words}</p><p>You can close this window.</p></body></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}
