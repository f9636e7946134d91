//! Opaque identifiers: tokens, request ids, upload URLs.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Hands out hexadecimal strings that cannot be guessed from one another.
#[derive(Default)]
pub(crate) struct Ids {
    keys: RandomState,
    counter: u64,
}

impl Ids {
    /// `digits` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            self.counter = self.counter.wrapping_add(1);
            let mut hasher = self.keys.build_hasher();
            hasher.write_u64(self.counter);
            text.push_str(&format!("{:016x}", hasher.finish()));
        }
        text.truncate(digits);
        text
    }

    /// The same in upper case, as in Box's upload URLs.
    pub(crate) fn upper(&mut self, digits: usize) -> String {
        self.hex(digits).to_uppercase()
    }
}
