//! What is told of requests as they end: for figures, never for decisions.

use crate::model::trouble::Trouble;
use crate::remote::lessons;
use reqwest::StatusCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Something worth a figure. All words in it come from this program's own tables, so there
/// is a bound to how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A request has ended.
    Ended {
        /// Box's operation ID.
        operation: &'static str,
        /// The status of its answer, if one began.
        status: Option<u16>,
        /// How long it took, the reading of its answer included.
        took: Duration,
    },
    /// Its answer was an error.
    Refused {
        /// Box's code: `none` where the answer had none, `other` for one we do not know.
        code: &'static str,
    },
    /// So many bytes of file content were handed to the network.
    Sent(u64),
}

/// Told all of it, from any task.
pub(crate) type Listener = Box<dyn Fn(Heard) + Send + Sync>;

/// Tells whoever listens; nobody does in a single pass.
#[derive(Default)]
pub(crate) struct Traffic(OnceLock<Listener>);

impl Traffic {
    /// From now on this one is told. The first one stays.
    pub(crate) fn tell(&self, listener: Listener) {
        drop(self.0.set(listener));
    }

    /// A request goes out; told when the result is dropped, however that comes about.
    pub(crate) fn begin(&self, operation: &'static str) -> UnderWay<'_> {
        UnderWay {
            traffic: self,
            operation,
            status: None,
            began: Instant::now(),
        }
    }

    /// An answer was an error, which means this.
    pub(crate) fn refused(&self, trouble: &Trouble) {
        let code = trouble.said().map_or("", |said| said.code.as_str());
        let code = match code {
            "" => "none",
            code => lessons::known(code).unwrap_or("other"),
        };
        self.say(Heard::Refused { code });
    }

    /// So many bytes of file content were handed to the network.
    pub(crate) fn sent(&self, bytes: u64) {
        self.say(Heard::Sent(bytes));
    }

    fn say(&self, heard: Heard) {
        if let Some(listener) = self.0.get() {
            listener(heard);
        }
    }
}

/// A request under way.
pub(crate) struct UnderWay<'a> {
    traffic: &'a Traffic,
    operation: &'static str,
    status: Option<u16>,
    began: Instant,
}

impl UnderWay<'_> {
    /// Its answer begins.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status.as_u16());
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.traffic.say(Heard::Ended {
            operation: self.operation,
            status: self.status,
            took: self.began.elapsed(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, Traffic};
    use crate::model::trouble::{Said, Trouble};
    use reqwest::StatusCode;
    use std::sync::{Arc, Mutex};

    #[test]
    fn every_request_is_told_once_and_unknown_codes_have_one_name() {
        let told: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let traffic = Traffic::default();
        traffic.sent(1);
        let into = Arc::clone(&told);
        traffic.tell(Box::new(move |heard| into.lock().unwrap().push(heard)));
        traffic
            .begin("get_users_me")
            .answered(StatusCode::NOT_FOUND);
        drop(traffic.begin("post_folders"));
        for code in ["", "item_name_in_use", "made\nup"] {
            let code = code.to_owned();
            traffic.refused(&Trouble::Gone(Said {
                code,
                ..Said::default()
            }));
        }
        traffic.refused(&Trouble::NoAnswer(String::new()));
        let words: Vec<_> = told
            .lock()
            .unwrap()
            .iter()
            .map(|heard| match heard {
                Heard::Ended {
                    operation, status, ..
                } => format!("{operation} {status:?}"),
                Heard::Refused { code } => (*code).to_owned(),
                Heard::Sent(bytes) => bytes.to_string(),
            })
            .collect();
        let expected = [
            "get_users_me Some(404)",
            "post_folders None",
            "none",
            "item_name_in_use",
            "other",
            "none",
        ];
        assert_eq!(words, expected);
    }
}
