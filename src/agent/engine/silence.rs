//! Whether Box is there at all: for how long nobody has got an answer. Pure.

use std::time::{Duration, Instant};

/// One try may take longer than a silence is borne, and then it is the connection that
/// is dead, for all that is known: the next try gets this long.
const SECOND_TRY: Duration = Duration::from_secs(15);

/// A silence, or none.
#[derive(Debug, Default)]
pub(super) struct Silence {
    since: Option<Since>,
    /// How many answers there had been when this was last looked at.
    answers: u64,
}

/// What is known of a silence.
#[derive(Debug)]
struct Since {
    /// When the first try began that brought no answer.
    began: Instant,
    /// When that was known.
    known: Instant,
    /// What was heard instead.
    heard: String,
}

impl Silence {
    /// Box has answered so often until now.
    pub(super) fn hear(&mut self, answers: u64) {
        if std::mem::replace(&mut self.answers, answers) != answers {
            self.since = None;
        }
    }

    /// A try that began then has brought no answer until now. Says whether this breaks
    /// the news.
    pub(super) fn deepen(&mut self, began: Instant, now: Instant, heard: &str) -> bool {
        let is_news = self.since.is_none();
        self.since.get_or_insert_with(|| Since {
            began,
            known: now,
            heard: heard.to_owned(),
        });
        is_news
    }

    /// Asked to wait is answered.
    pub(super) fn end(&mut self) {
        self.since = None;
    }

    /// What was heard instead of an answer.
    pub(super) fn heard(&self) -> Option<&str> {
        self.since.as_ref().map(|since| since.heard.as_str())
    }

    /// Since when nobody has got an answer.
    pub(super) fn began(&self) -> Option<Instant> {
        self.since.as_ref().map(|since| since.began)
    }

    /// When it lasts as long as is borne.
    pub(super) fn ends(&self, longest: Option<Duration>) -> Option<Instant> {
        let since = self.since.as_ref()?;
        Some((since.began + longest?).max(since.known + SECOND_TRY))
    }

    /// What was heard, if it has lasted too long.
    pub(super) fn too_long(&self, longest: Option<Duration>, now: Instant) -> Option<String> {
        let is_over = self.ends(longest).is_some_and(|end| end <= now);
        self.since
            .as_ref()
            .filter(|_| is_over)
            .map(|since| since.heard.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{SECOND_TRY, Silence};
    use std::time::{Duration, Instant};

    #[test]
    fn a_silence_counts_from_the_first_try_and_ends_with_any_answer() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        let mut silence = Silence::default();
        silence.hear(3);
        assert!(silence.deepen(now, now, "refused"));
        assert!(!silence.deepen(now + minute / 2, now + minute / 2, "reset"));
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

    #[test]
    fn a_try_that_took_all_the_time_is_followed_by_another() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        let mut silence = Silence::default();
        let known = now + 2 * minute;
        assert!(silence.deepen(now, known, "no answer in time"));
        assert_eq!(silence.too_long(Some(minute), known), None);
        assert_eq!(silence.ends(Some(minute)), Some(known + SECOND_TRY));
        // More of the same does not give more time.
        assert!(!silence.deepen(known, known + minute, "no answer in time"));
        assert_eq!(silence.ends(Some(minute)), Some(known + SECOND_TRY));
        let over = silence.too_long(Some(minute), known + SECOND_TRY);
        assert_eq!(over.as_deref(), Some("no answer in time"));
    }
}
