//! One exchange at the token endpoint: a form goes in, a token comes out.
//!
//! Box: `post_oauth2_token`, `post_oauth2_revoke`.

use crate::model::trouble::Trouble;
use crate::remote::auth::credentials::Field;
use crate::remote::auth::life;
use crate::remote::lessons::{SignIn, token_refusal, words};
use crate::remote::traffic::Traffic;
use crate::remote::transport;
use crate::remote::wire;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};

/// What Box handed out.
#[derive(Debug)]
pub(crate) struct Granted {
    /// What goes behind `Bearer `.
    pub(crate) access: SecretString,
    /// Good for one more grant; only with a login.
    pub(crate) refresh: Option<SecretString>,
    /// The token's whole life.
    pub(crate) whole: Duration,
    /// When it was asked for: its life began after that.
    pub(crate) asked_at: Instant,
    /// What it is restricted to, in Box's words.
    pub(crate) restricted_to: Value,
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What it means.
    pub(crate) trouble: Trouble,
    /// The time by Box's clock, if the answer told it.
    pub(crate) date: Option<SystemTime>,
}

/// Where a form goes, and on whose behalf.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    /// The client underneath.
    pub(crate) http: &'a Client,
    /// The token endpoint, or the one that revokes.
    pub(crate) endpoint: &'a Url,
    /// Which words explain a refusal.
    pub(crate) sign_in: SignIn,
    /// Told of what comes of it.
    pub(crate) traffic: &'a Traffic,
}

impl Desk<'_> {
    /// Asks for a token, once.
    pub(crate) async fn ask(self, form: &[Field]) -> Result<Granted, Refused> {
        let asked_at = Instant::now();
        let (status, headers, body) = self
            .post("post_oauth2_token", form)
            .await
            .map_err(Refused::undated)?;
        let date = transport::date(&headers);
        if !status.is_success() {
            let now = crate::clock::wall();
            let trouble = token_refusal(status, &headers, &body, now, self.sign_in);
            self.traffic.refused(&trouble);
            return Err(Refused { trouble, date });
        }
        let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        granted(&json, asked_at).ok_or_else(|| Refused::undated(no_token(&body)))
    }

    /// Ends a token, and with it the whole login that it belongs to.
    pub(crate) async fn revoke(self, form: &[Field]) -> Result<(), Trouble> {
        let (status, headers, body) = self.post("post_oauth2_revoke", form).await?;
        if status.is_success() {
            return Ok(());
        }
        let now = crate::clock::wall();
        let trouble = token_refusal(status, &headers, &body, now, self.sign_in);
        self.traffic.refused(&trouble);
        Err(trouble)
    }

    async fn post(
        self,
        operation: &'static str,
        form: &[Field],
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), Trouble> {
        let fields: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.expose_secret()))
            .collect();
        let request = self.http.post(self.endpoint.clone());
        let mut under_way = self.traffic.begin(operation);
        let answer = request.timeout(transport::CALL).form(&fields).send().await;
        let answer = answer.map_err(|error| transport::no_answer(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        under_way.answered(status);
        tracing::debug!(
            status = status.as_u16(),
            path = self.endpoint.path(),
            "token endpoint"
        );
        Ok((status, headers, transport::read(answer).await?))
    }
}

fn no_token(body: &[u8]) -> Trouble {
    Trouble::NoAnswer(match words::is_page(body) {
        true => words::not_json(body),
        false => "a token answer without a token".to_owned(),
    })
}

impl Refused {
    /// Without an answer that could tell the time.
    pub(super) fn undated(trouble: Trouble) -> Self {
        let date = None;
        Self { trouble, date }
    }
}

fn granted(json: &Value, asked_at: Instant) -> Option<Granted> {
    let secret = |key: &str| {
        let text = wire::text(json, key).filter(|text| is_token(text))?;
        Some(SecretString::from(text))
    };
    let whole = lifetime(json.get("expires_in"));
    let restricted_to = json.get("restricted_to").cloned();
    Some(Granted {
        access: secret("access_token")?,
        refresh: secret("refresh_token"),
        whole: whole.min(life::LONGEST),
        asked_at,
        restricted_to: restricted_to.unwrap_or_else(|| Value::Array(Vec::new())),
    })
}

/// What an answer says of its token's life. One that is over already still is good for
/// one call: otherwise each call would ask for another.
fn lifetime(told: Option<&Value>) -> Duration {
    let seconds = told.and_then(|told| match told {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    });
    match seconds {
        None => life::USUAL,
        Some(seconds) if seconds < 1.0 => Duration::from_secs(1),
        Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(life::LONGEST),
    }
}

/// What fits into a header. Anything else is no token, whatever the answer says.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::granted;
    use secrecy::ExposeSecret;
    use serde_json::json;
    use std::time::{Duration, Instant};

    #[test]
    fn an_answer_is_read_leniently_but_needs_a_token() {
        let now = Instant::now();
        let full = json!({"access_token": "a", "refresh_token": "r", "expires_in": "60"});
        let full = granted(&full, now).unwrap();
        assert_eq!(full.access.expose_secret(), "a");
        assert_eq!(full.refresh.unwrap().expose_secret(), "r");
        assert_eq!(full.whole, Duration::from_secs(60));
        let bare = granted(&json!({"access_token": "a"}), now).unwrap();
        assert!(bare.refresh.is_none());
        for (told, seconds) in [
            (json!(null), 3600),
            (json!("soon"), 3600),
            (json!(4175), 4175),
            (json!("60"), 60),
            (json!(60.0), 60),
            (json!(0), 1),
            (json!(-5), 1),
            (json!(1e300), 365 * 86_400),
        ] {
            let answer = json!({"access_token": "a", "expires_in": told});
            let whole = granted(&answer, now).unwrap().whole;
            assert_eq!(whole, Duration::from_secs(seconds), "{told}");
        }
        for none in [
            json!({}),
            json!(null),
            json!([]),
            json!({"access_token": ""}),
            json!({"access_token": "a\nb"}),
            json!({"access_token": null}),
        ] {
            assert!(granted(&none, now).is_none(), "{none}");
        }
    }
}
