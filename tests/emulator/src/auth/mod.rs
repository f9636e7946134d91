//! Tokens: who asks, and how one gets to ask.

mod endpoint;
mod grants;
mod tokens;

pub(crate) use endpoint::{post_oauth2_revoke, post_oauth2_token};
pub(crate) use tokens::{Tokens, Verdict};
