//! End-to-end tests: the real program, a real disk, and an emulated Box over real HTTP.
//!
//! One behaviour a file. Each test builds a [`rig::Rig`] and reads like the sentence
//! that it proves.

mod a_minute;
mod account;
mod adoption;
mod as_user;
mod canaries;
mod changes;
mod conflicts;
mod doctor;
mod doctor_and_sign_in;
mod dry_run;
mod endings;
mod faults;
mod first_mirror;
mod init;
mod interrupted;
mod jwt;
mod kept_tokens;
mod left_out;
mod lessons;
mod login;
mod mistakes;
mod names;
mod no_room;
mod odd_tokens;
mod order;
mod refresh;
mod refusals;
mod renewals;
mod restless;
mod rig;
mod roots;
mod scoped;
mod second_run;
mod secrets;
mod service;
mod shipped;
mod silence;
mod strangers;
mod throttled;
mod tidy;
mod tls;
mod tokens;
mod torn;
mod two_runs;
mod watching;
