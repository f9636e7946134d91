//! Deciding: values in, values out.
//!
//! No clock, no disk, no socket, no task. Whatever decides over time is a state
//! machine that is told what happened and what time it is.

pub(crate) mod facts;
pub(crate) mod policy;
