//! The emulator on the wire: what it answers, byte for byte where Box's
//! documents give an example. Uses no HTTP library, so that nothing is tidied
//! up on the way.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but sees no test in their helpers"
)]

mod access;
mod app;
mod as_user;
mod auth;
mod authorize;
mod chunked;
mod client;
mod copies;
mod distortions;
mod downscope;
mod etags;
mod faults;
mod files;
mod folders;
mod handle;
mod jwt;
mod keys;
mod limits;
mod listing;
mod multipart;
mod preflight;
mod refresh;
mod sessions;
mod sessions_commit;
mod sessions_conflict;
mod sessions_create;
mod sessions_faults;
mod sessions_list;
mod sessions_meanwhile;
mod sessions_parts;
mod sessions_rules;
mod sharing;
mod strict;
mod token_faults;
mod trash;
mod trash_items;
mod upload;
mod versions;
