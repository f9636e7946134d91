//! Box: every request to it goes through [`client::BoxClient`], which adds the token, keeps
//! the pace, replays once after a renewal, and turns answers into our own words.
//!
//! Knows nothing of plans or of the disk, but for the file that tokens are kept in: it
//! speaks Box, it does not know why.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod browse;
pub(crate) mod changes;
pub(crate) mod client;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod flow;
pub(crate) mod folders;
pub(crate) mod gate;
pub(crate) mod glance;
pub(crate) mod hosts;
pub(crate) mod lessons;
pub(crate) mod locks;
pub(crate) mod pace;
pub(crate) mod parcel;
pub(crate) mod probe;
pub(crate) mod retry_after;
pub(crate) mod sessions;
pub(crate) mod traffic;
pub(crate) mod trail;
pub(crate) mod transport;
pub(crate) mod wire;
