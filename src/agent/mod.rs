//! The shell: starts the parts, runs the line (survey, plan, guard, execute, settle,
//! store), and routes what comes back. What is to be done about an entry is decided in
//! `plan`; here only what a folder, a root or a whole run does when Box or the disk is in
//! the way.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod approve;
pub(crate) mod checkup;
pub(crate) mod conflicts;
pub(crate) mod context;
pub(crate) mod control;
pub(crate) mod desk;
mod door;
pub(crate) mod engine;
pub(crate) mod explain;
pub(crate) mod eyes;
pub(crate) mod file_job;
pub(crate) mod folder_job;
pub(crate) mod herald;
pub(crate) mod job;
pub(crate) mod login;
pub(crate) mod meter;
pub(crate) mod metrics;
pub(crate) mod mirrors;
pub(crate) mod missing;
pub(crate) mod move_job;
pub(crate) mod notice;
pub(crate) mod notify_socket;
pub(crate) mod once;
pub(crate) mod pause;
pub(crate) mod preview;
pub(crate) mod pulse;
pub(crate) mod repair;
pub(crate) mod resolve;
pub(crate) mod retry;
pub(crate) mod root_job;
pub(crate) mod run;
pub(crate) mod run_name;
pub(crate) mod schedule;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod snapshot;
pub(crate) mod survey;
pub(crate) mod tracker;
pub(crate) mod trash;
pub(crate) mod trash_job;
pub(crate) mod twin;
pub(crate) mod undo;
pub(crate) mod verifier;
pub(crate) mod verify;
pub(crate) mod warnings;
pub(crate) mod weigh_job;
