//! Local names that Box would refuse, in a spelling that it takes.
//!
//! A byte that cannot stand where it stands becomes `％XX`: a full-width percent sign and
//! two hexadecimal digits. A name that needs nothing stays as it is, but for a `％` that
//! would be read as ours, which becomes `％25`. So [`decode`] gives the name back, up to
//! composition, and no two names get the same spelling. A name that is too long, and one
//! that Box takes for another's, ends in `％~` and a digest of its bytes instead: it leads
//! back only through the mapping.

use crate::model::name::{LONGEST, split_ending};
use sha1::{Digest, Sha1};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Begins what was encoded; hardly anybody types it.
const MARK: char = '\u{ff05}';
/// Follows the mark before a digest.
const APART: char = '~';
/// `％25` is the mark itself: an ASCII `%` never needs encoding.
const MARK_ITSELF: u8 = 0x25;
/// Bytes of the digest that tell names apart.
const TELLING: usize = 8;

/// A name for Box that follows from the bytes alone. In composed form.
pub(super) fn encode(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    let mut chunks = name.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        let valid: Vec<char> = chunk.valid().nfc().collect();
        let ends = chunk.invalid().is_empty() && chunks.peek().is_none();
        for (at, c) in valid.iter().enumerate() {
            let is_edge = text.is_empty() || ends && at + 1 == valid.len();
            let follows_one = ends_encoded(&text);
            match *c {
                MARK if is_like_ours(&valid[at + 1..]) => escape(&mut text, &[MARK_ITSELF]),
                // It would melt into the digit before it.
                c if follows_one && canonical_combining_class(c) != 0 => escape_char(&mut text, c),
                c if is_edge && c.is_whitespace() => escape_char(&mut text, c),
                c if c == '\\' || c.is_ascii_control() => escape_char(&mut text, c),
                c => text.push(c),
            }
        }
        escape(&mut text, chunk.invalid());
    }
    debug_assert_eq!(decode(&text), composed(name), "{text:?}");
    match text.chars().count() > LONGEST {
        true => apart(&text, name),
        false => text,
    }
}

/// The bytes that an encoded name stands for, composed; what was told apart by a digest
/// is not undone.
pub(super) fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match (c == MARK).then(|| hex(after)).flatten() {
            Some(byte) => {
                match byte {
                    MARK_ITSELF => bytes.extend(MARK.to_string().bytes()),
                    byte => bytes.push(byte),
                }
                rest = &after[2..];
            }
            None => {
                bytes.extend(rest[..c.len_utf8()].bytes());
                rest = after;
            }
        }
    }
    bytes
}

/// A name's bytes with all text in them composed.
pub(super) fn composed(name: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        bytes.extend(chunk.valid().nfc().collect::<String>().bytes());
        bytes.extend(chunk.invalid());
    }
    bytes
}

/// The name with a digest of the local one before its ending: no other name gets it, and
/// it is the same in every run.
pub(super) fn apart(text: &str, name: &[u8]) -> String {
    let mut mark = String::from_iter([MARK, APART]);
    for byte in &Sha1::digest(name)[..TELLING] {
        mark += &format!("{byte:02x}");
    }
    let (stem, ending) = split_ending(text);
    let room = LONGEST.saturating_sub(mark.chars().count() + ending.chars().count());
    let stem: String = stem.chars().take(room).collect();
    stem + &mark + ending
}

/// Whether a name was told apart by a digest.
pub(super) fn is_apart(text: &str) -> bool {
    let mut marks = text.match_indices(MARK);
    marks.any(|(at, mark)| text[at + mark.len()..].starts_with(APART))
}

/// Whether a mark before this would be read as ours.
fn is_like_ours(after: &[char]) -> bool {
    match after {
        [APART, ..] => true,
        [a, b, ..] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        _ => false,
    }
}

fn ends_encoded(text: &str) -> bool {
    let at = text.char_indices().rev().nth(2);
    at.is_some_and(|(at, c)| c == MARK && hex(&text[at + c.len_utf8()..]).is_some())
}

/// The byte that the text begins with.
fn hex(text: &str) -> Option<u8> {
    let digits = text.get(..2)?;
    let are_digits = digits.bytes().all(|b| b.is_ascii_hexdigit());
    are_digits.then(|| u8::from_str_radix(digits, 16).ok())?
}

