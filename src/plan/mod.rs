//! Deciding: values in, values out.
//!
//! No clock, no disk, no socket, no task. Whatever decides over time is a state
//! machine that is told what happened and what time it is.

pub(crate) mod absence;
pub(crate) mod action;
pub(crate) mod announce;
pub(crate) mod backoff;
pub(crate) mod brake;
pub(crate) mod chunked;
pub(crate) mod clearance;
pub(crate) mod comparison;
pub(crate) mod conflict;
pub(crate) mod debounce;
pub(crate) mod directory;
pub(crate) mod exchange;
pub(crate) mod facts;
pub(crate) mod gaps;
pub(crate) mod guard;
pub(crate) mod herald;
pub(crate) mod hot;
pub(crate) mod lag;
pub(crate) mod moves;
pub(crate) mod names;
pub(crate) mod own_name;
pub(crate) mod owners;
pub(crate) mod parole;
pub(crate) mod pause;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod relisting;
pub(crate) mod restless;
pub(crate) mod settle;
pub(crate) mod sight;
pub(crate) mod standing;
pub(crate) mod tally;
pub(crate) mod transfer;
pub(crate) mod verdict;

#[cfg(test)]
mod tests;
