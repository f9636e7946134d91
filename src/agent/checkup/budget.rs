//! How long Box may take to answer.

use crate::model::trouble::Trouble;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A bound for each question. Once there was no answer, nothing more is asked: a list of
/// fifty mirrors must not become fifty waits.
pub(crate) struct Budget {
    each: Option<Duration>,
    is_spent: AtomicBool,
}

impl Budget {
    /// This long for each question.
    pub(crate) fn of_each(each: Duration) -> Self {
        Self {
            each: Some(each),
            is_spent: AtomicBool::new(false),
        }
    }

    /// As long as the client itself waits.
    pub(crate) fn unbounded() -> Self {
        Self {
            each: None,
            is_spent: AtomicBool::new(false),
        }
    }

    /// Asks within the bound.
    pub(crate) async fn spend<T>(
        &self,
        asking: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        if self.is_spent.load(Ordering::Relaxed) {
            let what = "not asked any more, because Box had stopped answering";
            return Err(Trouble::NoAnswer(what.to_owned()));
        }
        let answer = match self.each {
            None => asking.await,
            Some(each) => match tokio::time::timeout(each, asking).await {
                Ok(answer) => answer,
                Err(_) => Err(Trouble::NoAnswer(format!(
                    "Box does not answer within {} seconds",
                    each.as_secs()
                ))),
            },
        };
        if matches!(answer, Err(Trouble::NoAnswer(_))) {
            self.is_spent.store(true, Ordering::Relaxed);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use crate::model::trouble::Trouble;
    use std::time::Duration;

    #[tokio::test]
    async fn after_one_silence_nothing_more_is_asked() {
        let budget = Budget::of_each(Duration::from_millis(1));
        assert_eq!(budget.spend(async { Ok(1) }).await, Ok(1));
        let silence = std::future::pending::<Result<i32, Trouble>>();
        assert!(budget.spend(silence).await.is_err());
        assert!(budget.spend(async { Ok(1) }).await.is_err());
    }
}
