//! A sign-in in the browser: the address that a person opens, and what comes back.
//!
//! Box: `get_authorize`. What comes back is believed only with the `state` that was sent
//! along, once: anybody can make a browser call an address on this machine.

use crate::model::trouble::Trouble;
use crate::remote::auth::unguessable;
use crate::remote::error::login_refusal;
use reqwest::Url;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// A sign-in that somebody was asked for.
pub(crate) struct Pending {
    state: Option<String>,
    redirect_uri: String,
    page: Url,
}

/// What came back.
#[derive(Debug)]
pub(crate) enum Received {
    /// Consent: a code that lives for 30 seconds.
    Code(SecretString),
    /// The person said no, or Box did.
    Denied(Trouble),
    /// Not an answer to our question; why it is not.
    Refused(&'static str),
}

impl Pending {
    /// A new question, with a state that nobody can guess.
    pub(crate) fn new(page: &Url, client_id: &str, redirect_uri: &str) -> Result<Self, Trouble> {
        let state = unguessable::<32>()?;
        let mut page = page.clone();
        page.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", &state);
        Ok(Self {
            state: Some(state),
            redirect_uri: redirect_uri.to_owned(),
            page,
        })
    }

    /// What the person opens.
    pub(crate) fn page(&self) -> &Url {
        &self.page
    }

    /// What the page sends back to, letter by letter.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Judges the query of a call to the redirect address. A good one counts once.
    pub(crate) fn receive(&mut self, query: &str) -> Received {
        let pairs: BTreeMap<String, String> = query_pairs(query);
        let Some(expected) = &self.state else {
            return Received::Refused("this sign-in has been answered already");
        };
        match pairs.get("state") {
            None => return Received::Refused("the answer carries no state"),
            Some(state) if state != expected => {
                return Received::Refused("the answer's state is not the one that was sent");
            }
            Some(_) => {}
        }
        let code = pairs.get("code").filter(|code| !code.is_empty());
        let received = match (code, pairs.get("error")) {
            (_, Some(error)) => {
                let words = pairs.get("error_description").unwrap_or(error);
                Received::Denied(login_refusal(error, words))
            }
            (Some(code), None) => Received::Code(SecretString::from(code.as_str())),
            (None, None) => return Received::Refused("the answer holds no code"),
        };
        self.state = None;
        received
    }

    /// Judges what a person pasted: the whole address that the browser ended at, or the
    /// code out of it.
    pub(crate) fn paste(&mut self, line: &str) -> Received {
        let line = line.trim();
        if line.is_empty() {
            return Received::Refused("nothing was pasted");
        }
        match line.split_once('?') {
            Some((_, query)) => self.receive(query.split('#').next().unwrap_or_default()),
            None if line.contains("://") || line.contains('=') => {
                Received::Refused("that is not the whole address: it ends before the question mark")
            }
            None if line.chars().any(|c| !c.is_ascii_graphic()) => {
                Received::Refused("a code has no spaces in it")
            }
            // A person has carried it over: no browser could have been tricked into it.
            None => match self.state.take() {
                Some(_) => Received::Code(SecretString::from(line)),
                None => Received::Refused("this sign-in has been answered already"),
            },
        }
    }
}

fn query_pairs(query: &str) -> BTreeMap<String, String> {
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return BTreeMap::new();
    };
    url.set_query(Some(query));
    let pairs = url.query_pairs();
    pairs
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Pending, Received};
    use crate::model::trouble::Trouble;
    use reqwest::Url;
    use secrecy::ExposeSecret;

    fn pending() -> (Pending, String) {
        let page = Url::parse("https://account.box.com/api/oauth2/authorize").unwrap();
        let pending = Pending::new(&page, "app", "http://127.0.0.1:8459/callback").unwrap();
        let state = pending
            .page()
            .query_pairs()
            .find(|(key, _)| key == "state")
            .unwrap()
            .1
            .into_owned();
        (pending, state)
    }

    fn word(received: Received) -> String {
        match received {
            Received::Code(code) => format!("code {}", code.expose_secret()),
            Received::Denied(Trouble::Unauthorized(said)) => format!("denied {}", said.words()),
            Received::Denied(other) => panic!("{other:?}"),
            Received::Refused(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn the_page_is_asked_for_with_everything_that_box_wants() {
        let (pending, state) = pending();
        assert!(state.len() >= 43, "{state}");
        let url = pending.page().as_str();
        for part in [
            "https://account.box.com/api/oauth2/authorize?response_type=code",
            "client_id=app",
            "redirect_uri=http%3A%2F%2F127.0.0.1%3A8459%2Fcallback",
        ] {
            assert!(url.contains(part), "{url}");
        }
    }

    #[test]
    fn only_an_answer_with_our_state_counts_and_it_counts_once() {
        let (mut pending, state) = pending();
        for wrong in [
            "code=x".to_owned(),
            "code=x&state=".to_owned(),
            "code=x&state=guess".to_owned(),
            "error=access_denied&state=guess".to_owned(),
            format!("state={state}"),
            format!("code=&state={state}"),
            String::new(),
        ] {
            assert_eq!(word(pending.receive(&wrong)), "refused", "{wrong}");
        }
        let good = format!("state={state}&code=a%2Bb");
        assert_eq!(word(pending.receive(&good)), "code a+b");
        assert_eq!(word(pending.receive(&good)), "refused");
    }

    #[test]
    fn a_no_is_told_in_boxs_words() {
        let (mut pending, state) = pending();
        let query =
            format!("error=access_denied&error_description=The+user+denied+access&state={state}");
        let expected = "denied access_denied: The user denied access";
        assert_eq!(word(pending.receive(&query)), expected);
    }

    #[test]
    fn a_person_pastes_the_address_or_the_code() {
        let cases = [
            (
                "http://127.0.0.1:8459/callback?code=abc&state=STATE",
                "code abc",
            ),
            (
                "  http://127.0.0.1:8459/callback?state=STATE&code=abc#x \n",
                "code abc",
            ),
            (
                "http://127.0.0.1:8459/callback?code=abc&state=other",
                "refused",
            ),
            ("http://127.0.0.1:8459/callback?code=abc", "refused"),
            ("abc", "code abc"),
            ("http://127.0.0.1:8459/callback", "refused"),
            ("code=abc", "refused"),
            ("a b", "refused"),
            ("", "refused"),
        ];
        for (line, expected) in cases {
            let (mut pending, state) = pending();
            let line = line.replace("STATE", &state);
            assert_eq!(word(pending.paste(&line)), expected, "{line}");
        }
    }
}
