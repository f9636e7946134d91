//! `Retry-After`: seconds, seconds with a fraction, or an HTTP date. Pure.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// Nothing serious asks for more.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long Box asks to wait; `None` when it says nothing that makes sense.
pub(crate) fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        let is_sane = seconds.is_finite() && seconds >= 0.0;
        return is_sane.then(|| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    Some(until.duration_since(now).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use std::time::{Duration, SystemTime};

    #[test]
    fn every_spelling_and_nonsense() {
        let now = httpdate::parse_http_date("Sun, 22 Nov 2026 03:00:00 GMT").unwrap();
        for (text, expected) in [
            ("7", Some(7_000)),
            ("0", Some(0)),
            ("0.25", Some(250)),
            (" 3 ", Some(3_000)),
            ("-1", None),
            ("soon", None),
            ("NaN", None),
            ("", None),
            ("1000000000", Some(3_600_000)),
            ("1e300", Some(3_600_000)),
            ("Sun, 22 Nov 2026 03:00:30 GMT", Some(30_000)),
            ("Sun, 22 Nov 2026 02:00:00 GMT", Some(0)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            let got = parse(&headers, now);
            assert_eq!(got, expected.map(Duration::from_millis), "{text:?}");
        }
        assert_eq!(parse(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
