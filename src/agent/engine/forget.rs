//! Forgetting what was done long ago.

use crate::agent::engine::Engine;
use crate::plan::action::Edit;

/// The oldest entries are forgotten in pieces; so many at once hold nobody up.
const PIECES: usize = 16;

impl Engine {
    /// Forgets what is too old, as far as that is quickly done. What is wrong with the
    /// history stops nothing.
    pub(super) async fn forget_history(&self) {
        let Some(before) = self.context.diary.expired() else {
            return;
        };
        for _ in 0..PIECES {
            let oldest = self.context.readers.get();
            let oldest = oldest.and_then(|reader| reader.oldest_history());
            if !matches!(oldest, Ok(Some(oldest)) if oldest < before) {
                return;
            }
            let forget = vec![Edit::ForgetHistory(before)];
            if let Err(error) = self.store.writer().apply(forget).await {
                tracing::warn!(%error, "old history could not be forgotten");
                return;
            }
        }
    }
}
