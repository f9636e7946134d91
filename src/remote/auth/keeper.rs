//! Holds the current token. One renewal at a time, in this process and, where tokens are
//! kept on disk, across all processes.

use crate::clock;
use crate::model::path::printable_path;
use crate::model::trouble::{Said, Trouble};
use crate::remote::auth::credentials::{Credentials, Field, digest, field};
use crate::remote::auth::file::{Kept, Lock, TokenFile};
use crate::remote::auth::grant::{Desk, Granted, Refused};
use crate::remote::auth::life::Advice;
use crate::remote::auth::rotation::Rotation;
use crate::remote::auth::token::Token;
use crate::remote::error;
use crate::remote::gate::Gate;
use crate::remote::lessons::{SignIn, finding};
use crate::remote::pace::Lane;
use reqwest::{Client, Url};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Mutex;

/// Tries with a clock that was corrected, when Box complains about the time.
const CLOCK_TRIES: u32 = 3;
/// While the token endpoint is in trouble it is left alone this long, then twice as
/// long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where tokens survive the process.
#[derive(Clone, Debug)]
pub(crate) enum Keeping {
    /// Nowhere.
    Nowhere,
    /// They are read there and left as they are.
    Reading(TokenFile),
    /// There.
    At(TokenFile),
}

/// Holds the current token; the lock makes renewing single-flight.
pub(crate) struct TokenKeeper {
    pub(super) credentials: Credentials,
    pub(super) fingerprint: String,
    endpoint: Url,
    pub(super) keeping: Keeping,
    /// Box counts these requests too.
    pub(super) gate: Arc<Gate>,
    pub(super) held: Mutex<Held>,
    /// When the current token ends, to be told without waiting for a renewal.
    expires_at: std::sync::Mutex<Option<Instant>>,
    /// Renewals that have ended so far.
    attempts: AtomicU64,
    /// Token requests sent, for the accounts.
    pub(super) requests: AtomicU64,
    /// Bodies under way with the current token.
    bodies: AtomicUsize,
    /// Seconds that Box's clock is ahead of ours.
    ahead: AtomicI64,
}

#[derive(Default)]
pub(super) struct Held {
    pub(super) token: Option<Token>,
    failure: Option<Failure>,
}

/// The last renewal's failure, shared with those who waited for it and with those who
/// come soon after: eight workers must not knock eight times.
struct Failure {
    attempt: u64,
    trouble: Trouble,
    pause: Duration,
    until: Instant,
}

/// A body under way.
pub(crate) struct Carrying<'a>(&'a AtomicUsize);

impl Drop for Carrying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl TokenKeeper {
    /// Asks for nothing yet: a run with nothing to do needs no token.
    pub(crate) fn new(
        credentials: Credentials,
        endpoint: Url,
        keeping: Keeping,
        gate: Arc<Gate>,
    ) -> Self {
        let fingerprint = credentials.fingerprint(endpoint.as_str());
        Self {
            credentials,
            fingerprint,
            endpoint,
            keeping,
            gate,
            held: Mutex::default(),
            expires_at: std::sync::Mutex::default(),
            attempts: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            bodies: AtomicUsize::new(0),
            ahead: AtomicI64::new(0),
        }
    }

    /// What the tokens come from.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A token that is good for a while.
    pub(crate) async fn get(&self, http: &Client) -> Result<Token, Trouble> {
        let renewed = self.renew_unless(http, |token| self.is_good(token)).await;
        match renewed {
            // What is left of the old one is for just this.
            Err(Trouble::NoAnswer(_) | Trouble::Later(..) | Trouble::Throttled(..)) => {
                let held = self.held.lock().await.token.clone();
                let old = held.or_else(|| self.kept().as_ref().map(Token::found));
                old.filter(Token::is_alive).map_or(renewed, Ok)
            }
            other => other,
        }
    }

    /// What is kept of this credential, if that can be read.
    fn kept(&self) -> Option<Kept> {
        match &self.keeping {
            Keeping::At(file) | Keeping::Reading(file) => self.own(file).ok()?,
            Keeping::Nowhere => None,
        }
    }

    /// Tells one credential, and one person's login, from another.
    pub(crate) fn identity(&self) -> String {
        let login = self.kept().map(|kept| kept.login).unwrap_or_default();
        digest(&[&self.fingerprint, &login])
    }

