//! Whether Box is there at all: for how long nobody has got an answer. Pure.

use std::time::{Duration, Instant};

/// A silence, or none.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// Since when, and what was heard instead of an answer.
    since: Option<(Instant, String)>,
    /// How many answers there had been when this was last looked at.
    answers: u64,
}

impl Silence {
    /// Box has answered so often until now.
    pub(super) fn hear(&mut self, answers: u64) {
        if std::mem::replace(&mut self.answers, answers) != answers {
            self.since = None;
        }
    }

    /// A try that began then has brought no answer. Says whether this breaks the news.
    pub(super) fn deepen(&mut self, began: Instant, heard: &str) -> bool {
        let is_news = self.since.is_none();
        self.since.get_or_insert_with(|| (began, heard.to_owned()));
        is_news
    }

    /// Asked to wait is answered.
    pub(super) fn end(&mut self) {
        self.since = None;
    }

    /// What was heard instead of an answer.
    pub(super) fn heard(&self) -> Option<&str> {
        self.since.as_ref().map(|(_, heard)| heard.as_str())
    }

    /// When it lasts as long as is borne.
    pub(super) fn ends(&self, longest: Option<Duration>) -> Option<Instant> {
        let (since, _) = self.since.as_ref()?;
        Some(*since + longest?)
    }

    /// What was heard, if it has lasted too long.
    pub(super) fn too_long(&self, longest: Option<Duration>, now: Instant) -> Option<String> {
        let is_over = self.ends(longest).is_some_and(|end| end <= now);
        self.since
            .as_ref()
            .filter(|_| is_over)
            .map(|(_, heard)| heard.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Silence;
    use std::time::{Duration, Instant};

    #[test]
    fn a_silence_counts_from_the_first_try_and_ends_with_any_answer() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        let mut silence = Silence::default();
        silence.hear(3);
        assert!(silence.deepen(now, "refused"));
        assert!(!silence.deepen(now + minute / 2, "reset"));
        assert_eq!(silence.too_long(Some(minute), now + minute / 2), None);
        assert_eq!(
            silence.too_long(Some(minute), now + minute),
            Some("refused".to_owned())
        );
        assert_eq!(silence.too_long(None, now + minute), None);
        assert_eq!(silence.heard(), Some("refused"));
        silence.hear(3);
        assert_eq!(silence.ends(Some(minute)), Some(now + minute));
        silence.hear(4);
        assert_eq!(silence.ends(Some(minute)), None);
    }
}
