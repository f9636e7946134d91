//! Tokens: who asks, how one gets to ask, and what may be asked.

mod app;
mod assertion;
mod authorize;
mod endpoint;
mod exchange;
mod grants;
mod keys;
mod oauth;
mod page;
mod pairs;
mod reach;
mod redirect;
mod scope;
mod texts;
mod tokens;

pub use app::{AccessLevel, App, Person, RefreshRule};
pub(crate) use app::{Console, Powers};
pub(crate) use authorize::{get_authorize, post_authorize};
pub(crate) use endpoint::{escaped, post_oauth2_revoke, post_oauth2_token};
pub(crate) use grants::grant_name;
pub(crate) use reach::{check, insufficient, targets};
pub(crate) use scope::known as known_scope;
pub(crate) use tokens::{Tokens, Verdict, Visitor};
