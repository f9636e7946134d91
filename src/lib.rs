//! boxup keeps local folders mirrored to Box, unattended.
//!
//! # The line
//!
//! Everything that happens, happens along one line, whether in a single pass
//! (`sync --once`), in the service (`sync`) or in a test:
//!
//! ```text
//! hint → debounce → scan → plan → guard → execute → settle → store
//! ```
//!
//! | step | where | what goes in, what comes out | pure |
//! | --- | --- | --- | --- |
//! | hint | `local/watch.rs`, `agent/engine/polls.rs` | the system's events, or the time → places that may have changed | |
//! | debounce | `plan/debounce.rs` | hints and the time → places that are quiet | ✔ |
//! | scan | `local/scan.rs`, `local/hash.rs` | a directory → its entries and their stamps; digests of suspects only | |
//! | plan | `plan/directory.rs` | entries, the mapping's rows, Box's listing → actions, edits, reports | ✔ |
//! | | `plan/moves.rs`, asked by `agent/tracker.rs` | an entry's object, and what is where it was → what has moved, in which order | ✔ |
//! | guard | `plan/guard.rs` | facts about a root → go on, or stand still | ✔ |
//! | | `plan/absence.rs`, `plan/brake.rs`, asked by `agent/weigh_job.rs` | what is gone, since when, and how much of it → it goes, or the mirror waits for a person | ✔ |
//! | execute | `agent/file_job`, `agent/folder_job.rs`, `agent/move_job` | an action → requests, driven by `plan/transfer.rs` and, for parts, `plan/chunked.rs` | |
//! | settle | `plan/settle.rs` | an outcome → edits of the mapping, a report, what is next | ✔ |
//! | store | `store/writer.rs` | edits → one transaction | |
//!
//! What people are told when something is wrong, and when, is decided in `plan/herald` and
//! done in `agent/herald`, beside the line: nothing waits for it.
//!
//! What an entry is called on Box is decided in `plan/names.rs` (spelled by `model/name`),
//! and whether a file that is saved all the time gets another version yet in `plan/hot.rs`.
//! A mirror that somebody has paused (`plan/pause.rs`, `agent/engine/pause.rs`) is not looked
//! at; what somebody asks for goes first (`Rank::Asked`, `agent/engine/asked.rs`).
//!
//! Start reading at `agent/engine/mod.rs` (the loop), `plan/directory.rs` (what is to be
//! done about a directory), `plan/transfer.rs` (how one file gets to Box) and
//! `plan/chunked.rs` (how a large one does).
//!
//! # The rooms
//!
//! - `model`: words that all share. Identifiers, names, paths, digests, reasons. Pure.
//! - `plan`: deciding. Values in, values out: no clock, no disk, no socket. What decides
//!   over time (the transfer of a file, the queue, the debouncer, the back-off) is a
//!   state machine that is told what happened, so that every order of events can be
//!   played through in a test.
//! - `local`: the disk. Looks, reads, watches. `rules` says what is left out and by which
//!   rule, `descent` what holds in which directory, `links` where links lead.
//! - `remote`: Box. Every request goes through `remote/client.rs`, when the gate
//!   (`remote/gate.rs`, `remote/pace`) lets it start, and all file content through one tap
//!   (`remote/flow`); every error answer is understood in `remote/error.rs` and nowhere
//!   else, by the one table in `remote/lessons`. Tokens are obtained, kept and renewed in
//!   `remote/auth`; the file that they are kept in is the only thing on the disk that this
//!   room touches.
//! - `store`: the mapping in SQLite. Each row that is read has a seal (`store/seal.rs`), and
//!   a mark beside the database tells it from an old copy (`store/mark.rs`); what does not
//!   fit leads to `store/recovery.rs`, after a second look (`store/second_look.rs`, for a
//!   disk that fails to read damages nothing), and from there to doubt: until everything has been
//!   compared with Box once more, what differs there is parked (`Policy::distrust`).
//!   What was done is written down with the mapping (`store/history.rs`); no decision rests
//!   on it, and damage to it stops nothing.
//!   A service ends when its lock or its database is not what lies there any more
//!   (`store/witness.rs`, looked at by `agent/pulse.rs`).
//! - `config`: the operator's decisions, read from TOML, all mistakes at once.
//! - `agent`: the shell. Starts threads and tasks, and routes; knows what to do when a
//!   root, a folder or Box as a whole is not to be had. `agent/checkup` looks at all that
//!   a mirror needs, `agent/login.rs` takes a person's consent.
//!   A service whose configuration is read again goes on with another engine, in the same
//!   state and under the same lock (`agent/serve.rs`); the loop itself tells systemd how it
//!   stands and that it turns (`agent/engine/standing.rs`, `agent/notify_socket.rs`).
//!   What is not on Box, and since when, is told by `plan/lag.rs`; what a run leaves for
//!   `status` is kept in `store/last.rs`, and decides nothing: it is shown when none runs, and
//!   by the next engine until that has looked itself.
//!   `agent/metrics` counts what is told and asks the desk for the rest, for Prometheus.
//! - `cli`: arguments in, words and exit codes out. The only part that prints. A hang-up ends
//!   everything but the service (`cli/hangup.rs`). The log is in
//!   `cli/logging`: what the agent does becomes records there (`events`), and nobody waits for
//!   whoever takes them (`spool`).
//!   What others have named reaches people by `printable`, `printable_path` and `shell_word`
//!   (`model/path.rs`) only; `service` writes units (`plan`, pure) and puts them in place, or
//!   takes them back (`install`).
//!   Help, manual pages and the README tell exit codes from one table (`cli/exit.rs`,
//!   `cli/manual.rs`); every line of `docs/` is run by `tests/it/documented`.
//!
//! `model ← plan ← {local, store, config} ← agent ← cli`, and `model ← remote ← agent`.
//! `local`, `remote` and `store` do not know each other. A test checks this.
//!
//! # Invariants
//!
//! 1. Only a scan says what is on the disk; events are hints where to look.
//! 2. Only `plan` decides what is to be done about an entry. `--dry-run` is a plan that nobody executes.
//! 3. Nothing is sent before a preflight said yes (for a large file: before its session
//!    was opened), and no version goes out without the etag of a state that was judged:
//!    nobody's work is overwritten unseen.
//! 4. The bytes that are sent are hashed while they are sent, and the last of them are
//!    held back until the whole is what was announced: no torn file is ever stored.
//! 5. Box first, mapping second. Before a mutating request its intent is on disk; an
//!    intent that is left over means asking Box what happened, never sending again blindly.
//! 6. The mapping is a cache of agreement, not a journal: losing it costs requests, never
//!    a file. What is on Box already is adopted by comparing SHA-1.
//! 7. A new refresh token is on disk before the access token that came with it is used,
//!    and one renewal is under way across all processes.
//! 8. Absence on the disk changes nothing on Box, unless the operator wants it to: then two
//!    complete looks a minute apart must agree, the whole of it is weighed before the first
//!    goes, and it goes into the trash in the state that we know, as a deed that can be undone.
//! 9. What cannot be read is not "gone", and what is left out is named with a reason.
//!
//! # Words
//!
//! *Adopt*: record a file that Box has already with our content. *Park*: leave an item
//! alone until it, or something at Box, changes. *Halt*: leave a whole mirror alone.
//! *Settle*: how long a file must have been quiet. *Pass*: one look at a whole mirror.
//! *Inventoried*: a folder whose content on Box has been compared once. *Stamp*: size,
//! times and inode, which tell without reading whether a file has changed. *Twins*: two
//! local names that Box takes for one. *Apart*: under a name on Box that no twin gets.
//!
//! # Time
//!
//! The wall clock is read in `clock.rs` only, and no decision about what to send depends
//! on it being right; what must have lasted is timed by `clock::steady`, which nobody sets.
//! Waiting is done with monotonic time, which stands still while the machine sleeps:
//! `agent/pulse.rs` notices that, and `plan/gaps.rs` decides.

mod agent;
mod cli;
mod clock;
mod config;
mod local;
mod model;
mod plan;
mod remote;
mod store;

pub use cli::collapse::end_on_panic;
pub use cli::{Signals, run};
