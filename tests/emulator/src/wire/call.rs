//! A request's head, taken apart.

use hyper::HeaderMap;

use super::reply::ApiError;

/// A request's head.
pub(crate) struct Call {
    /// The path as sent.
    pub(crate) path: String,
    /// The parts of the path that the route leaves open.
    pub(crate) holes: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
}

impl Call {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// An etag header; clients send it bare, HTTP would quote it.
    pub(crate) fn etag(&self, name: &str) -> Option<&str> {
        Some(self.header(name)?.trim().trim_matches('"'))
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter that must be a number from zero up.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.param(name) else {
            return Ok(None);
        };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Some(number)),
            _ => Err(ApiError::parameter(
                name,
                &format!("Invalid value '{text}'. '{name}' must be a non-negative integer"),
            )),
        }
    }

    /// A query parameter that must be `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.param(name) {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(ApiError::parameter(
                name,
                &format!("Invalid value '{text}'. '{name}' must be a boolean"),
            )),
        }
    }

    /// The requested `fields`, if any.
    pub(crate) fn fields(&self) -> Option<Vec<&str>> {
        let fields: Vec<&str> = self
            .param("fields")?
            .split(',')
            .map(str::trim)
            .filter(|field| !field.is_empty())
            .collect();
        (!fields.is_empty()).then_some(fields)
    }

    /// The open part of the path at this position.
    pub(crate) fn hole(&self, index: usize) -> &str {
        self.holes.get(index).map_or("", String::as_str)
    }

    /// The body's length, if it was announced.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// The media type without parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let whole = self.header("content-type").unwrap_or_default();
        let media = whole.split(';').next().unwrap_or_default();
        media.trim().to_ascii_lowercase()
    }
}
