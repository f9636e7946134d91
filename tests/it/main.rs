//! End-to-end tests: the real program, a real disk, and an emulated Box over real HTTP.
//!
//! One behaviour a file. Each test builds a [`rig::Rig`] and reads like the sentence
//! that it proves.

mod adoption;
mod changes;
mod conflicts;
mod first_mirror;
mod left_out;
mod names;
mod rig;
mod second_run;
mod strangers;
mod tokens;
