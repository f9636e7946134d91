//! SHA-1 digests, the only checksum that Box stores and returns.

use std::fmt;

/// The SHA-1 of some content: 20 bytes. Reads either case, prints lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sha1Digest([u8; 20]);

impl Sha1Digest {
    /// Takes the raw bytes.
    pub(crate) fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The raw bytes, as the mapping stores them.
    pub(crate) fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Reads 40 hexadecimal digits of either case; `None` for anything else.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 40 {
            return None;
        }
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Sha1Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha1Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha1Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::Sha1Digest;

    #[test]
    fn hex_is_read_in_either_case_and_printed_in_lower() {
        let lower = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        let upper = lower.to_uppercase();
        assert_eq!(Sha1Digest::from_hex(lower), Sha1Digest::from_hex(&upper));
        assert_eq!(Sha1Digest::from_hex(&upper).unwrap().to_string(), lower);
    }

    #[test]
    fn what_is_not_forty_hex_digits_is_no_digest() {
        for bad in [
            "",
            "da39",
            &"g".repeat(40),
            &"é".repeat(20),
            &"0".repeat(41),
        ] {
            assert_eq!(Sha1Digest::from_hex(bad), None, "{bad:?}");
        }
    }
}
