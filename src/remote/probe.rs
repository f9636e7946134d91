//! Is anybody there? A request without a token, whose answer only has to come.

use crate::model::trouble::Trouble;
use crate::remote::client::BoxClient;
use crate::remote::lessons::words;
use crate::remote::transport;
use reqwest::Url;
use std::time::{Duration, SystemTime};

/// How long one may take: who asks sits in front of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// That somebody answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// The time by the server's clock, if it told.
    pub(crate) date: Option<SystemTime>,
    /// The time by ours, in the middle of asking.
    pub(crate) asked_at: SystemTime,
}

impl BoxClient {
    /// Asks for an address without signing in. Any answer of Box's is a good one, and a
    /// 401 is what is expected of `get_users_me`.
    ///
    /// # Errors
    /// [`Trouble::NoAnswer`] with a sentence that says how far it came.
    pub(crate) async fn probe(&self, url: Url) -> Result<Probe, Trouble> {
        self.count_request();
        let began = std::time::Instant::now();
        let asked_at = crate::clock::wall();
        let answer = self.http.get(url).timeout(PATIENCE).send().await;
        let answer = answer.map_err(|error| transport::no_answer(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = transport::read(answer).await?;
        if status.as_u16() == 407 || status.is_redirection() {
            let what = "a proxy or a login page answers in Box's place";
            return Err(Trouble::NoAnswer(format!("{what} ({})", status.as_u16())));
        }
        if status.is_success() && words::is_page(&body) {
            return Err(Trouble::NoAnswer(words::not_json(&body)));
        }
        let date = headers.get("date").and_then(|date| date.to_str().ok());
        Ok(Probe {
            date: date.and_then(|date| httpdate::parse_http_date(date).ok()),
            asked_at: asked_at + began.elapsed() / 2,
        })
    }
}
