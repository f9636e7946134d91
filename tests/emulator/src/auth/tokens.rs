//! The tokens handed out. They are opaque and live in memory only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::world::UserId;

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It acts as this account.
    Good(UserId),
    Expired,
    Unknown,
}

struct Grant {
    user: UserId,
    /// `None` never expires by itself.
    until: Option<Instant>,
}

/// All tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Grant>,
}

impl Tokens {
    /// Registers a token.
    pub(crate) fn add(&mut self, token: String, user: UserId, life: Option<Duration>) {
        let until = life.map(|life| Instant::now() + life);
        self.access.insert(token, Grant { user, until });
    }

    /// Judges a token.
    pub(crate) fn judge(&self, token: &str) -> Verdict {
        match self.access.get(token) {
            None => Verdict::Unknown,
            Some(grant) if grant.until.is_some_and(|until| until <= Instant::now()) => {
                Verdict::Expired
            }
            Some(grant) => Verdict::Good(grant.user),
        }
    }

    /// Ends a token; unknown ones are nobody's business.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.access.remove(token);
    }

    /// Ends the life of all tokens now.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        for grant in self.access.values_mut() {
            grant.until = Some(now);
        }
    }
}
