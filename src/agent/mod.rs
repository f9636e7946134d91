//! The shell: starts the parts, runs the line (survey, plan, guard, execute, settle,
//! store), and routes what comes back. It decides nothing itself.

pub(crate) mod context;
pub(crate) mod control;
pub(crate) mod engine;
pub(crate) mod eyes;
pub(crate) mod file_job;
pub(crate) mod folder_job;
pub(crate) mod job;
pub(crate) mod notice;
pub(crate) mod preview;
pub(crate) mod root_job;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod survey;