    /// A token that Box hands out now, whatever is kept, which proves the credential. A
    /// login is spared: it is renewed only when it is due.
    pub(crate) async fn fresh(&self, http: &Client) -> Result<Token, Trouble> {
        match &self.credentials {
            Credentials::OAuth2 { .. } | Credentials::Developer(_) => self.get(http).await,
            Credentials::Secret { .. } | Credentials::Jwt { .. } => {
                self.renew_unless(http, |_| false).await
            }
        }
    }

    /// When the login that is kept was last renewed.
    pub(crate) fn renewed_at(&self) -> Option<SystemTime> {
        self.kept().map(|kept| kept.obtained_at)
    }

    /// A token other than `refused`, to which Box answered 401.
    pub(crate) async fn replace(&self, http: &Client, refused: &Token) -> Result<Token, Trouble> {
        self.renew_unless(http, |token| !token.is(refused) && self.is_good(token))
            .await
    }

    /// Renews what is older than that, so that a login does not end because nobody used
    /// it; says whether there was anything to do.
    pub(crate) async fn renew_older_than(
        &self,
        http: &Client,
        age: Duration,
    ) -> Result<bool, Trouble> {
        let (Credentials::OAuth2 { .. }, Keeping::At(file)) = (&self.credentials, &self.keeping)
        else {
            return Ok(false);
        };
        let Some(kept) = self.own(file)? else {
            return Ok(false);
        };
        let is_old = |at: SystemTime| clock::wall().duration_since(at).is_ok_and(|old| old > age);
        // Renewing ends the token that the bodies under way were sent with.
        if !is_old(kept.obtained_at) || self.bodies.load(Ordering::Relaxed) > 0 {
            return Ok(false);
        }
        let refused = Token::found(&kept);
        self.replace(http, &refused).await.map(|_| true)
    }

    /// Token requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Seconds until the current token expires; `None` without one, or when unknown.
    pub(crate) fn expires_in(&self) -> Option<u64> {
        let left = self.known_end()?;
        Some(left.saturating_duration_since(Instant::now()).as_secs())
    }

