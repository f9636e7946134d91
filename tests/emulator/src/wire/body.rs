//! A request's body as it comes in, chunk by chunk.

use std::io;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::reply::ApiError;

/// Why a body could not be taken.
pub(crate) enum Trouble {
    /// Box refuses it.
    Refused(ApiError),
    /// The connection broke, or a fault breaks it now.
    Broken,
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Trouble {
        Trouble::Refused(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Refused(ApiError::new(
            500,
            "internal_server_error",
            &format!("the emulator could not store the content: {error}"),
        ))
    }
}

/// Reads a body and counts.
pub(crate) struct BodyReader {
    incoming: Incoming,
    received: u64,
    /// A fault: break off after this many bytes.
    reset_after: Option<u64>,
    done: bool,
}

impl BodyReader {
    /// Wraps a body.
    pub(crate) fn new(incoming: Incoming) -> BodyReader {
        BodyReader {
            incoming,
            received: 0,
            reset_after: None,
            done: false,
        }
    }

    /// Breaks off after so many bytes.
    pub(crate) fn reset_after(&mut self, bytes: Option<u64>) {
        self.reset_after = bytes;
    }

    /// Bytes so far.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        while !self.done {
            if self.reset_after.is_some_and(|limit| self.received >= limit) {
                return Err(Trouble::Broken);
            }
            let Some(frame) = self.incoming.frame().await else {
                self.done = true;
                break;
            };
            let frame = frame.map_err(|_| Trouble::Broken)?;
            if let Ok(data) = frame.into_data()
                && data.has_remaining()
            {
                self.received += data.len() as u64;
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Reads and forgets the rest: a client still sending when the answer
    /// comes may otherwise see a reset instead of the answer.
    pub(crate) async fn drain(&mut self) -> Result<(), Trouble> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    /// The whole body, if it is no longer than `limit`.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(ApiError::too_large().into());
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}