fn escape_char(text: &mut String, c: char) {
    escape(text, c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        *text += &format!("{MARK}{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::{apart, composed, decode, encode, is_apart};
    use crate::model::name::LONGEST;
    use crate::model::name::RemoteName;
    use crate::model::path::LocalName;
    use std::collections::HashMap;
    use unicode_normalization::is_nfc;

    fn check(name: &[u8], expected: &str) {
        assert_eq!(encode(name), expected, "{name:?}");
        assert_eq!(decode(expected), composed(name), "{name:?}");
    }

    #[test]
    fn what_box_refuses_is_spelled_out_and_all_else_stays() {
        check(b"plain 100% %20.txt", "plain 100% %20.txt");
        check(
            "\u{fc}\u{ff05} \u{ff05}zz".as_bytes(),
            "\u{fc}\u{ff05} \u{ff05}zz",
        );
        check(b"a\\b", "a\u{ff05}5Cb");
        check(b"a\nb\x7f", "a\u{ff05}0Ab\u{ff05}7F");
        check(b"  a  ", "\u{ff05}20 a \u{ff05}20");
        check(b" ", "\u{ff05}20");
        check("a\u{3000}".as_bytes(), "a\u{ff05}E3\u{ff05}80\u{ff05}80");
        check(b"a\xff", "a\u{ff05}FF");
        check("e\u{301}".as_bytes(), "\u{e9}");
        check("\u{202e}x\u{1f600}".as_bytes(), "\u{202e}x\u{1f600}");
    }

    #[test]
    fn a_name_that_looks_encoded_is_told_from_one_that_is() {
        check("a\u{ff05}5Cb".as_bytes(), "a\u{ff05}255Cb");
        check("a\u{ff05}5cb".as_bytes(), "a\u{ff05}255cb");
        check("a\u{ff05}~".as_bytes(), "a\u{ff05}25~");
        check("\u{ff05}\\".as_bytes(), "\u{ff05}\u{ff05}5C");
        check("\u{ff05}4\\".as_bytes(), "\u{ff05}4\u{ff05}5C");
    }

    /// `％5C` and a cedilla would compose to something else.
    #[test]
    fn an_accent_after_an_encoded_byte_is_encoded_too() {
        check("a\\\u{327}b".as_bytes(), "a\u{ff05}5C\u{ff05}CC\u{ff05}A7b");
        check(b"e\xff\xcc\x81", "e\u{ff05}FF\u{ff05}CC\u{ff05}81");
    }

    #[test]
    fn what_is_told_apart_keeps_its_ending_and_its_length_in_bounds() {
        let name = apart("readme.txt", b"README.txt");
        assert!(
            name.starts_with("readme\u{ff05}~") && name.ends_with(".txt"),
            "{name}"
        );
        assert_ne!(name, apart("readme.txt", b"readme.txt"));
        let long = encode(&[0xff; 255]);
        assert_eq!(long.chars().count(), LONGEST);
        assert!(is_apart(&long) && is_apart(&name));
        assert_ne!(long, encode(&[0xfe; 255]));
        assert!(!is_apart("a\u{ff05}25~b.txt"));
    }

    /// Bytes that are likely to meet: text, marks, digits, accents, and what is no text.
    fn random(rng: &mut fastrand::Rng) -> Vec<u8> {
        let parts: [&[u8]; 16] = [
            b"a",
            b"A",
            b"5",
            b"C",
            b"~",
            b" ",
            b"\\",
            b"\n",
            b"%",
            "\u{ff05}".as_bytes(),
            "\u{301}".as_bytes(),
            "\u{327}".as_bytes(),
            "\u{e9}".as_bytes(),
            b"\xff",
            b"\xe2\x82",
            b".",
        ];
        let mut name = Vec::new();
        for _ in 0..rng.usize(1..12) {
            match rng.u8(0..8) {
                0 => name.push(rng.u8(1..)),
                _ => name.extend(parts[rng.usize(0..parts.len())]),
            }
        }
        name
    }

    /// Decoding gives every name back, no two get one spelling, and Box takes them all.
    #[test]
    fn every_name_comes_back_and_no_two_meet() {
        let mut rng = fastrand::Rng::with_seed(20_260_101);
        let mut seen: HashMap<String, Vec<u8>> = HashMap::new();
        let mut tried = 0;
        while tried < 200_000 {
            let Some(name) = LocalName::new(&random(&mut rng)) else {
                continue;
            };
            tried += 1;
            let name = name.as_bytes();
            let text = encode(name);
            assert_eq!(decode(&text), composed(name), "{name:?}");
            assert!(is_nfc(&text), "{name:?}: {text:?}");
            let as_it_is = RemoteName::for_local(&LocalName::new(text.as_bytes()).unwrap());
            assert_eq!(as_it_is.unwrap().as_str(), text, "{name:?}");
            assert!(!text.starts_with(' ') && !is_apart(&text), "{name:?}");
            let other = seen.entry(text).or_insert_with(|| composed(name));
            assert_eq!(*other, composed(name), "two of one spelling");
        }
    }

    #[test]
    fn any_bytes_at_all_become_a_name_that_box_takes() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let length = rng.usize(1..256);
            let bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
            let Some(name) = LocalName::new(&bytes) else {
                continue;
            };
            let encoded = RemoteName::encoded(&name);
            let again = LocalName::new(encoded.as_str().as_bytes()).unwrap();
            assert_eq!(RemoteName::for_local(&again).as_ref(), Ok(&encoded));
            if !is_apart(encoded.as_str()) {
                assert_eq!(decode(encoded.as_str()), composed(name.as_bytes()));
            }
        }
    }
}
