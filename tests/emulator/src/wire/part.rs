//! A part of a chunked upload on the wire: its range, its digest, its bytes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::Context;

use super::body::{BodyReader, Trouble};
use super::call::Call;
use super::receive::Limits;
use super::reply::ApiError;
use crate::spool::{Blob, Spool};

/// No part of Box's is anywhere near this long.
const MAX_PART: u64 = 1024 * 1024 * 1024;

/// `Content-Range: bytes FIRST-LAST/TOTAL`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) total: u64,
}

impl ContentRange {
    /// Reads the header's value; open ends (`*`) are of no use in an upload.
    fn parse(text: &str) -> Option<ContentRange> {
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let range = ContentRange {
            first: number(first)?,
            last: number(last)?,
            total: number(total)?,
        };
        let sound = unit.eq_ignore_ascii_case("bytes") && range.first <= range.last;
        sound.then_some(range)
    }

    /// Bytes in the range.
    pub(crate) fn len(self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

impl Call {
    /// The range of a part.
    pub(crate) fn content_range(&self) -> Result<ContentRange, ApiError> {
        let text = self.header("content-range");
        let text = text.ok_or_else(|| ApiError::missing("content-range"))?;
        ContentRange::parse(text).ok_or_else(|| {
            let message =
                format!("Invalid value '{text}'. 'content-range' must be 'bytes FIRST-LAST/TOTAL'");
            ApiError::parameter("content-range", &message)
        })
    }

    /// The SHA-1 of the `Digest` header, as hexadecimal digits.
    pub(crate) fn digest(&self) -> Result<String, ApiError> {
        let sha1 = self.labelled(SHA1)?;
        sha1.map(|bytes| hex(&bytes))
            .ok_or_else(|| self.no_digest())
    }

    /// A part's digest. Only SHA-1 is documented, and Box's own uploader sends
    /// SHA-256.
    fn part_digest(&self) -> Result<PartDigest, ApiError> {
        if let Some(bytes) = self.labelled(SHA1)? {
            return Ok(PartDigest::Sha1(hex(&bytes)));
        }
        let sha256 = self.labelled(SHA256)?;
        sha256
            .map(PartDigest::Sha256)
            .ok_or_else(|| self.no_digest())
    }

    /// The digest of that label and length. The label's case does not matter;
    /// a list may name other algorithms besides.
    fn labelled(&self, (label, length): (&str, usize)) -> Result<Option<Vec<u8>>, ApiError> {
        let text = self.header("digest");
        let text = text.ok_or_else(|| ApiError::missing("digest"))?;
        let value = text.split(',').find_map(|entry| {
            let (known, value) = entry.trim().split_once('=')?;
            known.eq_ignore_ascii_case(label).then_some(value)
        });
        let bytes = value.and_then(|value| STANDARD.decode(value).ok());
        Ok(bytes.filter(|bytes| bytes.len() == length))
    }

    fn no_digest(&self) -> ApiError {
        let text = self.header("digest").unwrap_or_default();
        let message =
            format!("Invalid value '{text}'. 'digest' must be 'sha=' and a SHA-1 in Base64");
        ApiError::parameter("digest", &message)
    }
}

/// Labels of the `Digest` header, with the digests' lengths.
const SHA1: (&str, usize) = ("sha", 20);
const SHA256: (&str, usize) = ("sha-256", 32);

/// What a client says that a part's bytes are.
enum PartDigest {
    Sha1(String),
    Sha256(Vec<u8>),
}

/// A part of a chunked upload, taken in.
pub(crate) struct TakenPart {
    pub(crate) blob: Blob,
    /// Whether the bytes are what the `Digest` header says.
    pub(crate) honest: bool,
    /// Whether that was by SHA-1, as documented.
    pub(crate) by_sha1: bool,
}

/// Takes a part's bytes in, no more than its range says.
pub(super) async fn receive_part(
    call: &Call,
    body: &mut BodyReader,
    spool: &Arc<Spool>,
    limits: Limits,
) -> Result<TakenPart, Trouble> {
    if !matches!(call.media_type().as_str(), "" | "application/octet-stream") {
        return Err(ApiError::known(415, "unsupported_media_type").into());
    }
    if limits.require_length && call.content_length().is_none() {
        return Err(ApiError::known(411, "length_required").into());
    }
    let range = call.content_range()?;
    if range.len() > MAX_PART {
        return Err(ApiError::too_large().into());
    }
    let told = call.part_digest()?;
    let mut writer = spool.writer();
    let mut sha256 = Context::new(&ring::digest::SHA256);
    while let Some(bytes) = body.chunk().await? {
        writer.write(&bytes)?;
        if matches!(told, PartDigest::Sha256(_)) {
            sha256.update(&bytes);
        }
        if writer.size() > range.len() {
            break;
        }
    }
    if writer.size() != range.len() {
        let message = format!(
            "the body does not have the {} bytes of its range",
            range.len()
        );
        return Err(ApiError::parameter("content-range", &message).into());
    }
    let blob = writer.finish()?;
    let by_sha1 = matches!(told, PartDigest::Sha1(_));
    let honest = match told {
        PartDigest::Sha1(told) => *blob.sha1 == *told,
        PartDigest::Sha256(told) => sha256.finish().as_ref() == told,
    };
    Ok(TakenPart {
        blob,
        honest,
        by_sha1,
    })
}

/// A hexadecimal digest in Base64, as Box's texts have it.
pub(crate) fn hex_to_base64(hex: &str) -> String {
    let digit = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).filter_map(digit).collect();
    STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_or_refused() {
        let range = ContentRange::parse("bytes 8-15/20").unwrap();
        assert_eq!(
            (range.first, range.last, range.total, range.len()),
            (8, 15, 20, 8)
        );
        for bad in [
            "",
            "bytes",
            "bytes 0-1",
            "bytes */20",
            "bytes 0-1/*",
            "items 0-1/2",
            "bytes 2-1/20",
            "bytes -1-5/20",
            "bytes +1-5/20",
            "bytes 0-99999999999999999999/20",
        ] {
            assert_eq!(ContentRange::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn digests_change_their_spelling() {
        let hex = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(hex_to_base64(hex), "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    }
}
