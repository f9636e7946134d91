//! The one choke point: token, pace, one replay after a 401, decoding, counting.

use crate::model::digest::Sha1Digest;
use crate::model::timetable::{Rate, Timetable};
use crate::model::trouble::Trouble;
use crate::remote::auth::credentials::{Credentials, digest};
use crate::remote::auth::keeper::{Keeping, TokenKeeper};
use crate::remote::auth::token::Token;
use crate::remote::error::{self, classify};
use crate::remote::flow::Flow;
use crate::remote::gate::{Gate, Turn};
use crate::remote::hosts::Hosts;
use crate::remote::lessons::words;
use crate::remote::pace::{Lane, Pace, Standings};
use crate::remote::parcel::{Open, Parcel, stalled};
use crate::remote::retry_after;
use crate::remote::traffic::{Listener, Traffic};
use crate::remote::trail;
use crate::remote::transport::{self, Route};
use base64::prelude::{BASE64_STANDARD, Engine};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Speaks to Box.
pub(crate) struct BoxClient {
    pub(super) http: Client,
    /// Where requests go.
    pub(crate) hosts: Hosts,
    pub(super) tokens: TokenKeeper,
    /// The user on whose behalf every call is made.
    as_user: Option<String>,
    /// Shared with those who ask for tokens.
    pub(super) gate: Arc<Gate>,
    /// What all file content runs through.
    flow: Arc<Flow>,
    requests: AtomicU64,
    bytes_sent: AtomicU64,
    /// Answers that show Box at work: anything but silence, a gateway's error or 429.
    answers: AtomicU64,
    /// Whether Box has done what it was asked for, once at least.
    is_let_in: AtomicBool,
}

/// Who asks, and by which way.
pub(crate) struct Access {
    /// Where tokens come from.
    pub(crate) credentials: Credentials,
    /// Where they are kept.
    pub(crate) keeping: Keeping,
    /// The user on whose behalf every call is made, if not the token's own.
    pub(crate) as_user: Option<String>,
    /// The way to Box.
    pub(crate) route: Route,
}

/// How much of Box and of the line may be used.
pub(crate) struct Bounds {
    /// Requests.
    pub(crate) pace: Pace,
    /// File content.
    pub(crate) bandwidth: Timetable,
}

/// One request, in Box's terms.
pub(crate) struct Call<'a> {
    /// Box's operation ID, for the log.
    pub(crate) operation: &'static str,
    /// The method.
    pub(crate) method: Method,
    /// Where to.
    pub(crate) url: Url,
    /// What `If-Match` says, bare as every Box client sends it.
    pub(crate) if_match: Option<String>,
    /// What goes with it.
    pub(crate) body: Body<'a>,
}

/// What a request carries.
pub(crate) enum Body<'a> {
    /// Nothing.
    None,
    /// A JSON document.
    Json(Value),
    /// A file, with what describes it.
    File(FileBody<'a>),
    /// One part of a file.
    Part(PartBody<'a>),
    /// The end of an upload in parts: a JSON document, and the SHA-1 of the whole.
    Commit(Value, Sha1Digest),
}

/// One part of an upload session.
pub(crate) struct PartBody<'a> {
    /// For `Content-Range`.
    pub(crate) range: String,
    /// The SHA-1 of its bytes.
    pub(crate) sha1: Sha1Digest,
    /// Its bytes.
    pub(crate) open: Open<'a>,
}

/// A successful answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// How long Box asks to wait, if it does.
    pub(crate) after: Option<Duration>,
    /// What it says; null where 202 or 204 say it all.
    pub(crate) json: Value,
}

/// The two parts of an upload, in the order that Box demands.
pub(crate) struct FileBody<'a> {
    /// The first part, as JSON.
    pub(crate) attributes: Value,
    /// SHA-1 in hex, for `content-md5` (the header's name is history).
    pub(crate) sha1: String,
    /// The second part.
    pub(crate) open: Open<'a>,
}

