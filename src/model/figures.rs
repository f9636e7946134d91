//! Numbers as a person likes to read them.

use std::time::Duration;

/// Bytes in decimal units: `1.2 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let (mut whole, mut tenths, mut unit) = (count, 0, 0);
    for (index, _) in UNITS.iter().enumerate() {
        unit = index;
        tenths = whole % 1_000 / 100;
        whole /= 1_000;
        if whole < 1_000 {
            break;
        }
    }
    if whole < 100 {
        format!("{whole}.{tenths} {}", UNITS[unit])
    } else {
        format!("{whole} {}", UNITS[unit])
    }
}

/// A number with its thousands apart: `43,047`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun: `1 file`, `2 entries`.
pub(crate) fn some(number: u64, noun: &str) -> String {
    let (stem, ending) = match (number, noun.strip_suffix('y')) {
        (1, _) => (noun, ""),
        (_, Some(stem)) => (stem, "ies"),
        (_, None) => (noun, "s"),
    };
    format!("{} {stem}{ending}", count(number))
}

/// A duration, coarse enough to be read: `1.4 s`, `3m 20s`.
pub(crate) fn duration(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, duration, some};
    use std::time::Duration;

    #[test]
    fn numbers_read_well() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_250_000, "1.2 MB"),
        ];
        for (number, text) in sizes {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(bytes(999_999), "999 kB");
        assert!(bytes(u64::MAX).ends_with(" PB"));
        assert_eq!(
            (count(7), count(1_000), count(1_234_567)),
            ("7".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!(
            (some(1, "entry"), some(0, "file")),
            ("1 entry".into(), "0 files".into())
        );
        assert_eq!(some(2_000, "entry"), "2,000 entries");
        assert_eq!(duration(Duration::from_millis(1_440)), "1.4 s");
        assert_eq!(duration(Duration::from_millis(200_900)), "3m 20s");
    }
}
