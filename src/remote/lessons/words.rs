//! Box's words, read out of any answer and made fit to print.
//!
//! Every field may be missing, the body may be empty, HTML, or JSON of another shape.
//! What is printed is short, has no control characters and no URL's query, which can be
//! a key; and of what the token endpoint says, nothing that could be a secret.

use crate::model::trouble::Said;
use crate::remote::wire;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

/// The most of a message that is kept, in characters.
const LONGEST: usize = 300;
/// The most of a code or an ID.
const LONGEST_NAME: usize = 100;
/// A run of letters and digits this long could be a secret.
const SECRET: usize = 16;

/// Box's words without what they mean. With `secretive`, what looks like a secret is
/// left out.
pub(crate) fn said(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    json: &Value,
    secretive: bool,
) -> Said {
    // The token endpoint says `error` and `error_description`.
    let inner = json.get("error").filter(|error| error.is_object());
    let json = inner.unwrap_or(json);
    let either = |one: &str, other: &str| {
        let known = |key| wire::text(json, key).filter(|text| !text.trim().is_empty());
        known(one).or_else(|| known(other))
    };
    let (challenge, detail) = challenge(headers);
    let code = either("code", "error").or_else(|| challenge.clone());
    let mut code = code.unwrap_or_default().trim().to_lowercase();
    let mut message = either("message", "error_description")
        .or(detail)
        .unwrap_or_else(|| in_place_of_words(status, body, json));
    let details = details(json).into_iter();
    for detail in details.chain(challenge.filter(|detail| *detail != code)) {
        message = format!("{message} ({detail})");
    }
    if secretive {
        message = without_secrets(&message);
        code = without_secrets(&code);
    }
    let fit = |text: &str, limit| cut(&escaped(&without_queries(text)), limit);
    Said {
        status: status.as_u16(),
        code: fit(&code, LONGEST_NAME),
        message: fit(&message, LONGEST),
        request_id: request_id(headers, json).map(|id| fit(&id, LONGEST_NAME)),
        lesson: None,
    }
}

/// Box has two IDs for a request and its support wants both.
fn request_id(headers: &HeaderMap, json: &Value) -> Option<String> {
    let header = header(headers);
    let body = wire::text(json, "request_id").filter(|id| !id.is_empty());
    match (body, header) {
        (Some(body), Some(header)) => Some(format!("{body}.{header}")),
        (body, header) => body.or(header.map(str::to_owned)),
    }
}

fn header(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("box-request-id")?.to_str().ok()?;
    Some(id).filter(|id| !id.is_empty())
}

/// The ID that an answer without an error has in its headers, fit to print.
pub(crate) fn header_id(headers: &HeaderMap) -> Option<String> {
    header(headers).map(|id| cut(&escaped(id), LONGEST_NAME))
}

/// `context_info`: a text, or a list of errors.
fn details(json: &Value) -> Vec<String> {
    let Some(context) = json.get("context_info") else {
        return Vec::new();
    };
    if let Value::String(text) = context {
        return vec![text.clone()];
    }
    let errors = context.get("errors").and_then(Value::as_array);
    let errors = errors.into_iter().flatten().take(3);
    errors.filter_map(detail).collect()
}

fn detail(error: &Value) -> Option<String> {
    let text = |key| wire::text(error, key).filter(|text| !text.is_empty());
    let what = text("message").or_else(|| text("reason"))?;
    Some(match text("name") {
        Some(name) => format!("{name}: {what}"),
        None => what,
    })
}

/// The error of a `Bearer` challenge and its description: all that a 401 without a body
/// says.
fn challenge(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let text = headers.get(WWW_AUTHENTICATE);
    let text = text.and_then(|text| text.to_str().ok()).unwrap_or_default();
    let quoted = |key: &str| {
        let rest = text.split(&format!("{key}=\"")).nth(1)?;
        rest.split('"').next().map(str::to_owned)
    };
    (quoted("error"), quoted("error_description"))
}

/// Whether the body is a web page, which Box's API never answers itself.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    start.starts_with(b"<")
}

