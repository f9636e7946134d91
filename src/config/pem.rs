//! The text frame around a key: `-----BEGIN …-----`, base64, `-----END …-----`.
//!
//! Keys go through mails, forms and JSON before they get here. What came out of that is
//! told apart, so that a person knows what to copy again.

use pkcs8::SecretDocument;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What stands in a frame.
pub(super) struct Block {
    /// What it says it is, such as `PRIVATE KEY`.
    pub(super) label: String,
    pub(super) content: Content,
}

/// The two kinds of content.
pub(super) enum Content {
    /// DER whose outermost length is right.
    Der(SecretDocument),
    /// Encrypted in the old way, with the cipher's name in a header line.
    Enciphered(String),
}

/// Reads the first private key of a text, or else the first block of any kind. The error
/// says what is wrong.
pub(super) fn read(text: &str) -> Result<Block, String> {
    let text = lines(text);
    if text.trim().is_empty() {
        return Err("it is empty".into());
    }
    let is_key = |start: &usize| first_line(&text[*start..]).contains("PRIVATE KEY");
    let starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    let start = starts.iter().find(|start| is_key(start)).or(starts.first());
    let Some(start) = start else {
        return Err("it is no PEM text: no line -----BEGIN PRIVATE KEY----- is in it".into());
    };
    let rest = &text[*start..];
    let head = first_line(rest);
    let Some((label, after)) = head[BEGIN.len()..].split_once(DASHES) else {
        return Err("its first line is cut: it does not end in -----".into());
    };
    if !after.trim().is_empty() {
        return Err("its line breaks are lost: all of it stands in one line".into());
    }
    let end = format!("{END}{label}{DASHES}");
    let Some((body, _)) = rest[head.len()..].split_once(&end) else {
        return Err(format!("it is cut: its last line, {end}, is missing"));
    };
    let content = content(label, body)?;
    let label = label.to_owned();
    Ok(Block { label, content })
}

/// The text with real line breaks: what comes out of JSON that was escaped twice has a
/// backslash and an n instead, and a key has no other backslashes.
fn lines(text: &str) -> Zeroizing<String> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    Zeroizing::new(text.replace("\r\n", "\n"))
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or(text).trim_end()
}

fn content(label: &str, body: &str) -> Result<Content, String> {
    if let Some(header) = body.lines().find(|line| line.starts_with("DEK-Info:")) {
        let cipher = header["DEK-Info:".len()..].split(',').next();
        return Ok(Content::Enciphered(cipher.unwrap_or("").trim().to_owned()));
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let foreign = |line: &str| line.trim().chars().any(|c| !is_base64(c));
    if let Some(index) = body.lines().position(foreign) {
        // The first of these lines is the rest of the BEGIN line.
        let number = index + 1;
        return Err(format!("it is damaged: line {number} of it is no base64"));
    }
    let der = decode(label, body);
    der.map(Content::Der)
        .ok_or_else(|| "it is cut or damaged: its content is not as long as it says".into())
}

/// Wraps the base64 anew, as the decoder takes lines of one length only.
fn decode(label: &str, body: &str) -> Option<SecretDocument> {
    let length = body.len() + body.len() / 64;
    let mut text = Zeroizing::new(String::with_capacity(length + 2 * label.len() + 64));
    text.push_str(&format!("{BEGIN}{label}{DASHES}"));
    let characters = body.chars().filter(|c| !c.is_whitespace());
    for (index, character) in characters.enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n{END}{label}{DASHES}\n"));
    let (_, document) = SecretDocument::from_pem(&text).ok()?;
    Some(document)
}