impl Call<'_> {
    fn lane(&self) -> Lane {
        match self.body {
            Body::File(_) | Body::Commit(..) => Lane::Upload,
            Body::None | Body::Json(_) | Body::Part(_) => Lane::Call,
        }
    }
}

impl BoxClient {
    /// A client that has not asked for anything yet.
    pub(crate) fn new(hosts: Hosts, access: Access, bounds: Bounds) -> Result<Self, String> {
        let Access {
            credentials,
            keeping,
            as_user,
            route,
        } = access;
        let Bounds { pace, bandwidth } = bounds;
        let http = transport::client(hosts.are_loopback(), &route)?;
        let gate = Arc::new(Gate::new(pace));
        let endpoint = hosts.token.clone();
        let tokens = TokenKeeper::new(credentials, endpoint, keeping, Arc::clone(&gate));
        Ok(Self {
            http,
            hosts,
            tokens,
            as_user,
            gate,
            flow: Arc::new(Flow::new(bandwidth)),
            requests: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            is_let_in: AtomicBool::new(false),
        })
    }

    /// Goes on at the pace of another one, which sends nothing any more.
    pub(crate) fn go_on_from(&self, before: &Self) {
        self.gate.go_on_from(&before.gate);
    }

    /// Requests sent so far, resends and token requests included.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed) + self.tokens.requests()
    }

    /// Bytes of file content handed to the network so far, resends included.
    pub(crate) fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }

    /// From now on this one is told of every request and of all content, as it ends.
    pub(crate) fn tell(&self, listener: Listener) {
        self.gate.traffic.tell(listener);
    }

    /// How often Box has shown itself at work. Unchanged: nobody got through.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Whether Box has done what it was asked for, once at least: it lets us in.
    pub(crate) fn is_let_in(&self) -> bool {
        self.is_let_in.load(Ordering::Relaxed)
    }

    /// Bytes of file content that may go out a second now, and whether somebody waits
    /// because of that.
    pub(crate) fn bandwidth(&self) -> (Rate, bool) {
        (self.flow.rate(), self.flow.is_waited_for())
    }

    /// How the rate limits stand.
    pub(crate) fn standings(&self) -> Standings {
        self.gate.standings()
    }

    /// Whether a request waits because a minute is full, or because Box asked for it.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.gate.is_waited_for()
    }

    /// Until when Box asked everybody to wait.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.gate.held_until()
    }

    /// Whether calls are made as the token's own account.
    pub(crate) fn is_itself(&self) -> bool {
        self.as_user.is_none()
    }

    /// Whether calls are made by an app's service account.
    pub(crate) fn acts_as_service_account(&self) -> bool {
        self.as_user.is_none() && self.tokens.credentials().acts_as_service_account()
    }

    /// The token's method, and the seconds that it is still good for.
    pub(crate) fn token_status(&self) -> (&'static str, Option<u64>) {
        let method = self.tokens.credentials().method();
        (method, self.tokens.expires_in())
    }

    /// Tells the credential and the user from any other, and gives nothing away.
    pub(crate) fn identity(&self) -> String {
        let user = self.as_user.as_deref().unwrap_or_default();
        digest(&[&self.tokens.identity(), user])
    }

    /// Sends a request and returns the JSON of a successful answer.
    ///
    /// A 401 is answered by one renewal and one replay; by another when the renewal was
    /// somebody else's, found on disk. Everything else that is not success comes back as
    /// [`Trouble`]; nothing is retried here.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Value, Trouble> {
        self.answer(call).await.map(|answer| answer.json)
    }

    /// [`Self::send`], for calls of which not only the words count.
    pub(super) async fn answer(&self, call: Call<'_>) -> Result<Answer, Trouble> {
        let mut refused: Option<Token> = None;
        let mut replays = 0;
        loop {
            // The turn first: a token could die while waiting for it.
            let turn = self.gate.turn(call.lane()).await?;
            let token = self.token(turn, refused.as_ref()).await?;
            if turn.is_stale() {
                continue;
            }
            let result = self.attempt(&call, &token).await;
            self.note(turn, &result);
            match result {
                Err(Trouble::Unauthorized(said))
                    if said.status == 401 && (replays == 0 || replays == 1 && token.is_found) =>
                {
                    replays += 1;
                    refused = Some(token);
                }
                Err(Trouble::Unauthorized(said)) => {
                    let said = error::under(self.tokens.credentials().sign_in(), said);
                    return Err(Trouble::Unauthorized(said));
                }
                other => {
                    self.is_let_in.fetch_or(other.is_ok(), Ordering::Relaxed);
                    return other;
                }
            }
        }
    }

    /// [`Self::send`], for what only asks.
    pub(super) async fn get(&self, operation: &'static str, url: Url) -> Result<Value, Trouble> {
        let call = Call {
            operation,
            method: Method::GET,
            url,
            if_match: None,
            body: Body::None,
        };
        self.send(call).await
    }

    async fn token(&self, turn: Turn, refused: Option<&Token>) -> Result<Token, Trouble> {
        let asked = self.tokens.requests();
        let result = match refused {
            None => self.tokens.get(&self.http).await,
            Some(refused) => self.tokens.replace(&self.http, refused).await,
        };
        match &result {
            // One that was at hand says nothing about Box.
            Ok(_) if self.tokens.requests() == asked => {}
            Ok(_) => drop(self.answers.fetch_add(1, Ordering::Relaxed)),
            Err(_) => self.note(turn, &result),
        }
        result
    }

    async fn attempt(&self, call: &Call<'_>, token: &Token) -> Result<Answer, Trouble> {
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .bearer_auth(token.bearer.expose_secret());
        if let Some(user) = &self.as_user {
            request = request.header("As-User", user);
        }
        if let Some(etag) = &call.if_match {
            request = request.header("If-Match", etag);
        }
        let (status, headers, body) = match &call.body {
            Body::None => self.ask(call, request).await?,
            Body::Json(json) => self.ask(call, request.json(json)).await?,
            Body::Commit(json, sha1) => {
                let request = request.header("Digest", digest_header(sha1)).json(json);
                self.ask(call, request).await?
            }
            Body::File(file) => {
                self.carry(call, file.open, |size, body| {
                    multipart(request, file, size, body)
                })
                .await?
            }
            Body::Part(part) => {
                let request = request
                    .header("Content-Range", &part.range)
                    .header("Digest", digest_header(&part.sha1))
                    .header("Content-Type", "application/octet-stream");
                // With the length told, the body is not sent as chunks of HTTP.
                self.carry(call, part.open, |size, body| {
                    Ok(request.header("Content-Length", size).body(body))
                })
                .await?
            }
        };
        tracing::debug!(
            operation = call.operation,
            status = status.as_u16(),
            path = call.url.path(),
            "answered"
        );
        trail::answered(&call.method, &headers);
        if !status.is_success() {
            let trouble = refusal(status, &headers, &body);
            self.gate.traffic.refused(&trouble);
            return Err(trouble);
        }
        let says_it_all = matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT);
        let json = match body.is_empty() && says_it_all {
            true => Value::Null,
            false => serde_json::from_slice(&body)
                .map_err(|_| Trouble::NoAnswer(words::not_json(&body)))?,
        };
        let after = retry_after::parse(&headers, crate::clock::wall());
        Ok(Answer {
            status,
            after,
            json,
        })
    }

    /// [`Self::exchange`], for what has no file content.
    async fn ask(&self, call: &Call<'_>, request: RequestBuilder) -> Result<Raw, Trouble> {
        self.exchange(call, request.timeout(transport::CALL)).await
    }

    async fn exchange(&self, call: &Call<'_>, request: RequestBuilder) -> Result<Raw, Trouble> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut under_way = self.gate.traffic.begin(call.operation);
        let answer = request
            .send()
            .await
            .map_err(|error| transport::no_answer(&error))?;
        under_way.answered(answer.status());
        raw(answer).await
    }

    /// Sends file content: the request that `with` makes of its size and its bytes.
    async fn carry(
        &self,
        call: &Call<'_>,
        open: Open<'_>,
        with: impl FnOnce(u64, reqwest::Body) -> Result<RequestBuilder, Trouble>,
    ) -> Result<Raw, Trouble> {
        let _carrying = self.tokens.carrying();
        let parcel = open().await?;
        let Parcel {
            size,
            body,
            sent,
            fault,
        } = parcel;
        let (body, passage) = self.flow.through(body);
        let request = with(size, body)?;
        // Also when this is given up in the middle, what was sent was sent.
        let sent = Counted {
            into: &self.bytes_sent,
            traffic: &self.gate.traffic,
            sent,
        };
        let result = tokio::select! {
            result = self.exchange(call, request) => result,
            () = stalled(sent.sent.as_ref(), &passage, transport::STALL) => {
                Err(Trouble::NoAnswer("the upload made no progress".to_owned()))
            }
        };
        // A body that broke off because the file changed looks like a network fault.
        match (result, fault()) {
            (Err(_), Some(trouble)) => Err(trouble),
            (result, _) => result,
        }
    }

    /// From now on nothing new starts; what has started may end.
    pub(crate) fn close(&self) {
        self.gate.close();
    }

    /// Whether nothing new may start.
    pub(crate) fn is_closing(&self) -> bool {
        self.gate.is_closing()
    }

    /// Returns when nothing new may start any more.
    pub(crate) async fn closed(&self) {
        self.gate.closed().await;
    }

    /// Learns from an answer: that Box is there, and whether it wants us to wait.
    fn note<T>(&self, turn: Turn, result: &Result<T, Trouble>) {
        match result {
            Err(Trouble::Throttled(_, after)) => return self.gate.refused(turn, *after),
            Err(
                Trouble::NoAnswer(_)
                | Trouble::LocalChanged
                | Trouble::LocalGone
                | Trouble::LocalRead(_),
            ) => return,
            // Not refused, although Box is not at work.
            Err(Trouble::Later(said, _)) if (500..=599).contains(&said.status) => {}
            _ => {
                self.answers.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.gate.passed(turn);
    }
}

/// Counts what a body has handed over, when it is over.
struct Counted<'a> {
    into: &'a AtomicU64,
    traffic: &'a Traffic,
    sent: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let sent = (self.sent)();
        self.into.fetch_add(sent, Ordering::Relaxed);
        self.traffic.sent(sent);
    }
}

