//! A streaming reader of `multipart/form-data`, as RFC 7578 and 2046 write it.

use std::io::BufRead;

use bytes::{Bytes, BytesMut};

use super::body::{BodyReader, Trouble};
use super::reply::ApiError;

/// Headers of one part may not be longer.
const MAX_HEADERS: usize = 16 * 1024;
/// RFC 2046 ends boundaries here.
const MAX_BOUNDARY: usize = 70;

/// What a part says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PartHead {
    pub(crate) name: Option<String>,
    pub(crate) filename: Option<String>,
}

/// Reads parts one after the other.
pub(crate) struct Multipart<'a> {
    body: &'a mut BodyReader,
    buffer: BytesMut,
    delimiter: Vec<u8>,
    /// The body has ended.
    dry: bool,
}

impl<'a> Multipart<'a> {
    /// Starts on a body whose content type names this boundary.
    pub(crate) fn new(body: &'a mut BodyReader, boundary: &str) -> Multipart<'a> {
        // The first delimiter has no line before it; lend it one.
        Multipart {
            body,
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            dry: false,
        }
    }

    /// Skips to the first delimiter. Anything before it is refused: no client
    /// of Box sends a preamble, so it is a sign of a broken writer.
    pub(crate) async fn begin(&mut self) -> Result<(), Trouble> {
        match self.data().await? {
            None => Ok(()),
            Some(_) => Err(malformed("there is something before the first boundary")),
        }
    }

    /// After a delimiter: the next part's head, or `None` after the last part.
    pub(crate) async fn next_part(&mut self) -> Result<Option<PartHead>, Trouble> {
        while self.buffer.len() < 2 {
            self.more().await?;
        }
        let after = self.buffer.split_to(2);
        match &after[..] {
            b"--" => Ok(None),
            b"\r\n" => Ok(Some(self.head().await?)),
            _ => Err(malformed("a boundary line has trailing characters")),
        }
    }

    /// The next bytes of the current part; `None` at its delimiter, which is
    /// then consumed.
    pub(crate) async fn data(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            match find(&self.buffer, &self.delimiter) {
                Found::At(0) => {
                    let _ = self.buffer.split_to(self.delimiter.len());
                    return Ok(None);
                }
                Found::At(at) | Found::Perhaps(at) if at > 0 => {
                    return Ok(Some(self.buffer.split_to(at).freeze()));
                }
                Found::At(_) | Found::Perhaps(_) => self.more().await?,
            }
        }
    }

    /// A part that fits in memory.
    pub(crate) async fn text(&mut self, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut all = Vec::new();
        while let Some(data) = self.data().await? {
            if all.len() + data.len() > limit {
                return Err(malformed("a part is too long"));
            }
            all.extend_from_slice(&data);
        }
        Ok(all)
    }

    /// After the last delimiter only a line end may follow.
    pub(crate) async fn end(&mut self) -> Result<(), Trouble> {
        while let Some(chunk) = self.body.chunk().await? {
            if self.buffer.len() > 2 {
                break;
            }
            self.buffer.extend_from_slice(&chunk);
        }
        match &self.buffer[..] {
            b"" | b"\r\n" => Ok(()),
            _ => Err(malformed("there is something after the last boundary")),
        }
    }

    async fn head(&mut self) -> Result<PartHead, Trouble> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if self.buffer.starts_with(b"\r\n") {
                let _ = self.buffer.split_to(2);
                return Ok(PartHead::default());
            }
            if let Found::At(at) = find(&self.buffer, END) {
                let lines = self.buffer.split_to(at + END.len());
                return parse_head(&lines);
            }
            if self.buffer.len() > MAX_HEADERS {
                return Err(malformed("a part's headers are too long"));
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), Trouble> {
        if !self.dry
            && let Some(chunk) = self.body.chunk().await?
        {
            self.buffer.extend_from_slice(&chunk);
            return Ok(());
        }
        self.dry = true;
        Err(malformed("the body ends before the last boundary"))
    }
}

