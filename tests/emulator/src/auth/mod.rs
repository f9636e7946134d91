//! Tokens: who asks, and how one gets to ask.
//!
//! `endpoint` takes the forms, `grants` has one function for each grant, `jwt` judges
//! assertions, `page` is where a person consents; `tokens` and `logins` remember what was
//! handed out, and `scope` says what it is good for.

mod endpoint;
mod grants;
mod jwt;
mod logins;
mod page;
mod scope;
mod tokens;

pub(crate) use endpoint::{post_oauth2_revoke, post_oauth2_token};
pub(crate) use grants::{Codes, login};
pub(crate) use jwt::PublicKeys;
pub(crate) use page::{Questions, get_authorize, post_authorize};
pub(crate) use scope::{insufficient, writes};
pub(crate) use tokens::{Rights, Tokens, Verdict};
