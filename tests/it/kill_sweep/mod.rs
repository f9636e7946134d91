//! Killed at every call by which it changes something, the program gets there anyway.
//!
//! A scenario is first run once under strace, which tells the places to be killed at:
//! the system calls that change a file or talk to Box, numbered by kind of call and, for
//! the files in the state directory, by file. Then it is run again and again, each time
//! on a fresh rig, killed on entering one of these calls, and left to one undisturbed
//! pass. The state after a call is the state before the next one, so being killed before
//! every call is being killed after every call as well; `recvfrom` and `close` are among
//! them because the calls before these have just come back from Box.
//!
//! `cargo test` takes a sample. Everything takes some minutes:
//!
//! ```text
//! BOXUP_SWEEP=all cargo test --test it kill_sweep -- --nocapture
//! BOXUP_SWEEP=tree cargo test --test it kill_sweep -- --nocapture
//! BOXUP_SWEEP=tree:2/4 cargo test --test it kill_sweep -- --nocapture
//! ```
//!
//! The second does one scenario, the third the second quarter of it. `BOXUP_SWEEP_SEED`
//! chooses another sample.

mod deletes;
mod extent;
mod in_parts;
mod places;
mod scenario;
mod strace;
mod sweep;
mod verdict;

use scenario::Scenario;

/// Places in the sample of one scenario.
const SAMPLE: usize = 60;

#[test]
fn a_start_killed_anywhere_is_made_good() {
    sweep::run(Scenario::Start, SAMPLE);
}

#[test]
fn a_first_upload_killed_anywhere_is_made_good() {
    sweep::run(Scenario::First, SAMPLE);
}

#[test]
fn a_new_version_killed_anywhere_is_made_good() {
    sweep::run(Scenario::Version, SAMPLE);
}

#[test]
fn a_large_file_killed_anywhere_is_made_good() {
    sweep::run(Scenario::Chunked, SAMPLE);
}

#[test]
fn a_large_version_killed_anywhere_is_made_good() {
    sweep::run(Scenario::ChunkedVersion, SAMPLE / 2);
}

#[test]
fn a_tree_killed_anywhere_is_made_good() {
    sweep::run(Scenario::Tree, SAMPLE);
}

#[test]
fn moves_killed_anywhere_are_made_good() {
    sweep::run(Scenario::Moves, SAMPLE / 2);
}

#[test]
fn deletes_killed_anywhere_are_made_good_and_can_be_undone() {
    sweep::run(Scenario::Deletes, SAMPLE / 2);
}

/// Also a run that makes good what a kill has left may be killed, again and again.
#[test]
fn killed_while_making_good_it_still_gets_there() {
    sweep::nested(20, 5);
}

/// The killed run's own writes are taken for what they are when the files have changed
/// since.
#[test]
fn files_edited_after_the_kill_go_on_top_of_what_the_killed_run_wrote() {
    sweep::edited(40);
}
