//! The places to be killed at, as a run under strace told them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// Calls that change a file, talk to Box, or come right after such a call. Where a
/// machine has only the newer ones of two, strace knows no others.
pub(super) const CALLS: [&str; 24] = [
    "write",
    "writev",
    "pwrite64",
    "sendto",
    "sendmsg",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "openat",
    "mkdir",
    "mkdirat",
    "flock",
    "fchown",
    "fchmod",
    "connect",
    "shutdown",
    "recvfrom",
    "close",
    "exit_group",
];

/// One call: the n-th of its kind, on that file of the state directory if it is on one.
/// Each thread counts for itself, and the first that gets there is it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) call: String,
    pub(super) file: Option<String>,
    pub(super) number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or("-");
        write!(f, "{}, {file}, {}", self.call, self.number)
    }
}

/// What there is to be killed at.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Places {
    /// All of them, in order.
    pub(super) all: BTreeSet<Place>,
    /// Calls that cannot be told from one of these, because another thread's call has
    /// the same number.
    pub(super) hidden: usize,
}

impl Places {
    /// Reads what `strace -f -y` wrote.
    pub(super) fn read(trace: &str, state: &Path) -> Places {
        let mut places = Places::default();
        let mut counts: BTreeMap<(&str, &str, Option<String>), usize> = BTreeMap::new();
        for line in trace.lines() {
            let Some((thread, call, arguments)) = parse(line) else {
                continue;
            };
            let file = file_of(arguments, state);
            let number = counts.entry((thread, call, file.clone())).or_default();
            *number += 1;
            let is_counted_only = changes_nothing(call, arguments, file.is_some());
            let place = Place {
                call: call.to_owned(),
                file,
                number: *number,
            };
            if !is_counted_only && !places.all.insert(place) {
                places.hidden += 1;
            }
        }
        places
    }

    /// All of them in an order in which every kind of call comes up early: the first of
    /// each kind, then the second of each, with each kind shuffled.
    pub(super) fn sample(&self, seed: u64) -> Vec<Place> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut kinds: BTreeMap<(&str, Option<&str>), Vec<&Place>> = BTreeMap::new();
        for place in &self.all {
            let kind = (place.call.as_str(), place.file.as_deref());
            kinds.entry(kind).or_default().push(place);
        }
        for kind in kinds.values_mut() {
            random.shuffle(kind);
        }
        let longest = kinds.values().map(Vec::len).max().unwrap_or_default();
        (0..longest)
            .flat_map(|round| kinds.values().filter_map(move |kind| kind.get(round)))
            .map(|place| (*place).clone())
            .collect()
    }
}

/// The thread, the call and its arguments; nothing for the second half of a call.
fn parse(line: &str) -> Option<(&str, &str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (call, arguments) = rest.trim_start().split_once('(')?;
    CALLS.contains(&call).then_some((thread, call, arguments))
}

/// Calls that look like changes and are none: opening to read, waking another thread,
/// closing what is neither in the state directory nor a connection.
fn changes_nothing(call: &str, arguments: &str, is_ours: bool) -> bool {
    let descriptor = arguments.split(['>', ',', ')']).next().unwrap_or_default();
    match call {
        "openat" => !arguments.contains("O_CREAT"),
        "write" => descriptor.contains("anon_inode:"),
        "close" => !is_ours && !descriptor.contains("<socket:") && !descriptor.contains("<TCP"),
        _ => false,
    }
}

/// The file in the state directory that the call is about: the first path below it.
fn file_of(arguments: &str, state: &Path) -> Option<String> {
    let below = format!("{}/", state.display());
    let (_, rest) = arguments.split_once(&below)?;
    let name = rest.split(['"', '>', ' ']).next()?;
    Some(name.to_owned())
}

#[test]
fn places_are_counted_by_thread_call_and_file() {
    let trace = "\
        7 openat(AT_FDCWD</t>, \"/t/state/boxup.db\", O_RDONLY) = 3</t/state/boxup.db>\n\
        7 openat(AT_FDCWD</t>, \"/t/state/boxup.db\", O_RDWR|O_CREAT, 0600 <unfinished ...>\n\
        8 pwrite64(4</t/state/boxup.db-wal>, \"x\"..., 32, 0) = 32\n\
        7 <... openat resumed>) = 3</t/state/boxup.db>\n\
        8 pwrite64(4</t/state/boxup.db-wal>, \"y\"..., 32, 32) = 32\n\
        7 pwrite64(4</t/state/boxup.db-wal>, \"z\"..., 32, 32) = 32\n\
        7 write(4<anon_inode:[eventfd]>, \"\\1\"..., 8) = 8\n\
        7 write(2</dev/null>, \"a\"..., 1) = 1\n\
        7 close(9</proc/meminfo>) = 0\n\
        7 close(9<socket:[12]>) = 0\n\
        8 +++ exited with 0 +++\n";
    let places = Places::read(trace, Path::new("/t/state"));
    let told: Vec<String> = places.all.iter().map(Place::to_string).collect();
    assert_eq!(
        told,
        [
            "close, -, 2",
            "openat, boxup.db, 2",
            "pwrite64, boxup.db-wal, 1",
            "pwrite64, boxup.db-wal, 2",
            "write, -, 2",
        ]
    );
    assert_eq!(places.hidden, 1);
    let sample = places.sample(1);
    let calls: Vec<_> = sample.iter().map(|place| place.call.as_str()).collect();
    assert_eq!(calls, ["close", "openat", "pwrite64", "write", "pwrite64"]);
}
