//! What a test can choose about chunked uploads, at the start and later.

use std::time::Duration;

/// Box's documents say "20 MB" without the exact number; its own tests use
/// 20 MiB, which is above this.
pub const DEFAULT_CHUNKED_MINIMUM: u64 = 20_000_000;
/// How long an upload session lives.
pub const DEFAULT_SESSION_LIFETIME: Duration = Duration::from_hours(7 * 24);

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// For how long Box is not ready although nothing is wrong. Counted for each
/// upload session on its own; times go by the emulator's clock in whole
/// seconds, from the last part on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slow {
    /// Ready at once.
    #[default]
    Never,
    /// For so many requests.
    Times(u64),
    /// For so long.
    For(Duration),
    /// It never gets ready.
    Forever,
}

impl Slow {
    /// Whether it goes on whatever is asked, `seconds` after the last part.
    pub(crate) fn lasts(self, seconds: i64) -> bool {
        match self {
            Slow::Never | Slow::Times(_) => false,
            Slow::For(_) | Slow::Forever => self.not_yet(0, seconds),
        }
    }

    /// Whether a request has to come again: `before` of its kind were told so,
    /// the last part came `seconds` ago.
    pub(crate) fn not_yet(self, before: u64, seconds: i64) -> bool {
        match self {
            Slow::Never => false,
            Slow::Times(times) => before < times,
            Slow::For(time) => seconds < whole_seconds(time),
            Slow::Forever => true,
        }
    }
}

/// The rules of chunked uploads.
#[derive(Clone, Debug)]
pub(crate) struct Chunked {
    /// `None` chooses by the file's size, as Box was seen to do.
    pub(crate) part_size: Option<u64>,
    pub(crate) minimum: u64,
    pub(crate) lifetime: Duration,
    pub(crate) conflict: bool,
    pub(crate) overlap_status: u16,
    pub(crate) digest_status: u16,
    pub(crate) slow_parts: Slow,
    pub(crate) slow_commit: Slow,
    pub(crate) retry_after: Option<String>,
}

impl Default for Chunked {
    fn default() -> Self {
        Chunked {
            part_size: None,
            minimum: DEFAULT_CHUNKED_MINIMUM,
            lifetime: DEFAULT_SESSION_LIFETIME,
            conflict: false,
            overlap_status: 409,
            digest_status: 412,
            slow_parts: Slow::Never,
            slow_commit: Slow::Never,
            retry_after: Some("1".to_owned()),
        }
    }
}

impl Chunked {
    /// The size of a file's parts: 8 MiB up to some gigabytes, then 32 MiB and
    /// 64 MiB, which were seen in the wild.
    pub(crate) fn part_size(&self, file_size: u64) -> u64 {
        let usual = match file_size {
            size if size <= 2 * GIB => 8 * MIB,
            size if size <= 4 * GIB => 32 * MIB,
            _ => 64 * MIB,
        };
        self.part_size.unwrap_or(usual).max(1)
    }

    /// When a session that is opened now ends.
    pub(crate) fn end(&self, now: i64) -> i64 {
        now.saturating_add(whole_seconds(self.lifetime))
    }
}

/// A part of a second counts as a whole one.
fn whole_seconds(time: Duration) -> i64 {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    i64::try_from(whole).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_with_the_file() {
        let rules = Chunked::default();
        let sizes = [20_000_000, 2 * GIB, 2 * GIB + 1, 4 * GIB + 1, 500 * GIB];
        let parts = sizes.map(|size| rules.part_size(size) / MIB);
        assert_eq!(parts, [8, 8, 32, 64, 64]);
        let chosen = Chunked {
            part_size: Some(1024),
            ..Chunked::default()
        };
        assert_eq!(chosen.part_size(500 * GIB), 1024);
    }

    #[test]
    fn slowness_ends_or_does_not() {
        let minute = Slow::For(Duration::from_secs(60));
        for (slow, before, seconds, expected) in [
            (Slow::Never, 0, 0, false),
            (Slow::Times(2), 1, 0, true),
            (Slow::Times(2), 2, 0, false),
            (minute, 99, 59, true),
            (minute, 0, 60, false),
            (Slow::For(Duration::from_millis(1)), 0, 0, true),
            (Slow::Forever, u64::MAX, i64::MAX, true),
        ] {
            assert_eq!(slow.not_yet(before, seconds), expected, "{slow:?}");
            // Asking for the status must not be what ends the slowness.
            let counted = matches!(slow, Slow::Times(_));
            assert_eq!(slow.lasts(seconds), expected && !counted, "{slow:?}");
        }
    }
}
