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
mod chunked;
mod conflicts;
mod decisions;
mod doctor;
mod doctor_and_sign_in;
mod dry_run;
mod edit_race;
mod endings;
mod faults;
mod first_mirror;
mod init;
mod interrupted;
mod jwt;
mod keep_both;
mod kept_tokens;
mod kill_sweep;
mod left_out;
mod lessons;
mod listing;
mod login;
mod mistakes;
mod names;
mod odd_tokens;
mod order;
mod refresh;
mod refusals;
mod refused_decisions;
mod renewals;
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
