//! A part of a chunked upload on the wire: its range, its digest, its bytes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::body::{BodyReader, Trouble};
use super::call::Call;
use super::receive::Limits;
use super::reply::ApiError;
use crate::spool::{Blob, Spool};

/// Bytes in a SHA-1.
const DIGEST: usize = 20;
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

    /// The SHA-1 of the `Digest` header, as hexadecimal digits. Its label's
    /// case does not matter; a list may name other algorithms besides.
    pub(crate) fn digest(&self) -> Result<String, ApiError> {
        let text = self.header("digest");
        let text = text.ok_or_else(|| ApiError::missing("digest"))?;
        let value = text.split(',').find_map(|entry| {
            let (label, value) = entry.trim().split_once('=')?;
            label.eq_ignore_ascii_case("sha").then_some(value)
        });
        let bytes = value.and_then(|value| STANDARD.decode(value).ok());
        match bytes {
            Some(bytes) if bytes.len() == DIGEST => Ok(hex(&bytes)),
            _ => {
                let message = format!(
                    "Invalid value '{text}'. 'digest' must be 'sha=' and a SHA-1 in Base64"
                );
                Err(ApiError::parameter("digest", &message))
            }
        }
    }
}

/// Takes a part's bytes in, no more than its range says.
pub(super) async fn receive_part(
    call: &Call,
    body: &mut BodyReader,
    spool: &Arc<Spool>,
    limits: Limits,
) -> Result<Blob, Trouble> {
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
    let mut writer = spool.writer();
    while let Some(bytes) = body.chunk().await? {
        writer.write(&bytes)?;
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
    Ok(writer.finish()?)
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
