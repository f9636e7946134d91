//! A file system of which no event tells: one file, whose content changes behind the
//! system's back, as it does on a server. The little of the FUSE protocol that it takes to
//! list, look and read.

use super::not_run;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The file's name.
pub(crate) const NAME: &str = "remote.txt";

const TOP: u64 = 1;
const FILE: u64 = 2;
const NO_ENTRY: i32 = -2;
const NOT_KNOWN: i32 = -38;
/// More than the largest request.
const BUFFER: usize = 1 << 20;

/// The file system, mounted until its mount namespace ends.
pub(crate) struct Fuse(Arc<Mutex<State>>, Arc<AtomicUsize>);

struct State {
    content: Vec<u8>,
    /// Counts the changes, as seconds after some time that is long gone.
    mtime: u64,
}

impl Fuse {
    /// Mounts it. `None` where that cannot be had.
    pub(crate) fn mount(at: &Path, content: &str) -> Option<Fuse> {
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse");
        let mount = |device: &File| {
            let input = Stdio::from(device.try_clone().ok()?);
            let options = "fd=0,rootmode=40000,user_id=0,group_id=0";
            let done = Command::new("mount")
                .args(["-i", "-t", "fuse", "-o", options, "none"])
                .arg(at)
                .stdin(input)
                .status();
            Some(done.is_ok_and(|status| status.success()))
        };
        let device = device.ok();
        let Some(device) = device.filter(|device| mount(device) == Some(true)) else {
            not_run("there is no FUSE, or no right to mount it");
            return None;
        };
        let state = Arc::new(Mutex::new(State {
            content: content.into(),
            mtime: 1_700_000_000,
        }));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&state), Arc::clone(&asked));
        std::thread::spawn(move || serve(device, &shared, &count));
        Some(Fuse(state, asked))
    }

    /// Answers nothing until this is dropped.
    pub(crate) fn hang(&self) -> impl Drop {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests have come in.
    pub(crate) fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }

    /// From now on the file has this content.
    pub(crate) fn change(&self, content: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.content = content.into();
        state.mtime += 1;
    }
}

/// Answers until it is unmounted.
fn serve(mut device: File, state: &Mutex<State>, asked: &AtomicUsize) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length) = device.read(&mut buffer) {
        let request = Request(&buffer[..length]);
        asked.fetch_add(1, Ordering::SeqCst);
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = request.answer(&state) else {
            continue;
        };
        let (error, body) = match answer {
            Ok(body) => (0, body),
            Err(error) => (error, Vec::new()),
        };
        let mut reply = Vec::new();
        reply.extend((16 + body.len() as u32).to_ne_bytes());
        reply.extend(i32::to_ne_bytes(error));
        reply.extend(request.long(8).to_ne_bytes());
        reply.extend(body);
        // Whoever asked may have been interrupted.
        let _ = device.write_all(&reply);
    }
}

/// A request: 40 bytes of head, the rest by kind.
struct Request<'a>(&'a [u8]);

impl Request<'_> {
    fn int(&self, at: usize) -> u32 {
        let bytes = self
            .0
            .get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok());
        u32::from_ne_bytes(bytes.unwrap_or_default())
    }

    fn long(&self, at: usize) -> u64 {
        let bytes = self
            .0
            .get(at..at + 8)
            .and_then(|bytes| bytes.try_into().ok());
        u64::from_ne_bytes(bytes.unwrap_or_default())
    }

    /// `None` for what is not answered.
    fn answer(&self, state: &State) -> Option<Result<Vec<u8>, i32>> {
        let node = self.long(16);
        let (offset, size) = (self.long(48) as usize, self.int(56) as usize);
        Some(match self.int(4) {
            // LOOKUP
            1 if self
                .0
                .get(40..)
                .is_some_and(|name| name.starts_with(NAME.as_bytes())) =>
            {
                let mut entry = Vec::new();
                [FILE, 0, 0, 0, 0]
                    .iter()
                    .for_each(|word| entry.extend(u64::to_ne_bytes(*word)));
                entry.extend(attributes(FILE, state));
                Ok(entry)
            }
            1 => Err(NO_ENTRY),
            // FORGET, INTERRUPT, BATCH_FORGET
            2 | 36 | 42 => return None,
            // GETATTR
            3 => Ok([vec![0; 16], attributes(node, state)].concat()),
            // OPEN and OPENDIR, with reads that are not cached
            14 | 27 => Ok([0_u64.to_ne_bytes(), 1_u64.to_ne_bytes()].concat()),
            // READ
            15 => {
                let rest = state.content.get(offset..).unwrap_or_default();
                Ok(rest[..rest.len().min(size)].to_vec())
            }
            // STATFS
            17 => Ok(vec![0; 80]),
            // RELEASE, FLUSH, RELEASEDIR, DESTROY
            18 | 25 | 29 | 38 => Ok(Vec::new()),
            // INIT
            26 => {
                let mut words = vec![7_u32, 31, 1 << 16, 0, 0, 1 << 16, 1];
                words.resize(16, 0);
                Ok(words.into_iter().flat_map(u32::to_ne_bytes).collect())
            }
            // READDIR: all of it, once
            28 if offset == 0 => {
                let mut entry = Vec::new();
                entry.extend(FILE.to_ne_bytes());
                entry.extend(1_u64.to_ne_bytes());
                entry.extend((NAME.len() as u32).to_ne_bytes());
                entry.extend(8_u32.to_ne_bytes());
                entry.extend(NAME.as_bytes());
                entry.resize(entry.len().next_multiple_of(8), 0);
                Ok(entry)
            }
            28 => Ok(Vec::new()),
            _ => Err(NOT_KNOWN),
        })
    }
}

/// What `stat` tells.
fn attributes(node: u64, state: &State) -> Vec<u8> {
    let (mode, size) = match node {
        TOP => (0o040_755, 0),
        _ => (0o100_644, state.content.len() as u64),
    };
    let longs = [node, size, 1, state.mtime, state.mtime, state.mtime];
    let ints = [0, 0, 0, mode, 1, 0, 0, 0, 4_096, 0_u32];
    let longs = longs.into_iter().flat_map(u64::to_ne_bytes);
    longs
        .chain(ints.into_iter().flat_map(u32::to_ne_bytes))
        .collect()
}
