//! `application/x-www-form-urlencoded`, for token requests and query strings.

/// Splits and decodes `a=b&c=d`; `None` when an escape is malformed.
pub(crate) fn decode_pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? * 16 + digit(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(letter: u8) -> Option<u8> {
    let value = char::from(letter).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_broken_escapes_refused() {
        let pairs = decode_pairs("a=b%20c+d&e&f=%C3%A4").unwrap();
        let expected = [("a", "b c d"), ("e", ""), ("f", "ä")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
        assert!(decode_pairs("a=%g0").is_none());
        assert!(decode_pairs("a=%f").is_none());
        assert!(decode_pairs("a=%ff").is_none());
    }
}
