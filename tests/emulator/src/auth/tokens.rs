//! The tokens handed out. They are opaque and live in memory only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::logins::{Logins, PairId};
use super::scope::Restriction;
use crate::world::UserId;

/// What a token is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It acts as this account.
    Good(UserId, Rights),
    Expired,
    Unknown,
}

/// What a token's app, and the token itself, allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The app's scopes when the token was issued.
    pub(crate) scopes: Vec<String>,
    /// What a down-scoped token is limited to.
    pub(crate) restriction: Option<Restriction>,
}

/// An access token.
#[derive(Clone, Debug)]
struct Access {
    user: UserId,
    /// `None` never expires by itself.
    until: Option<Instant>,
    rights: Rights,
    /// The login that it belongs to.
    pair: Option<PairId>,
    /// The token that it was exchanged for: it dies with it.
    parent: Option<String>,
}

/// All tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Access>,
    pub(crate) logins: Logins,
}

impl Tokens {
    /// Registers a token.
    pub(crate) fn add(
        &mut self,
        token: String,
        user: UserId,
        life: Option<Duration>,
        scopes: Vec<String>,
    ) {
        let rights = Rights {
            scopes,
            restriction: None,
        };
        let access = Access {
            user,
            until: life.map(|life| Instant::now() + life),
            rights,
            pair: None,
            parent: None,
        };
        self.access.insert(token, access);
    }

    /// Says that a token belongs to a login's pair.
    pub(crate) fn bind(&mut self, token: &str, pair: PairId) {
        if let Some(access) = self.access.get_mut(token) {
            access.pair = Some(pair);
        }
    }

    /// Registers a token that may do less than the one it was exchanged for.
    pub(crate) fn derive(&mut self, parent: &str, token: String, restriction: Restriction) {
        let Some(mut access) = self.access.get(parent).cloned() else {
            return;
        };
        access.rights.restriction = Some(restriction);
        access.parent = Some(parent.to_owned());
        self.access.insert(token, access);
    }

    /// Judges a token without using it.
    pub(crate) fn look(&self, token: &str) -> Verdict {
        let Some(access) = self.access.get(token) else {
            return Verdict::Unknown;
        };
        if access.until.is_some_and(|until| until <= Instant::now()) {
            return Verdict::Expired;
        }
        if access.pair.is_some_and(|pair| !self.logins.lets_in(pair)) {
            return Verdict::Unknown;
        }
        match &access.parent {
            Some(parent) if !matches!(self.look(parent), Verdict::Good(..)) => Verdict::Expired,
            _ => Verdict::Good(access.user, access.rights.clone()),
        }
    }

    /// Judges a token that a call was made with: the first use of a login's new pair is
    /// what may end the old one.
    pub(crate) fn judge(&mut self, token: &str) -> Verdict {
        let verdict = self.look(token);
        if matches!(verdict, Verdict::Good(..))
            && let Some(pair) = self.access.get(token).and_then(|access| access.pair)
        {
            self.logins.used(pair);
        }
        verdict
    }

    /// How long a token lives on.
    pub(crate) fn left(&self, token: &str) -> Option<Duration> {
        let until = self.access.get(token)?.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Ends a token, and with it the login that it belongs to; unknown ones are nobody's
    /// business.
    pub(crate) fn revoke(&mut self, token: &str) {
        let pair = match self.access.remove(token) {
            Some(access) => access.pair,
            None => self.logins.pair_of(token),
        };
        if let Some(pair) = pair {
            self.logins.end(pair);
        }
    }

    /// Ends the life of all tokens now.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        for access in self.access.values_mut() {
            access.until = Some(now);
        }
    }
}
