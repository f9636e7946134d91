//! The disk: what is there, what its bytes are, and when to look again.
//!
//! Only [`scan`] says what is on disk; what [`watch`] reports is a hint where to look.
//! Nothing here decides what that means, and nothing here talks to Box.

pub(crate) mod descent;
pub(crate) mod error;
pub(crate) mod examine;
pub(crate) mod ground;
pub(crate) mod hash;
mod links;
pub(crate) mod mounts;
pub(crate) mod owner;
pub(crate) mod root;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod send;
pub(crate) mod watch;
mod watch_events;
mod watch_inbox;
pub(crate) mod watch_limit;
mod watch_tree;

#[cfg(test)]
mod test_rig;
#[cfg(test)]
mod watch_test;
