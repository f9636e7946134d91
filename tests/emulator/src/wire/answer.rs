//! The body of a reply on its way out: bytes in memory, or a stored content.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::spool::Blob;

const CHUNK: usize = 64 * 1024;

/// A reply's body.
pub(crate) enum AnswerBody {
    /// Bytes in memory.
    Whole(Option<Bytes>),
    /// A range of a stored content.
    Stored { blob: Blob, next: u64, end: u64 },
    /// Bytes in memory around useless ones.
    Bloated {
        before: Option<Bytes>,
        useless: u64,
        after: Option<Bytes>,
    },
    /// Promises `total` bytes and breaks off after the given ones.
    Cut {
        part: Option<Bytes>,
        total: u64,
        /// The part has had a moment to go out.
        sent: bool,
    },
}

impl AnswerBody {
    /// A JSON object that begins with a useless field; `rest` goes on from the
    /// end of its value.
    pub(crate) fn bloated(useless: u64, rest: String) -> AnswerBody {
        AnswerBody::Bloated {
            before: Some(Bytes::from_static(b"{\"useless\":\"")),
            useless,
            after: Some(Bytes::from(rest)),
        }
    }

    /// Bytes still to come.
    fn remaining(&self) -> u64 {
        match self {
            AnswerBody::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            AnswerBody::Stored { next, end, .. } => end - next,
            AnswerBody::Bloated {
                before,
                useless,
                after,
            } => {
                let around = [before, after].into_iter().flatten();
                useless + around.map(|bytes| bytes.len() as u64).sum::<u64>()
            }
            AnswerBody::Cut { total, .. } => *total,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = match self.get_mut() {
            AnswerBody::Whole(bytes) => bytes.take().map(Ok),
            AnswerBody::Stored { blob, next, end } => stored_chunk(blob, next, *end),
            AnswerBody::Bloated {
                before,
                useless,
                after,
            } => before
                .take()
                .or_else(|| useless_chunk(useless))
                .or_else(|| after.take())
                .map(Ok),
            AnswerBody::Cut { part, sent, .. } => match part.take() {
                Some(part) => Some(Ok(part)),
                // An error at once would take back what is not flushed yet.
                None if !*sent => {
                    *sent = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => Some(Err(io::Error::other("the answer was to break off"))),
            },
        };
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining())
    }
}

fn useless_chunk(left: &mut u64) -> Option<Bytes> {
    static USELESS: [u8; CHUNK] = [b'-'; CHUNK];
    let len = usize::try_from(*left).unwrap_or(CHUNK).min(CHUNK);
    *left -= len as u64;
    let chunk = USELESS.get(..len).filter(|chunk| !chunk.is_empty());
    chunk.map(Bytes::from_static)
}

fn stored_chunk(blob: &Blob, next: &mut u64, end: u64) -> Option<io::Result<Bytes>> {
    if *next >= end {
        return None;
    }
    let limit = usize::try_from(end - *next).unwrap_or(CHUNK).min(CHUNK);
    Some(blob.read(*next, limit).map(|bytes| {
        *next += bytes.len() as u64;
        Bytes::from(bytes)
    }))
}