/// Box writes digests of bodies in base64, after the algorithm's name.
fn digest_header(sha1: &Sha1Digest) -> String {
    format!("sha={}", BASE64_STANDARD.encode(sha1.as_bytes()))
}

fn refusal(status: StatusCode, headers: &reqwest::header::HeaderMap, body: &[u8]) -> Trouble {
    let trouble = classify(status, headers, body, crate::clock::wall());
    trail::refused(trouble.said().and_then(|said| said.request_id.as_deref()));
    trouble
}

type Raw = (StatusCode, reqwest::header::HeaderMap, Vec<u8>);

async fn raw(answer: Response) -> Result<Raw, Trouble> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok((status, headers, transport::read(answer).await?))
}

/// `attributes` first, then the content, with the length of the whole known: Box
/// answers 400 to the other order and has a 411 for an unknown length.
fn multipart(
    request: RequestBuilder,
    file: &FileBody<'_>,
    size: u64,
    body: reqwest::Body,
) -> Result<RequestBuilder, Trouble> {
    use reqwest::multipart::{Form, Part};
    let content = Part::stream_with_length(body, size)
        // Box takes the name from the attributes and ignores this one.
        .file_name("file")
        .mime_str("application/octet-stream")
        .map_err(|_| Trouble::NoAnswer("the upload could not be put together".to_owned()))?;
    let form = Form::new()
        .text("attributes", file.attributes.to_string())
        .part("file", content);
    Ok(request.header("content-md5", &file.sha1).multipart(form))
}