/// What stands for words that Box did not say.
fn in_place_of_words(status: StatusCode, body: &[u8], json: &Value) -> String {
    let reason = status.canonical_reason().unwrap_or("no explanation");
    if is_page(body) {
        let title = title(body).map_or(String::new(), |title| format!(", {title:?}"));
        return format!(
            "a web page instead of Box's words{title}: a proxy or a login page in between?"
        );
    }
    let text = String::from_utf8_lossy(body);
    match text.trim() {
        text if json.is_null() && !text.is_empty() && text != "null" => {
            format!("{reason}; not JSON but {:?}", cut(text, LONGEST_NAME))
        }
        _ => reason.to_owned(),
    }
}

/// What a web page calls itself.
pub(crate) fn title(page: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(page.get(..4_096).unwrap_or(page));
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find('<')?;
    let title = page.get(start..end)?.split_whitespace();
    let title = title.collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then(|| cut(&title, LONGEST_NAME))
}

/// What a success that is not JSON is.
pub(crate) fn not_json(body: &[u8]) -> String {
    if is_page(body) {
        "a web page came instead of Box's answer: a proxy or a login page in between? Open \
         https://api.box.com in a browser on this machine, and log in to the network if it asks \
         for it"
            .to_owned()
    } else {
        "an answer that is not JSON".to_owned()
    }
}

/// Nothing that moves a terminal's cursor, or turns text around.
fn escaped(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut fit = String::new();
    for c in text.chars() {
        if c.is_control() || turns(c) {
            fit.extend(c.escape_default());
        } else {
            fit.push(c);
        }
    }
    fit
}

/// Without what stands behind `?` or `#` in an address.
fn without_queries(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'<>()".contains(c);
    let mut fit = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['?', '#']) {
        let (before, from) = rest.split_at(at);
        let (mark, query) = from.split_at(1);
        let end = query.find(ends).unwrap_or(query.len());
        let (query, after) = query.split_at(end);
        fit.push_str(before);
        fit.push_str(mark);
        fit.push_str(if query.contains('=') { "…" } else { query });
        rest = after;
    }
    fit + rest
}

/// Without what could be a secret: long runs of letters with digits in them, and
/// whatever stands behind an equals sign.
fn without_secrets(text: &str) -> String {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_.~+=%".contains(c);
    let mut fit = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_inner) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_inner(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        fit.push_str(before);
        fit.push_str(&without_secret(run));
        rest = after;
    }
    fit + rest
}

fn without_secret(run: &str) -> String {
    if let Some((name, _)) = run.split_once('=') {
        return format!("{name}=[left out]");
    }
    let has = |what: fn(char) -> bool| run.contains(what);
    let is_mixed = has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic());
    if run.len() >= SECRET && is_mixed {
        "[left out]".to_owned()
    } else {
        run.to_owned()
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{cut, escaped, is_page, not_json, title, without_queries, without_secrets};

    #[test]
    fn what_is_printed_is_fit_for_it() {
        assert_eq!(
            escaped("a\x1b[2J\r\nb\u{202e}é"),
            "a\\u{1b}[2J\\r\\nb\\u{202e}é"
        );
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(
            without_queries("see https://x.test/a?k=v#f=1 (or /b?t=2) why? #3"),
            "see https://x.test/a?… (or /b?…) why? #3"
        );
    }

    #[test]
    fn what_could_be_a_secret_is_left_out_and_box_own_words_are_not() {
        for (text, expected) in [
            (
                "secret c4n4ry-5ecret-9f2b is bad",
                "secret [left out] is bad",
            ),
            ("client_secret=hush&x", "client_secret=[left out]&x"),
            ("eyJhbGciOi1.eyJpc3Mi.c2ln_4", "[left out]"),
        ] {
            assert_eq!(without_secrets(text), expected);
        }
        for kept in [
            "The \"box_subject_type\" value is unauthorized for this client_id",
            "Current date/time MUST be before the 'exp' claim. 60 seconds, 877840855",
            "urn:ietf:params:oauth:grant-type:jwt-bearer at https://api.box.com/oauth2/token",
        ] {
            assert_eq!(without_secrets(kept), kept);
        }
    }

    #[test]
    fn pages_are_known_by_their_beginning() {
        let page = b"\n <!DOCTYPE html><HTML><Title> Log\n in </title>";
        assert!(is_page(page));
        assert_eq!(title(page).as_deref(), Some("Log in"));
        assert!(!is_page(b"{}") && !is_page(b""));
        assert!(not_json(page).contains("login page"));
        for odd in [&b"<title>"[..], b"<title></title>", b"<", b"\xff\xfe<"] {
            assert_eq!(title(odd), None);
        }
    }
}