    /// Says that a body is under way, for as long as the result lives.
    pub(crate) fn carrying(&self) -> Carrying<'_> {
        self.bodies.fetch_add(1, Ordering::Relaxed);
        Carrying(&self.bodies)
    }

    fn is_good(&self, token: &Token) -> bool {
        let is_shared = matches!(self.credentials, Credentials::OAuth2 { .. });
        let bodies = self.bodies.load(Ordering::Relaxed);
        token
            .life
            .is_none_or(|life| life.advise(Instant::now(), is_shared, bodies) == Advice::Use)
    }

    async fn renew_unless(
        &self,
        http: &Client,
        is_good: impl Fn(&Token) -> bool + Send + Sync,
    ) -> Result<Token, Trouble> {
        let seen = self.attempts.load(Ordering::Relaxed);
        let mut held = self.held.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| is_good(token)) {
            return Ok(token.clone());
        }
        if let Some(failure) = &held.failure
            && (failure.attempt > seen || Instant::now() < failure.until)
        {
            return Err(failure.trouble.clone());
        }
        let obtained = self.obtain(http, &held, &is_good).await;
        // Numbered at its end: who came while it ran waited for it as well.
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        match &obtained {
            Ok(token) => {
                *self.end() = token.life.map(|life| life.expires_at);
                held.failure = None;
                held.token = Some(token.clone());
            }
            Err(trouble) => held.fail(attempt, trouble),
        }
        obtained
    }

    async fn obtain(
        &self,
        http: &Client,
        held: &Held,
        is_good: &(impl Fn(&Token) -> bool + Sync),
    ) -> Result<Token, Trouble> {
        if let Credentials::Developer(bearer) = &self.credentials {
            // The one there is has been refused.
            return match held.token {
                Some(_) => Err(self.dead_developer_token()),
                None => Ok(Token {
                    bearer: bearer.clone(),
                    life: None,
                    is_found: false,
                }),
            };
        }
        let file = match &self.keeping {
            Keeping::Nowhere => None,
            Keeping::Reading(file) | Keeping::At(file) => Some(file),
        };
        if let Some(file) = file
            && let Some(kept) = self.own(file)?
            && let token = Token::found(&kept)
            && is_good(&token)
        {
            return Ok(token);
        }
        match &self.keeping {
            Keeping::At(file) => self.renew(http, file, is_good).await,
            Keeping::Nowhere | Keeping::Reading(_) => {
                let granted = self.request(http).await?;
                Ok(Token::granted(&granted))
            }
        }
    }

    /// Renews under the lock that all processes share, unless one of them just did.
    async fn renew(
        &self,
        http: &Client,
        file: &TokenFile,
        is_good: &(impl Fn(&Token) -> bool + Sync),
    ) -> Result<Token, Trouble> {
        let is_login = matches!(self.credentials, Credentials::OAuth2 { .. });
        if is_login {
            // Nobody is kept waiting, and nothing is made, for a login that is not there.
            self.refresh_form(self.own(file)?)?;
        }
        let lock = match file.lock().await {
            Ok(lock) => lock,
            // Sharing saves requests; without it there is still a token to be had.
            Err(error) if !is_login => {
                tracing::debug!(%error, "the token is not kept");
                return Ok(Token::granted(&self.request(http).await?));
            }
            Err(error) => return Err(error.into()),
        };
        let kept = self.own(file)?;
        if let Some(token) = kept
            .as_ref()
            .map(Token::found)
            .filter(|token| is_good(token))
        {
            return Ok(token);
        }
        if is_login {
            let login = kept.as_ref().map(|kept| kept.login.clone());
            let form = self.refresh_form(kept)?;
            return self
                .rotate(http, lock, login.unwrap_or_default(), form)
                .await;
        }
        let granted = self.request(http).await?;
        self.keep_if_possible(&lock, &granted);
        Ok(Token::granted(&granted))
    }

    fn keep_if_possible(&self, lock: &Lock, granted: &Granted) {
        let kept = Kept::new(&self.fingerprint, granted, "");
        let result = lock.make_room().and_then(|mut room| room.keep(&kept));
        if let Err(error) = result {
            tracing::debug!(%error, "the token is not kept");
        }
    }

    /// Exchanges what a login is renewed or begun with; see [`Rotation`].
    pub(super) async fn rotate(
        &self,
        http: &Client,
        lock: Lock,
        login: String,
        form: Vec<Field>,
    ) -> Result<Token, Trouble> {
        self.gate.turn(Lane::Token).await?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let rotation = Rotation {
            lock,
            http: http.clone(),
            endpoint: self.endpoint.clone(),
            sign_in: self.credentials.sign_in(),
            credential: self.fingerprint.clone(),
            login,
            form,
            gate: Arc::clone(&self.gate),
        };
        Ok(Token::granted(&rotation.run().await?))
    }

    /// What is kept of this very credential. Of a login, what belongs to another app is
    /// an error: nobody can renew it, and nothing may overwrite it unasked.
    fn own(&self, file: &TokenFile) -> Result<Option<Kept>, Trouble> {
        let is_login = matches!(self.credentials, Credentials::OAuth2 { .. });
        let kept = match file.read() {
            Err(crate::remote::auth::file::Error::Damaged(_)) if !is_login => None,
            other => other?,
        };
        match kept {
            Some(kept) if kept.credential == self.fingerprint => Ok(Some(kept)),
            Some(_) if is_login => Err(foreign_login(file)),
            _ => Ok(None),
        }
    }

    fn refresh_form(&self, kept: Option<Kept>) -> Result<Vec<Field>, Trouble> {
        let nobody = || needs_login("nobody has logged in yet".to_owned());
        let refresh = kept.and_then(|kept| kept.refresh).ok_or_else(nobody)?;
        let app = self.credentials.app().ok_or_else(nobody)?;
        let mut form = app.fields();
        form.push(field("grant_type", "refresh_token"));
        form.push(("refresh_token", refresh));
        Ok(form)
    }

    /// Asks without any earlier token. When Box complains about the time, its own time
    /// corrects ours.
    async fn request(&self, http: &Client) -> Result<Granted, Trouble> {
        let mut tries = 0;
        loop {
            tries += 1;
            let form = self.credentials.request(self.now_at_box())?;
            let form = form.ok_or_else(|| needs_login("nobody has logged in yet".to_owned()))?;
            match self.ask(http, &form).await {
                Ok(granted) => return Ok(granted),
                Err(Refused {
                    trouble: Trouble::Unauthorized(said),
                    date: Some(date),
                }) if tries < CLOCK_TRIES && blames_the_clock(&said) => self.learn_time(date),
                Err(refused) => return Err(refused.trouble),
            }
        }
    }

    pub(super) async fn ask(&self, http: &Client, form: &[Field]) -> Result<Granted, Refused> {
        let turn = self.gate.turn(Lane::Token).await;
        turn.map_err(Refused::undated)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let desk = Desk {
            http,
            endpoint: &self.endpoint,
            sign_in: self.credentials.sign_in(),
            traffic: &self.gate.traffic,
        };
        desk.ask(form).await
    }

    fn now_at_box(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let span = Duration::from_secs(ahead.unsigned_abs());
        let now = clock::wall();
        let moved = if ahead < 0 {
            now.checked_sub(span)
        } else {
            now.checked_add(span)
        };
        moved.unwrap_or(now)
    }

    fn learn_time(&self, date: SystemTime) {
        let now = clock::wall();
        let ahead = match date.duration_since(now) {
            Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(0),
            Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(0),
        };
        tracing::warn!(
            seconds = ahead,
            "this machine's clock differs from Box's: set it right (NTP); boxup goes by Box's"
        );
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    fn dead_developer_token(&self) -> Trouble {
        let said = Said {
            status: 401,
            code: "unauthorized".to_owned(),
            message: "Box does not accept the developer token (any more)".to_owned(),
            ..Said::default()
        };
        Trouble::Unauthorized(error::under(self.credentials.sign_in(), said))
    }

    fn known_end(&self) -> Option<Instant> {
        *self.end()
    }

    fn end(&self) -> MutexGuard<'_, Option<Instant>> {
        self.expires_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn foreign_login(file: &TokenFile) -> Trouble {
    let path = printable_path(file.path());
    Trouble::Unauthorized(Said {
        message: format!("the login in {path} belongs to another app or another token endpoint"),
        lesson: finding("foreign_login"),
        ..Said::default()
    })
}

fn needs_login(message: String) -> Trouble {
    Trouble::Unauthorized(Said {
        message,
        lesson: finding("not_logged_in"),
        ..Said::default()
    })
}

impl Held {
    /// A person's mistake is not asked about again by those who waited; what passes by
    /// itself is left alone for a while.
    fn fail(&mut self, attempt: u64, trouble: &Trouble) {
        let before = self.failure.as_ref().map(|failure| failure.pause);
        let pause = before.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.failure = Some(Failure {
            attempt,
            trouble: trouble.clone(),
            pause,
            until: Instant::now() + pause,
        });
    }
}

/// Box names the claim that it does not like; only these have to do with time.
fn blames_the_clock(said: &Said) -> bool {
    let message = said.message.to_lowercase();
    let names = ["'exp'", "'nbf'", "'iat'", "'jti'", "exp claim", "jti"];
    said.code == "invalid_grant" && names.iter().any(|name| message.contains(name))
}

impl Credentials {
    /// Which words explain a refusal.
    pub(crate) fn sign_in(&self) -> SignIn {
        match self {
            Self::Secret { .. } => SignIn::ClientCredentials,
            Self::Jwt { .. } => SignIn::Jwt,
            Self::OAuth2 { .. } => SignIn::OAuth2,
            Self::Developer(_) => SignIn::DeveloperToken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::blames_the_clock;
    use crate::model::trouble::Said;

    #[test]
    fn only_complaints_about_time_are_answered_with_another_time() {
        for (code, message, expected) in [
            ("invalid_grant", "Please check the 'EXP' claim.", true),
            ("invalid_grant", "A unique 'jti' value is required.", true),
            (
                "invalid_grant",
                "… listed in the 'nbf' or 'iat' claim",
                true,
            ),
            ("invalid_grant", "Please check the 'sub' claim.", false),
            ("invalid_client", "'exp'", false),
        ] {
            let said = Said {
                code: code.to_owned(),
                message: message.to_owned(),
                ..Said::default()
            };
            assert_eq!(blames_the_clock(&said), expected, "{message}");
        }
    }
}
