//! Obtaining and renewing the bearer token, without a person and once at a time.
//!
//! Box: `post_oauth2_token`; errors come in an envelope of their own
//! (`{"error", "error_description"}`), mostly with status 400.

use crate::model::trouble::{Said, Trouble};
use crate::remote::error;
use crate::remote::lessons::{SignIn, token_refusal, words};
use crate::remote::transport;
use crate::remote::wire;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Where tokens come from.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// An app's own credentials, for its service account or one user.
    ClientCredentials {
        /// The app.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
        /// `enterprise` or `user`.
        subject_type: &'static str,
        /// The enterprise's or the user's ID.
        subject_id: String,
    },
    /// A token that a person made in the Developer Console. It dies after 60 minutes.
    DeveloperToken(SecretString),
}

/// A token in use. Two with the same serial are the same token.
#[derive(Clone)]
pub(crate) struct Token {
    /// What goes behind `Bearer `.
    pub(crate) bearer: SecretString,
    serial: u64,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

/// Holds the current token; the lock makes renewing single-flight.
pub(crate) struct TokenKeeper {
    credentials: Credentials,
    endpoint: Url,
    held: Mutex<Held>,
    /// When the current token ends, to be told without waiting for a renewal.
    expires_at: std::sync::Mutex<Option<Instant>>,
    /// Renewals that have ended so far.
    attempts: AtomicU64,
    /// Token requests sent, for the accounts.
    requests: AtomicU64,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    serial: u64,
    /// The last renewal's failure, shared with those who waited for it: eight workers
    /// must not knock eight times.
    failure: Option<(u64, Trouble)>,
}

impl TokenKeeper {
    /// Asks for nothing yet: a run with nothing to do needs no token.
    pub(crate) fn new(credentials: Credentials, endpoint: Url) -> Self {
        let held = Mutex::new(Held::default());
        let (attempts, requests) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            credentials,
            endpoint,
            held,
            expires_at: std::sync::Mutex::default(),
            attempts,
            requests,
        }
    }

    /// A token that is good for a while.
    pub(crate) async fn get(&self, http: &Client) -> Result<Token, Trouble> {
        self.renew_unless(http, |token| {
            token
                .renew_at
                .is_none_or(|renew_at| Instant::now() < renew_at)
        })
        .await
    }

    /// A token other than `refused`, to which Box answered 401.
    pub(crate) async fn replace(&self, http: &Client, refused: &Token) -> Result<Token, Trouble> {
        self.renew_unless(http, |token| token.serial != refused.serial)
            .await
    }

    /// Token requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Seconds until the current token expires; `None` without one, or when unknown.
    pub(crate) fn expires_in(&self) -> Option<u64> {
        let expires_at = *self
            .expires_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(
            expires_at?
                .saturating_duration_since(Instant::now())
                .as_secs(),
        )
    }

    /// Whether the account is an app's own, which no person looks into.
    pub(crate) fn acts_as_service_account(&self) -> bool {
        matches!(
            self.credentials,
            Credentials::ClientCredentials {
                subject_type: "enterprise",
                ..
            }
        )
    }

