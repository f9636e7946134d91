//! Which requests a piece of work has made at Box, for whoever tells of it: Box's support
//! asks for the ID of the request.

use crate::remote::lessons::words;
use reqwest::Method;
use reqwest::header::HeaderMap;
use std::cell::RefCell;

tokio::task_local! {
    static TRAIL: RefCell<Trail>;
}

/// The last requests of a piece of work.
#[derive(Debug, Default)]
struct Trail {
    /// One that only asked.
    asked: Option<String>,
    /// One that was to change something, or was refused.
    done: Option<String>,
}

/// Does some work, and returns with its result the ID that Box gave to the request that did
/// it: the last one that was to change something, else the last one.
pub(crate) async fn followed<T>(work: impl Future<Output = T>) -> (T, Option<String>) {
    let work = async {
        let done = work.await;
        let trail = TRAIL.with(RefCell::take);
        (done, trail.done.or(trail.asked))
    };
    TRAIL.scope(RefCell::default(), work).await
}

/// Box has answered.
pub(super) fn answered(method: &Method, headers: &HeaderMap) {
    if let Some(id) = words::header_id(headers) {
        let only_asks = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
        note(id, !only_asks);
    }
}

/// Box has refused; the ID is the one that its words are told with.
pub(super) fn refused(id: Option<&str>) {
    if let Some(id) = id {
        note(id.to_owned(), true);
    }
}

/// Outside of any work nobody wants to know.
fn note(id: String, counts: bool) {
    let _ = TRAIL.try_with(|trail| {
        let mut trail = trail.borrow_mut();
        match counts {
            true => trail.done = Some(id),
            false => trail.asked = Some(id),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{answered, followed, refused};
    use reqwest::Method;
    use reqwest::header::{HeaderMap, HeaderValue};

    fn headers(id: &'static str) -> HeaderMap {
        let id = HeaderValue::from_static(id);
        HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static("box-request-id"),
            id,
        )])
    }

    #[tokio::test]
    async fn the_request_that_did_it_is_told() {
        let get = (Method::GET, "get");
        let preflight = (Method::OPTIONS, "preflight");
        let post = (Method::POST, "post");
        for (requests, expected) in [
            (&[][..], None),
            (&[get.clone(), preflight.clone()], Some("preflight")),
            (
                &[preflight.clone(), post.clone(), get.clone()],
                Some("post"),
            ),
            (&[post.clone(), (Method::PUT, "put")], Some("put")),
        ] {
            let ((), id) = followed(async {
                for (method, id) in requests {
                    answered(method, &headers(id));
                }
            })
            .await;
            assert_eq!(id.as_deref(), expected, "{requests:?}");
        }
        let ((), id) = followed(async {
            answered(&post.0, &headers("post"));
            refused(Some("body.head"));
            refused(None);
        })
        .await;
        assert_eq!(id.as_deref(), Some("body.head"));
        // Outside there is nobody to tell.
        answered(&post.0, &headers("post"));
    }
}
