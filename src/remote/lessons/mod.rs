//! What each of Box's errors means, and what to do about it: one table.
//!
//! A row says where an error comes from and how it is recognised, what it is to those
//! who decide ([`Kind`]) and what it is to a person ([`Lesson`]). The first row that
//! fits counts, so texts stand before codes, and codes before statuses. The table is
//! cut into files by subject, in the order in which they are asked:
//!
//! - `app`: the token endpoint, about the app and its secret;
//! - `grant`: the token endpoint, about what was presented for a token;
//! - `account`: either, about the account or the enterprise;
//! - `login`: the browser's way back from Box's consent page;
//! - `item` and `request`: the API;
//! - `finding`: what no answer says but we find out ourselves;
//! - `status`: what is left when neither text nor code is known.

/// Where an admin finds the apps that sign in by themselves.
macro_rules! apps {
    () => {
        "Admin Console → Integrations (Apps in older consoles) → Platform Apps Manager → Server \
         Authentication Apps"
    };
}

/// Where an app's own settings are.
macro_rules! configuration {
    () => {
        "Developer Console → your app → Configuration"
    };
}

/// How a change of an app comes into force: an authorisation is a snapshot.
macro_rules! reauthorize {
    () => {
        concat!(
            "an admin then chooses ",
            apps!(),
            " → the app's … menu → Reauthorize App"
        )
    };
}

mod account;
mod app;
mod finding;
mod grant;
mod item;
mod login;
pub(crate) mod network;
mod request;
mod status;
#[cfg(test)]
mod tests;
pub(crate) mod words;

pub(crate) use crate::remote::error::token_refusal;

use crate::model::trouble::Lesson;

/// How boxup signs in: the same refusal asks for another step under each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// An app's ID and secret.
    ClientCredentials,
    /// An app's key pair.
    Jwt,
    /// A person's consent.
    OAuth2,
    /// A token from the Developer Console.
    DeveloperToken,
}

/// Where an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The token endpoint.
    Token,
    /// The API and its upload hosts.
    Api,
    /// Either of them.
    Both,
    /// A web page where the token endpoint should have been.
    Page,
    /// The browser, coming back from Box's consent page.
    Login,
    /// Ourselves.
    Finding,
}

/// What an error is to those who decide what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NoAnswer,
    Later,
    Busy,
    Throttled,
    NameTaken,
    Stale,
    Gone,
    Damaged,
    Refused,
    /// The upload session is over.
    Over,
    /// The part is there.
    Overlap,
    /// The last parts are not worked through.
    NotYet,
    /// Too small for parts.
    TooSmall,
    /// There is an upload session for it.
    Open,
    Locked,
    Full,
    Unauthorized,
}

/// One row. What is left open fits everything.
#[derive(Debug)]
pub(super) struct Row {
    place: Place,
    /// From, to.
    status: (u16, u16),
    /// In lower case; one of them must be the code.
    codes: &'static [&'static str],
    /// In lower case; one of them must be in the text.
    texts: &'static [&'static str],
    method: Option<SignIn>,
    /// What it is to those who decide.
    pub(super) kind: Kind,
    /// What it is to a person.
    pub(super) lesson: Lesson,
}

/// What is known of an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met<'a> {
    pub(super) place: Place,
    /// 0 where there is none.
    pub(super) status: u16,
    /// In lower case.
    pub(super) code: &'a str,
    /// In any case.
    pub(super) text: &'a str,
    /// Where it is known.
    pub(super) method: Option<SignIn>,
}

const ANY_STATUS: (u16, u16) = (0, 999);

/// What a row of the token endpoint says unless it says otherwise: a person must act,
/// and asking again would only look like an attack.
const TOKEN: Row = Row {
    place: Place::Token,
    status: ANY_STATUS,
    codes: &[],
    texts: &[],
    method: None,
    kind: Kind::Unauthorized,
    lesson: Lesson {
        happened: "",
        causes: &[],
        next: "",
    },
};

/// The same of the API: the one item is refused.
const API: Row = Row {
    place: Place::Api,
    kind: Kind::Refused,
    ..TOKEN
};

static TABLE: [&[Row]; 8] = [
    app::ROWS,
    grant::ROWS,
    account::ROWS,
    login::ROWS,
    item::ROWS,
    request::ROWS,
    finding::ROWS,
    status::ROWS,
];

impl Row {
    fn fits(&self, met: &Met<'_>, text: &str) -> bool {
        let (from, to) = self.status;
        let is_place = self.place == met.place
            || (self.place == Place::Both && matches!(met.place, Place::Token | Place::Api));
        is_place
            && (from..=to).contains(&met.status)
            && (self.codes.is_empty() || self.codes.contains(&met.code))
            && (self.texts.is_empty() || self.texts.iter().any(|part| text.contains(part)))
            && (self.method.is_none() || self.method == met.method)
    }
}

/// The row for an error. There always is one.
pub(super) fn find(met: &Met<'_>) -> &'static Row {
    let text = met.text.to_lowercase();
    let mut rows = TABLE.iter().copied().flatten();
    rows.find(|row| row.fits(met, &text))
        .unwrap_or(&status::UNKNOWN)
}

/// Box's code as the table spells it, if a row knows it.
pub(crate) fn known(code: &str) -> Option<&'static str> {
    let codes = TABLE.iter().copied().flatten().flat_map(|row| row.codes);
    codes.copied().find(|known| *known == code)
}

/// What to learn from something that no answer says but we found out: a mirror's reason
/// to stand still, or the status that `users/me` gives an account.
pub(crate) fn finding(what: &str) -> Option<&'static Lesson> {
    let found = find(&Met {
        place: Place::Finding,
        status: 0,
        code: what,
        text: "",
        method: None,
    });
    (!found.codes.is_empty()).then_some(&found.lesson)
}
