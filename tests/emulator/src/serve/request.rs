//! One request, from its head to its answer. Read [`process`] first.

use std::sync::Arc;

use hyper::Response;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use super::mishap::{self, Before};
use super::visit::Visit;
use super::{admission, busy, outgoing};
use crate::api::Ctx;
use crate::auth::{self, Visitor};
use crate::fault::{Effect, Subject};
use crate::shared::Shared;
use crate::wire::{
    AnswerBody, ApiError, BodyKind, BodyReader, Call, Content, Limits, Operation, Received, Reply,
    Routed, Trouble, decode_pairs, receive, route,
};

/// The connection is to end without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Stop {
        match trouble {
            Trouble::Refused(error) => Stop::Refuse(error),
            Trouble::Broken => Stop::Drop,
        }
    }
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Stop {
        Stop::Refuse(error)
    }
}

/// Why processing ended early.
enum Stop {
    Refuse(ApiError),
    Answer(Reply),
    Drop,
}

/// Serves one request and keeps the journal.
pub(super) async fn serve(
    shared: Arc<Shared>,
    request: hyper::Request<Incoming>,
) -> Result<Response<AnswerBody>, Dropped> {
    let (head, incoming) = request.into_parts();
    let mut body = BodyReader::new(incoming);
    let routed = route(head.method.as_str(), head.uri.path());
    let id = match &routed {
        Routed::Known(operation, _) => operation.id,
        Routed::WrongHost(_) | Routed::Unknown => "unknown",
    };
    let mut visit = Visit::open(&shared, id, &head);
    let waits = head.headers.contains_key("expect");
    let result = answer(&shared, head, routed, &mut body, &mut visit).await;
    visit.outcome.body_bytes = body.received();
    let reply = match result {
        Ok(reply) => reply,
        Err(Stop::Answer(reply)) => reply,
        Err(Stop::Refuse(error)) => refusal(&shared, error, &mut visit),
        Err(Stop::Drop) => return Err(Dropped),
    };
    // A client that waits for `100 Continue` has not sent anything yet.
    if !(waits && body.received() == 0) && body.drain().await.is_err() {
        return Err(Dropped);
    }
    visit.outcome.body_bytes = body.received();
    visit.outcome.status = Some(reply.status);
    Ok(outgoing::respond(reply, &shared))
}

async fn answer(
    shared: &Arc<Shared>,
    head: Parts,
    routed: Routed,
    body: &mut BodyReader,
    visit: &mut Visit,
) -> Result<Reply, Stop> {
    let asked = format!("{} {}", head.method, head.uri.path());
    let (operation, holes) = match routed {
        Routed::Known(operation, holes) => (operation, holes),
        Routed::WrongHost(operation) => return Err(wrong_host(shared, operation, &asked).into()),
        Routed::Unknown => {
            let error = ApiError::unknown_operation(&asked);
            shared.change(|state| state.journal.unknown(asked));
            return Err(error.into());
        }
    };
    let query = decode_pairs(head.uri.query().unwrap_or_default())
        .ok_or_else(|| ApiError::parameter("query", "the query string is malformed"))?;
    let call = Call {
        path: head.uri.path().to_owned(),
        holes,
        query,
        headers: head.headers,
    };
    remark_oddities(shared, operation, &call);
    process(shared, operation, call, body, visit).await
}

/// Faults that come first, token, rate limits, body, faults that ask for a
/// name, the operation itself, faults that come last. Forms are read before
/// anything else, so that the log knows what every token request asked for.
async fn process(
    shared: &Arc<Shared>,
    operation: &'static Operation,
    call: Call,
    body: &mut BodyReader,
    visit: &mut Visit,
) -> Result<Reply, Stop> {
    let mut effect = choose(shared, operation, &call, None, false);
    if let Some(Effect::MidBodyReset { after }) = &effect {
        body.reset_after(Some(*after));
    }
    let form = read_form(shared, operation, &call, body, visit).await?;
    strike(&effect, operation, shared).await?;
    let expired = effect == Some(Effect::ExpiredToken);
    let visitor = admit(shared, operation, &call, expired)?;
    let received = match form {
        Some(form) => form,
        None => take_in(shared, operation, &call, body).await?,
    };
    visit.outcome.content_bytes = received.content_bytes();
    let name = received.name().map(str::to_owned);
    visit.outcome.name = name.or_else(|| shared.lock().session_name(call.hole(0)));
    if effect.is_none() {
        effect = choose(shared, operation, &call, received.name(), true);
        strike(&effect, operation, shared).await?;
        if effect == Some(Effect::ExpiredToken) {
            admit(shared, operation, &call, true)?;
        }
    }
    if let Some(Effect::PersistLater { answer, after }) = &effect {
        let reply = mishap::error_reply(answer, operation, shared);
        persist_later(shared, operation, call, received, visitor, *after);
        return Ok(reply);
    }
    let outcome = shared.change(|state| apply(state, operation, &call, received, visitor));
    let reply = match outcome {
        Ok(reply) => reply,
        Err(error) => refusal(shared, error, visit),
    };
    match effect {
        Some(effect) => mishap::after(&effect, reply, operation, shared)
            .await
            .ok_or(Stop::Drop),
        None => Ok(reply),
    }
}

