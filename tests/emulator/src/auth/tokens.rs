//! The tokens handed out. They are opaque and live in memory only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pairs::{Pair, Refresh};
use crate::world::{ItemId, UserId};

/// What a token may be used for.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) scopes: Vec<&'static str>,
    /// The only item that it reaches, with all below it.
    pub(crate) within: Option<ItemId>,
    /// It was exchanged for another token.
    pub(crate) restricted: bool,
}

/// On whose behalf a call is made, and within what bounds.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) user: UserId,
    pub(crate) bounds: Arc<Bounds>,
}

/// What a token is worth.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Good(Visitor),
    Expired,
    Unknown,
}

pub(super) struct Access {
    visitor: Visitor,
    /// `None` never expires by itself.
    until: Option<Instant>,
    /// Everything of one grant is revoked together.
    grant: u64,
    /// The token that it was exchanged for.
    parent: Option<String>,
    /// The pair that it belongs to.
    pair: Option<u64>,
}

/// All tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    pub(super) pairs: HashMap<u64, Pair>,
    numbers: u64,
}

impl Visitor {
    /// Somebody within the bounds of an app's scopes.
    pub(crate) fn new(user: UserId, scopes: &[&'static str]) -> Visitor {
        Visitor {
            user,
            bounds: Arc::new(Bounds {
                scopes: scopes.to_vec(),
                within: None,
                restricted: false,
            }),
        }
    }
}

impl Tokens {
    /// Registers a token of its own.
    pub(crate) fn add(&mut self, token: String, visitor: Visitor, life: Option<Duration>) {
        let grant = self.number();
        self.insert(token, visitor, life, grant, None);
    }

    /// Registers a token that lives and dies with another one.
    pub(super) fn restrict(
        &mut self,
        token: String,
        parent: &str,
        visitor: Visitor,
        life: Duration,
    ) {
        self.add(token.clone(), visitor, Some(life));
        if let Some(access) = self.access.get_mut(&token) {
            access.parent = Some(parent.to_owned());
        }
    }

    /// Judges an access token.
    pub(crate) fn judge(&self, token: &str) -> Verdict {
        let Some(access) = self.access.get(token) else {
            return Verdict::Unknown;
        };
        let parent = access.parent.as_deref().map(|parent| self.judge(parent));
        match parent {
            Some(bad @ (Verdict::Expired | Verdict::Unknown)) => bad,
            _ if access.until.is_some_and(|until| until <= Instant::now()) => Verdict::Expired,
            _ => Verdict::Good(access.visitor.clone()),
        }
    }

    /// How long a token still lives; `None` is without end.
    pub(super) fn left(&self, token: &str) -> Option<Duration> {
        let until = self.access.get(token)?.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Ends a token, and with it all of its grant; unknown ones are nobody's
    /// business.
    pub(super) fn revoke(&mut self, token: &str) {
        let access = self.access.get(token).map(|access| access.grant);
        let refresh = || self.refresh.get(token).map(|refresh| refresh.grant);
        if let Some(ended) = access.or_else(refresh) {
            self.access.retain(|_, access| access.grant != ended);
            self.refresh.retain(|_, refresh| refresh.grant != ended);
            self.pairs.retain(|_, pair| pair.grant != ended);
        }
    }

    /// Ends the life of all access tokens now.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        for access in self.access.values_mut() {
            access.until = Some(now);
        }
    }

    /// The pair of an access token.
    pub(super) fn pair_of(&self, token: &str) -> Option<u64> {
        self.access.get(token)?.pair
    }

    pub(super) fn insert(
        &mut self,
        token: String,
        visitor: Visitor,
        life: Option<Duration>,
        grant: u64,
        pair: Option<u64>,
    ) {
        let access = Access {
            visitor,
            until: life.map(|life| Instant::now() + life),
            grant,
            parent: None,
            pair,
        };
        self.access.insert(token, access);
    }

    /// A number not given before, for grants and pairs.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
