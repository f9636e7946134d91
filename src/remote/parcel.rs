//! A file's content on its way into a request.

use crate::model::trouble::Trouble;
use crate::remote::flow::Passage;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// One file's bytes, opened for one try. Reading it is somebody else's business.
pub(crate) struct Parcel {
    /// Exactly so many bytes come.
    pub(crate) size: u64,
    /// The bytes.
    pub(crate) body: reqwest::Body,
    /// How many were handed over so far.
    pub(crate) sent: Box<dyn Fn() -> u64 + Send + Sync>,
    /// After a failure: whether the file, not the network, was the reason.
    pub(crate) fault: Box<dyn Fn() -> Option<Trouble> + Send + Sync>,
}

/// Opens the content anew for each try: a stream cannot be sent twice.
pub(crate) type Open<'a> = &'a (dyn Fn() -> BoxFuture<'a, Result<Parcel, Trouble>> + Send + Sync);

/// Resolves when the counter has stood still for `patience`. Standing still because the
/// operator allows no more a second is not meant.
pub(crate) async fn stalled(
    sent: &(dyn Fn() -> u64 + Send + Sync),
    passage: &Passage,
    patience: Duration,
) {
    let (mut before, mut quiet) = (sent(), Duration::ZERO);
    while quiet < patience {
        tokio::time::sleep(patience / 8).await;
        let now = sent();
        quiet = if now == before && !passage.is_held() {
            quiet + patience / 8
        } else {
            Duration::ZERO
        };
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::stalled;
    use crate::remote::flow::Passage;
    use std::time::Duration;

    #[tokio::test]
    async fn only_the_network_stalls() {
        let (patience, longer) = (Duration::from_millis(16), Duration::from_millis(400));
        for (passage, expected) in [(Passage::default(), true), (Passage::held(), false)] {
            let stalled = stalled(&|| 7, &passage, patience);
            let is_stalled = tokio::time::timeout(longer, stalled).await.is_ok();
            assert_eq!(is_stalled, expected, "{passage:?}");
        }
    }
}
