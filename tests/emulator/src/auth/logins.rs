//! Logins: what a person's consent left behind. Each renewal makes a new pair of
//! tokens in the same login.
//!
//! Box documents that a refresh token is good for one use. An older post of Box's says
//! that the old pair lives until the new access token is first used. Both are offered.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::settings::RefreshRule;
use crate::world::UserId;

/// Number of a pair.
pub(crate) type PairId = usize;

/// Why a refresh token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dead {
    Unknown,
    TooOld,
}

struct Pair {
    login: usize,
    user: UserId,
    refresh_until: Instant,
    /// Whether its refresh token is still taken.
    renews: bool,
    /// Whether its access token is still taken.
    lets_in: bool,
}

/// All logins.
#[derive(Default)]
pub(crate) struct Logins {
    pairs: Vec<Pair>,
    refresh: HashMap<String, PairId>,
    logins: usize,
}

impl Logins {
    /// A new login's first pair.
    pub(crate) fn begin(&mut self, user: UserId, refresh: String, life: Duration) -> PairId {
        self.logins += 1;
        self.push(self.logins, user, refresh, life)
    }

    /// Spends a refresh token; gives the account and the pair that it belonged to.
    pub(crate) fn spend(&mut self, refresh: &str) -> Result<(UserId, PairId), Dead> {
        let id = *self.refresh.get(refresh).ok_or(Dead::Unknown)?;
        let pair = self.pairs.get(id).ok_or(Dead::Unknown)?;
        if !pair.renews {
            return Err(Dead::Unknown);
        }
        if pair.refresh_until <= Instant::now() {
            return Err(Dead::TooOld);
        }
        Ok((pair.user, id))
    }

    /// The pair that follows `old`.
    pub(crate) fn follow(
        &mut self,
        old: PairId,
        refresh: String,
        life: Duration,
        rule: RefreshRule,
        old_access_survives: bool,
    ) -> PairId {
        let (login, user) = (self.pairs[old].login, self.pairs[old].user);
        if rule == RefreshRule::RetireAtOnce {
            self.pairs[old].renews = false;
            self.pairs[old].lets_in &= old_access_survives;
        }
        self.push(login, user, refresh, life)
    }

    /// The access token of this pair was used: no other pair of the login counts any
    /// more, except that a newer one which was never used may still come into use.
    pub(crate) fn used(&mut self, used: PairId) {
        let login = self.pairs[used].login;
        let others = self.pairs.iter_mut().take(used);
        // What was retired at once has had its say already.
        for pair in others.filter(|pair| pair.login == login && pair.renews) {
            pair.renews = false;
            pair.lets_in = false;
        }
    }

    /// Whether the access token of this pair is taken.
    pub(crate) fn lets_in(&self, pair: PairId) -> bool {
        self.pairs[pair].lets_in
    }

    /// The pair of a refresh token.
    pub(crate) fn pair_of(&self, refresh: &str) -> Option<PairId> {
        self.refresh.get(refresh).copied()
    }

    /// Whether a refresh token would be taken.
    pub(crate) fn works(&self, refresh: &str) -> bool {
        let pair = self.pair_of(refresh).and_then(|id| self.pairs.get(id));
        pair.is_some_and(|pair| pair.renews && pair.refresh_until > Instant::now())
    }

    /// Ends a login.
    pub(crate) fn end(&mut self, pair: PairId) {
        let login = self.pairs[pair].login;
        for pair in self.pairs.iter_mut().filter(|pair| pair.login == login) {
            pair.renews = false;
            pair.lets_in = false;
        }
    }

    /// Makes all refresh tokens too old.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        for pair in &mut self.pairs {
            pair.refresh_until = now;
        }
    }

    fn push(&mut self, login: usize, user: UserId, refresh: String, life: Duration) -> PairId {
        let id = self.pairs.len();
        self.pairs.push(Pair {
            login,
            user,
            refresh_until: Instant::now() + life,
            renews: true,
            lets_in: true,
        });
        self.refresh.insert(refresh, id);
        id
    }
}
