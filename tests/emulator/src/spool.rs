//! Where file contents live: one unlinked, append-only temporary file.
//!
//! Tests send 100,000 files; neither their bytes nor a descriptor for each may
//! pile up here. What an abandoned upload wrote stays in the file unreferenced.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha1::{Digest, Sha1};

/// Contents up to this size are not worth a trip to the disk.
const INLINE: usize = 256;
/// How much a writer gathers before it appends.
const GATHER: usize = 64 * 1024;

static SERIAL: AtomicU64 = AtomicU64::new(0);

/// The file that all contents of one emulator share.
pub(crate) struct Spool {
    file: File,
    end: AtomicU64,
}

impl Spool {
    /// Creates the file in `dir` and unlinks it at once.
    pub(crate) fn new(dir: &Path) -> io::Result<Arc<Spool>> {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("box-emulator-{}-{serial}", std::process::id()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Arc::new(Spool {
            file,
            end: AtomicU64::new(0),
        }))
    }

    /// Starts a new content.
    pub(crate) fn writer(self: &Arc<Self>) -> Writer {
        Writer {
            spool: Arc::clone(self),
            pending: Vec::new(),
            extents: Vec::new(),
            digest: Sha1::new(),
            size: 0,
        }
    }

    /// Stores bytes that are already in memory.
    pub(crate) fn store(self: &Arc<Self>, bytes: &[u8]) -> io::Result<Blob> {
        let mut writer = self.writer();
        writer.write(bytes)?;
        writer.finish()
    }

    fn append(&self, bytes: &[u8]) -> io::Result<Extent> {
        let len = bytes.len() as u64;
        let at = self.end.fetch_add(len, Ordering::Relaxed);
        self.file.write_all_at(bytes, at)?;
        Ok(Extent { at, len })
    }
}

#[derive(Clone, Copy)]
struct Extent {
    at: u64,
    len: u64,
}

/// One content being received; hashes as it goes.
pub(crate) struct Writer {
    spool: Arc<Spool>,
    pending: Vec<u8>,
    extents: Vec<Extent>,
    digest: Sha1,
    size: u64,
}

impl Writer {
    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= GATHER {
            self.flush()?;
        }
        Ok(())
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Closes the content.
    pub(crate) fn finish(mut self) -> io::Result<Blob> {
        let small = self.extents.is_empty() && self.pending.len() <= INLINE;
        if !small {
            self.flush()?;
        }
        let digest = std::mem::take(&mut self.digest).finalize();
        let sha1: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Blob {
            sha1: sha1.into(),
            size: self.size,
            inline: self.pending.into(),
            extents: self.extents.into(),
            spool: self.spool,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.pending.is_empty() {
            let extent = self.spool.append(&self.pending)?;
            push(&mut self.extents, extent);
            self.pending.clear();
        }
        Ok(())
    }
}

/// Adds to the end of a content; what lies together becomes one.
fn push(extents: &mut Vec<Extent>, extent: Extent) {
    match extents.last_mut() {
        Some(last) if last.at + last.len == extent.at => last.len += extent.len,
        _ => extents.push(extent),
    }
}

/// Contents put together without copying more than their small ones; the SHA-1
/// of the whole is the caller's.
pub(crate) fn join(parts: &[Blob], sha1: &str) -> io::Result<Blob> {
    let first = parts.first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut extents = Vec::new();
    for part in parts {
        if part.extents.is_empty() && part.size > 0 {
            push(&mut extents, first.spool.append(&part.inline)?);
        }
        for extent in part.extents.iter() {
            push(&mut extents, *extent);
        }
    }
    Ok(Blob {
        sha1: sha1.into(),
        size: parts.iter().map(|part| part.size).sum(),
        inline: Vec::new().into(),
        extents: extents.into(),
        spool: Arc::clone(&first.spool),
    })
}

/// A stored content.
#[derive(Clone)]
pub(crate) struct Blob {
    /// SHA-1 in lower-case hexadecimal.
    pub(crate) sha1: Arc<str>,
    /// Length in bytes.
    pub(crate) size: u64,
    inline: Arc<[u8]>,
    extents: Arc<[Extent]>,
    spool: Arc<Spool>,
}

impl Blob {
    /// Reads up to `limit` bytes from `from`; empty at the end.
    pub(crate) fn read(&self, from: u64, limit: usize) -> io::Result<Vec<u8>> {
        if self.extents.is_empty() {
            let start = usize::try_from(from).unwrap_or(usize::MAX);
            let rest = self.inline.get(start..).unwrap_or_default();
            return Ok(rest.iter().copied().take(limit).collect());
        }
        let mut skipped = 0;
        for extent in self.extents.iter() {
            if from < skipped + extent.len {
                let inside = from - skipped;
                let len = (extent.len - inside).min(limit as u64);
                let mut bytes = vec![0; usize::try_from(len).unwrap_or(limit)];
                self.spool
                    .file
                    .read_exact_at(&mut bytes, extent.at + inside)?;
                return Ok(bytes);
            }
            skipped += extent.len;
        }
        Ok(Vec::new())
    }

    /// The whole content.
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let more = self.read(all.len() as u64, GATHER)?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(&more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_of_every_size_come_back() {
        let spool = Spool::new(&std::env::temp_dir()).unwrap();
        for size in [0, 1, INLINE, INLINE + 1, GATHER - 1, GATHER, 3 * GATHER + 7] {
            let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            let mut writer = spool.writer();
            for chunk in bytes.chunks(1000) {
                writer.write(chunk).unwrap();
            }
            let blob = writer.finish().unwrap();
            assert_eq!(blob.bytes().unwrap(), bytes);
            assert_eq!(blob.size, size as u64);
        }
        let parts: Vec<Blob> = [INLINE, 3 * GATHER, 1]
            .map(|size| spool.store(&vec![7; size]).unwrap())
            .into();
        let joined = join(&parts, "s").unwrap();
        assert_eq!(joined.bytes().unwrap(), vec![7; INLINE + 3 * GATHER + 1]);
        assert_eq!(
            (&*joined.sha1, joined.size as usize),
            ("s", INLINE + 3 * GATHER + 1)
        );
        let empty = spool.store(b"").unwrap();
        assert_eq!(&*empty.sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
