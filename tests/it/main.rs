//! End-to-end tests: the real program, a real disk, and an emulated Box over real HTTP.
//!
//! One behaviour a file. Each test builds a [`rig::Rig`] and reads like the sentence
//! that it proves.

mod a_minute;
mod adoption;
mod changes;
mod conflicts;
mod doctor;
mod dry_run;
mod endings;
mod faults;
mod first_mirror;
mod interrupted;
mod left_out;
mod mistakes;
mod names;
mod refusals;
mod rig;
mod roots;
mod second_run;
mod secrets;
mod service;
mod shipped;
mod silence;
mod strangers;
mod throttled;
mod tidy;
mod tokens;
mod torn;
mod two_runs;
mod watching;