/// The boundary in a content type.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let found = parameters(content_type).find(|(name, _)| name == "boundary")?;
    let length = found.1.len();
    (1..=MAX_BOUNDARY).contains(&length).then_some(found.1)
}

/// Where a needle is, or from where on it could still become one.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    At(usize),
    Perhaps(usize),
}

/// The needle starts with `\r`. `skip_until` is the standard library's fast
/// byte search, which matters when tests send gigabytes.
fn find(hay: &[u8], needle: &[u8]) -> Found {
    let mut from = 0;
    while let Some(mut rest) = hay.get(from..).filter(|rest| !rest.is_empty()) {
        // Reading from a slice cannot fail.
        let skipped = rest.skip_until(b'\r').unwrap_or_default();
        let at = from + skipped.saturating_sub(1);
        if hay.get(at) != Some(&b'\r') {
            break;
        }
        let tail = &hay[at..];
        if tail.starts_with(needle) {
            return Found::At(at);
        }
        if needle.starts_with(tail) {
            return Found::Perhaps(at);
        }
        from = at + 1;
    }
    Found::Perhaps(hay.len())
}

fn parse_head(lines: &[u8]) -> Result<PartHead, Trouble> {
    let text = std::str::from_utf8(lines).map_err(|_| malformed("part headers are not UTF-8"))?;
    let mut head = PartHead::default();
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(malformed("a part's header has no colon"));
        };
        if !name.trim().eq_ignore_ascii_case("content-disposition") {
            continue;
        }
        if !value.trim().to_ascii_lowercase().starts_with("form-data") {
            return Err(malformed("a part is not form-data"));
        }
        for (name, value) in parameters(value) {
            match name.as_str() {
                "name" => head.name = Some(value),
                "filename" | "filename*" => head.filename = Some(value),
                _ => {}
            }
        }
    }
    Ok(head)
}

/// The parameters after the first semicolon; quoted values may hold semicolons.
fn parameters(value: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_matches(|c: char| c == ';' || c.is_whitespace());
        let (value, after) = parameter_value(after.trim_start());
        rest = after;
        Some((name.to_ascii_lowercase(), value))
    })
}

fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

fn malformed(why: &str) -> Trouble {
    Trouble::Refused(ApiError::new(
        400,
        "bad_request",
        &format!("Malformed multipart body: {why}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needle_is_found_also_when_cut() {
        let needle = b"\r\n--X";
        assert_eq!(find(b"ab\r\n--Xcd", needle), Found::At(2));
        assert_eq!(find(b"ab\rcd\r\n-", needle), Found::Perhaps(5));
        assert_eq!(find(b"ab\r\r", needle), Found::Perhaps(3));
        assert_eq!(find(b"abc", needle), Found::Perhaps(3));
        assert_eq!(find(b"", needle), Found::Perhaps(0));
        assert_eq!(find(b"\r\n--X", needle), Found::At(0));
    }

    #[test]
    fn part_heads_are_read() {
        let head = b"Content-Disposition: form-data; name=\"a;b\"; filename=\"x\\\"y\"\r\n\r\n";
        let Ok(parsed) = parse_head(head) else {
            panic!("a good head was refused");
        };
        assert_eq!(parsed.name.as_deref(), Some("a;b"));
        assert_eq!(parsed.filename.as_deref(), Some("x\"y"));
        assert!(parse_head(b"no colon\r\n\r\n").is_err());
        assert!(parse_head(b"content-disposition: inline; name=a\r\n\r\n").is_err());
    }

    #[test]
    fn boundaries_have_limits() {
        assert_eq!(
            boundary("multipart/form-data; boundary=abc").as_deref(),
            Some("abc")
        );
        assert_eq!(
            boundary("multipart/form-data; boundary=\"a b\"").as_deref(),
            Some("a b")
        );
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary(&format!("x; boundary={}", "a".repeat(71))), None);
    }
}