fn choose(
    shared: &Arc<Shared>,
    operation: &Operation,
    call: &Call,
    name: Option<&str>,
    named: bool,
) -> Option<Effect> {
    let mut guard = shared.lock();
    let state = &mut *guard;
    let addressed = state.addressed(call.hole(0));
    let subject = Subject {
        operation: operation.id,
        path: &call.path,
        name: name.or(addressed.as_deref()),
    };
    state.faults.take(&subject, named)
}

/// Lets a fault do what it does first.
async fn strike(
    effect: &Option<Effect>,
    operation: &'static Operation,
    shared: &Arc<Shared>,
) -> Result<(), Stop> {
    let Some(effect) = effect else {
        return Ok(());
    };
    match mishap::before(effect, operation, shared).await {
        Before::GoOn => Ok(()),
        Before::Answer(reply) => Err(Stop::Answer(reply)),
        Before::Drop => Err(Stop::Drop),
    }
}

fn admit(
    shared: &Arc<Shared>,
    operation: &Operation,
    call: &Call,
    force_expired: bool,
) -> Result<Visitor, Stop> {
    let state = &mut *shared.lock();
    let visitor = admission::visitor(state, operation, call, force_expired)?;
    admission::rate(state, operation, visitor.user)?;
    Ok(visitor)
}

async fn read_form(
    shared: &Arc<Shared>,
    operation: &Operation,
    call: &Call,
    body: &mut BodyReader,
    visit: &mut Visit,
) -> Result<Option<Received>, Stop> {
    if operation.body != BodyKind::Form {
        return Ok(None);
    }
    let form = take_in(shared, operation, call, body).await?;
    if let Some(name) = form.field("grant_type") {
        let name = auth::grant_name(name);
        visit.outcome.grant_type = Some(name);
        shared.change(|state| state.journal.asked(name));
    }
    Ok(Some(form))
}

async fn take_in(
    shared: &Arc<Shared>,
    operation: &Operation,
    call: &Call,
    body: &mut BodyReader,
) -> Result<Received, Trouble> {
    let limits = {
        let settings = &shared.lock().settings;
        Limits {
            max_direct: settings.max_direct_upload,
            require_length: settings.require_content_length,
        }
    };
    receive(operation.body, call, body, &shared.spool, limits).await
}

fn apply(
    state: &mut crate::shared::State,
    operation: &Operation,
    call: &Call,
    body: Received,
    visitor: Visitor,
) -> Result<Reply, ApiError> {
    auth::check(state, operation, call, &body, &visitor)?;
    busy::need_idle(state, operation, call, &body, visitor.user)?;
    let now = state.now();
    (operation.handler)(&mut Ctx {
        operation: operation.id,
        state,
        call,
        body,
        user: visitor.user,
        now,
    })
}

/// Box warns that a write answered with 503 may still take effect.
fn persist_later(
    shared: &Arc<Shared>,
    operation: &'static Operation,
    call: Call,
    body: Received,
    visitor: Visitor,
    after: Option<std::time::Duration>,
) {
    let shared = Arc::clone(shared);
    let mut persists = shared.persists.subscribe();
    let before = *persists.borrow_and_update();
    let ticket = shared.change(|state| {
        state.pending += 1;
        busy::begin(state, operation, &call, &body, visitor.user)
    });
    tokio::spawn(async move {
        match after {
            Some(delay) => tokio::time::sleep(delay).await,
            None => {
                while *persists.borrow_and_update() == before {
                    if persists.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
        shared.change(|state| {
            state.pending -= 1;
            busy::end(state, ticket);
            // Nobody is left to be told of an error.
            let _ = apply(state, operation, &call, body, visitor);
        });
    });
}

/// An error as a reply; a 401's body is empty unless asked for.
fn refusal(shared: &Arc<Shared>, error: ApiError, visit: &mut Visit) -> Reply {
    visit.outcome.code = Some(error.code().to_owned());
    let (id, json_401) = {
        let mut state = shared.lock();
        (state.ids.hex(16), state.settings.json_401)
    };
    let mut reply = error.into_reply(&id);
    if reply.status == 401 && !json_401 {
        reply.content = Content::Empty;
    }
    reply
}

fn wrong_host(shared: &Arc<Shared>, operation: &Operation, asked: &str) -> ApiError {
    let message = format!(
        "{} belongs to another host of Box ({:?}) than {asked} was sent to",
        operation.id, operation.host
    );
    shared.change(|state| state.journal.unknown(format!("{asked} (wrong host)")));
    ApiError::new(404, "not_found", &message)
}

/// Oddities that Box does not document as errors.
fn remark_oddities(shared: &Arc<Shared>, operation: &Operation, call: &Call) {
    let mut remarks = Vec::new();
    for (name, _) in &call.query {
        if !operation.query.contains(&name.as_str()) {
            remarks.push(format!("undocumented query parameter '{name}'"));
        }
    }
    let no_length = call.content_length().is_none();
    if matches!(operation.body, BodyKind::Multipart | BodyKind::Part) && no_length {
        remarks.push("upload without Content-Length".to_owned());
    }
    let json = call.media_type() == "application/json";
    if operation.body == BodyKind::Json && !json && !call.media_type().is_empty() {
        remarks.push(format!("JSON body declared as '{}'", call.media_type()));
    }
    if remarks.is_empty() {
        return;
    }
    let mut state = shared.lock();
    for remark in remarks {
        let remark = format!("{}: {remark}", operation.id);
        state.journal.remark(remark);
    }
}