    /// The method's name in the configuration.
    pub(crate) fn method(&self) -> &'static str {
        match self.credentials {
            Credentials::ClientCredentials { .. } => "ccg",
            Credentials::DeveloperToken(_) => "developer_token",
        }
    }

    /// The method, for those who explain a refusal.
    pub(crate) fn sign_in(&self) -> SignIn {
        match self.credentials {
            Credentials::ClientCredentials { .. } => SignIn::ClientCredentials,
            Credentials::DeveloperToken(_) => SignIn::DeveloperToken,
        }
    }

    async fn renew_unless(
        &self,
        http: &Client,
        is_good: impl Fn(&Token) -> bool,
    ) -> Result<Token, Trouble> {
        let seen = self.attempts.load(Ordering::Relaxed);
        let mut held = self.held.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| is_good(token)) {
            return Ok(token.clone());
        }
        // It failed while we waited for it: what it met is for us as well.
        if let Some((attempt, failure)) = &held.failure
            && *attempt > seen
        {
            return Err(failure.clone());
        }
        let obtained = self.obtain(http, held.serial + 1).await;
        // Numbered at its end: who came while it ran waited for it as well.
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        match obtained {
            Ok(token) => {
                *self
                    .expires_at
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = token.expires_at;
                held.serial = token.serial;
                held.failure = None;
                held.token = Some(token.clone());
                Ok(token)
            }
            Err(trouble) => {
                held.failure = Some((attempt, trouble.clone()));
                Err(trouble)
            }
        }
    }

    async fn obtain(&self, http: &Client, serial: u64) -> Result<Token, Trouble> {
        match &self.credentials {
            Credentials::DeveloperToken(_) if serial > 1 => {
                let said = Said {
                    status: 401,
                    code: "unauthorized".to_owned(),
                    message: "Box does not accept the developer token (any more)".to_owned(),
                    ..Said::default()
                };
                Err(Trouble::Unauthorized(error::under(self.sign_in(), said)))
            }
            Credentials::DeveloperToken(bearer) => {
                let bearer = bearer.clone();
                Ok(Token {
                    bearer,
                    serial,
                    renew_at: None,
                    expires_at: None,
                })
            }
            Credentials::ClientCredentials { .. } => self.grant(http, serial).await,
        }
    }

    async fn grant(&self, http: &Client, serial: u64) -> Result<Token, Trouble> {
        let Credentials::ClientCredentials {
            client_id,
            client_secret,
            subject_type,
            subject_id,
        } = &self.credentials
        else {
            return Err(Trouble::NoAnswer(
                "no grant for these credentials".to_owned(),
            ));
        };
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose_secret()),
            ("box_subject_type", subject_type),
            ("box_subject_id", subject_id),
        ];
        self.requests.fetch_add(1, Ordering::Relaxed);
        let asked_at = Instant::now();
        let request = http
            .post(self.endpoint.clone())
            .timeout(transport::CALL)
            .form(&form);
        let answer = request
            .send()
            .await
            .map_err(|error| transport::no_answer(&error))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = transport::read(answer).await?;
        if status.is_success() {
            let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            return token(&json, serial, asked_at).ok_or_else(|| no_token(&body));
        }
        let now = crate::clock::wall();
        Err(token_refusal(status, &headers, &body, now, self.sign_in()))
    }
}

fn no_token(body: &[u8]) -> Trouble {
    Trouble::NoAnswer(match words::is_page(body) {
        true => words::not_json(body),
        false => "a token answer without a token".to_owned(),
    })
}

/// Renewed when less than a tenth of its life, or five minutes, is left.
fn token(json: &Value, serial: u64, asked_at: Instant) -> Option<Token> {
    let bearer = wire::text(json, "access_token").filter(|text| !text.is_empty())?;
    let life = Duration::from_secs(wire::bytes(json, "expires_in").unwrap_or(3600).min(1 << 31));
    let early = (life / 10).min(Duration::from_secs(300));
    Some(Token {
        bearer: SecretString::from(bearer),
        serial,
        renew_at: Some(asked_at + (life - early)),
        expires_at: Some(asked_at + life),
    })
}

#[cfg(test)]
mod tests {
    use super::token;
    use serde_json::json;
    use std::time::{Duration, Instant};

    #[test]
    fn a_token_is_renewed_with_a_tenth_of_its_life_left_at_most_five_minutes() {
        let asked = Instant::now();
        for (life, renew) in [(10, 9), (3600, 3300), (4175, 3875), (0, 0)] {
            let answer = json!({"access_token": "x", "expires_in": life});
            let token = token(&answer, 1, asked).unwrap();
            assert_eq!(
                token.renew_at,
                Some(asked + Duration::from_secs(renew)),
                "{life}"
            );
        }
        assert!(token(&json!({"access_token": ""}), 1, asked).is_none());
    }
}
