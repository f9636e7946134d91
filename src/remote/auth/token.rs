//! A token in use: what goes behind `Bearer `, and how long it lives.

use crate::remote::auth::file::Kept;
use crate::remote::auth::grant::Granted;
use crate::remote::auth::life::Life;
use secrecy::{ExposeSecret, SecretString};
use std::time::Instant;

/// A token in use.
#[derive(Clone)]
pub(crate) struct Token {
    /// What goes behind `Bearer `.
    pub(crate) bearer: SecretString,
    /// `None` when nobody told us.
    pub(super) life: Option<Life>,
    /// Whether it was found on disk: whether Box still takes it is not known.
    pub(crate) is_found: bool,
}

impl Token {
    pub(super) fn found(kept: &Kept) -> Self {
        Self {
            bearer: kept.access.clone(),
            life: Some(kept.life()),
            is_found: true,
        }
    }

    pub(super) fn granted(granted: &Granted) -> Self {
        let left = granted.whole.saturating_sub(granted.asked_at.elapsed());
        Self {
            bearer: granted.access.clone(),
            life: Some(Life::new(Instant::now(), left, granted.whole)),
            is_found: false,
        }
    }

    pub(super) fn is(&self, other: &Token) -> bool {
        self.bearer.expose_secret() == other.bearer.expose_secret()
    }

    /// Whether Box takes it still, as far as that is known.
    pub(super) fn is_alive(&self) -> bool {
        self.life
            .is_none_or(|life| Instant::now() < life.expires_at)
    }

    /// Seconds that are left of it, where that is known.
    pub(crate) fn expires_in(&self) -> Option<u64> {
        let left = self.life?.expires_at;
        Some(left.saturating_duration_since(Instant::now()).as_secs())
    }
}
