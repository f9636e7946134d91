//! Pairs of an access and a refresh token, and how one follows another.

use std::time::{Duration, Instant};

use super::app::RefreshRule;
use super::tokens::{Tokens, Visitor};
use crate::world::UserId;

/// What a person agreed to on the authorize page.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) user: UserId,
    /// The scopes asked for there, when fewer than the app's.
    pub(crate) scopes: Option<Vec<&'static str>>,
}

/// A refresh token.
pub(super) struct Refresh {
    pub(super) grant: u64,
    consent: Consent,
    pair: u64,
    until: Instant,
}

/// Two tokens issued together.
pub(super) struct Pair {
    pub(super) grant: u64,
    access: String,
    refresh: String,
    /// The pair that dies when this one is first used.
    replaces: Option<u64>,
}

/// A pair to be registered.
pub(super) struct Fresh {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) visitor: Visitor,
    pub(super) consent: Consent,
    pub(super) access_life: Duration,
    pub(super) refresh_life: Duration,
}

/// What a refresh token is worth.
pub(super) enum RefreshVerdict {
    Good(Consent),
    Expired,
    Unknown,
}

impl Tokens {
    /// Registers the first pair of a grant.
    pub(super) fn open(&mut self, fresh: Fresh) {
        let grant = self.number();
        self.enter(fresh, grant, None);
    }

    /// Registers the pair that follows the one of this refresh token.
    pub(super) fn follow(
        &mut self,
        old: &str,
        fresh: Fresh,
        rule: RefreshRule,
        old_access_survives: bool,
    ) {
        let Some((grant, pair)) = self.refresh.get(old).map(|old| (old.grant, old.pair)) else {
            return;
        };
        match rule {
            RefreshRule::RetireOnUse => self.enter(fresh, grant, Some(pair)),
            RefreshRule::RetireAtOnce => {
                self.retire(pair, old_access_survives);
                self.enter(fresh, grant, None);
            }
        }
    }

    /// Judges a refresh token without spending it.
    pub(super) fn judge_refresh(&self, token: &str) -> RefreshVerdict {
        match self.refresh.get(token) {
            None => RefreshVerdict::Unknown,
            Some(refresh) if refresh.until <= Instant::now() => RefreshVerdict::Expired,
            Some(refresh) => RefreshVerdict::Good(refresh.consent.clone()),
        }
    }

    /// Whether a refresh token would work.
    pub(crate) fn refresh_works(&self, token: &str) -> bool {
        matches!(self.judge_refresh(token), RefreshVerdict::Good(_))
    }

    /// Ends the life of all refresh tokens now.
    pub(crate) fn expire_refresh_tokens(&mut self) {
        let now = Instant::now();
        for refresh in self.refresh.values_mut() {
            refresh.until = now;
        }
    }

    /// An access token is used: the first time, it ends all of its grant but
    /// itself and what came of it.
    pub(crate) fn used(&mut self, token: &str) {
        let Some(id) = self.pair_of(token) else {
            return;
        };
        let Some(pair) = self.pairs.get_mut(&id) else {
            return;
        };
        if pair.replaces.take().is_none() {
            return;
        }
        let grant = pair.grant;
        let others = self.pairs.iter().filter(|(_, other)| other.grant == grant);
        let doomed: Vec<u64> = others
            .map(|(other, _)| *other)
            .filter(|other| !self.comes_of(*other, id))
            .collect();
        for pair in doomed {
            self.retire(pair, false);
        }
    }

    fn comes_of(&self, pair: u64, ancestor: u64) -> bool {
        let mut at = Some(pair);
        while let Some(pair) = at {
            if pair == ancestor {
                return true;
            }
            at = self.pairs.get(&pair).and_then(|pair| pair.replaces);
        }
        false
    }

    fn enter(&mut self, fresh: Fresh, grant: u64, replaces: Option<u64>) {
        let id = self.number();
        let pair = Pair {
            grant,
            access: fresh.access.clone(),
            refresh: fresh.refresh.clone(),
            replaces,
        };
        self.pairs.insert(id, pair);
        let life = Some(fresh.access_life);
        self.insert(fresh.access, fresh.visitor, life, grant, Some(id));
        let refresh = Refresh {
            grant,
            consent: fresh.consent,
            pair: id,
            until: Instant::now() + fresh.refresh_life,
        };
        self.refresh.insert(fresh.refresh, refresh);
    }

    fn retire(&mut self, pair: u64, access_survives: bool) {
        let Some(pair) = self.pairs.remove(&pair) else {
            return;
        };
        self.refresh.remove(&pair.refresh);
        if !access_survives {
            self.access.remove(&pair.access);
        }
    }
}
