//! What is counted from the service's start on, across other configurations: entries by
//! their end, requests by their answer, and how long things took.
//!
//! Every label is a mirror's name or a word of our own, so the number of series has a bound.

use crate::agent::notice::Notice;
use crate::plan::action::Report;
use crate::remote::traffic::Heard;
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, core::Collector,
};
use std::time::UNIX_EPOCH;

/// Seconds of a request; Box answers most within one, and an upload takes what the line
/// takes.
const REQUEST: [f64; 12] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
];
/// Seconds of an upload: a large file may take hours.
const UPLOAD: [f64; 12] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0,
];
/// Seconds of a pass, what it found to do included.
const PASS: [f64; 10] = [
    0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0,
];
/// The ends that are counted.
const OUTCOMES: [&str; 9] = [
    "uploaded",
    "new_version",
    "adopted",
    "moved",
    "trashed",
    "folder_created",
    "folder_adopted",
    "parked",
    "failed",
];
/// Statuses that Box documents or was seen to answer with; others are told by their class.
const STATUSES: [u16; 25] = [
    200, 201, 202, 204, 206, 400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 415, 416, 423, 429,
    500, 502, 503, 504, 507, 509,
];
const REGISTERED: &str = "each name is registered once";

/// The counters.
pub(super) struct Counts {
    registry: Registry,
    outcomes: IntCounterVec,
    content: IntCounterVec,
    sent: IntCounter,
    requests: IntCounterVec,
    errors: IntCounterVec,
    exchanges: HistogramVec,
    uploads: HistogramVec,
    passes: HistogramVec,
}

impl Counts {
    /// At zero.
    pub(super) fn new() -> Self {
        let all = Entered(Registry::new());
        all.start();
        Self {
            outcomes: all.counters(
                "boxup_outcomes_total",
                "What became of files and folders. What stays parked is told again by each pass.",
                &["mirror", "outcome"],
            ),
            content: all.counters(
                "boxup_uploaded_bytes_total",
                "Content of files that Box has stored as new files or new versions.",
                &["mirror"],
            ),
            sent: all.enter(IntCounter::new(
                "boxup_sent_bytes_total",
                "File content handed to the network, what was sent again included.",
            )),
            requests: all.counters(
                "boxup_requests_total",
                "Requests to Box by its operation ID and the answer's status; none: no answer.",
                &["operation", "status"],
            ),
            errors: all.counters(
                "boxup_errors_total",
                "Answers that were errors, by Box's code; none: it had none, other: not known.",
                &["code"],
            ),
            exchanges: all.histograms(
                "boxup_request_duration_seconds",
                "How long requests took, by Box's operation ID.",
                "operation",
                &REQUEST,
            ),
            uploads: all.histograms(
                "boxup_upload_duration_seconds",
                "How long the last try of each new file and version took, all of it included.",
                "mirror",
                &UPLOAD,
            ),
            passes: all.histograms(
                "boxup_pass_duration_seconds",
                "How long complete passes took, what they found to do included.",
                "mirror",
                &PASS,
            ),
            registry: all.0,
        }
    }

    /// These mirrors begin at zero: what is not there yet has no rate.
    pub(super) fn expect<'a>(&self, mirrors: impl Iterator<Item = &'a str>) {
        for mirror in mirrors {
            for outcome in OUTCOMES {
                self.outcomes.with_label_values(&[mirror, outcome]);
            }
            self.content.with_label_values(&[mirror]);
            self.uploads.with_label_values(&[mirror]);
            self.passes.with_label_values(&[mirror]);
        }
    }

    /// Something went over the wire.
    pub(super) fn heard(&self, heard: Heard) {
        match heard {
            Heard::Ended {
                operation,
                status,
                took,
            } => {
                let status = word(status);
                self.requests
                    .with_label_values(&[operation, status.as_str()])
                    .inc();
                self.exchanges
                    .with_label_values(&[operation])
                    .observe(took.as_secs_f64());
            }
            Heard::Refused { code } => self.errors.with_label_values(&[code]).inc(),
            Heard::Sent(bytes) => self.sent.inc_by(bytes),
        }
    }

    /// Something was told.
    pub(super) fn noticed(&self, notice: &Notice) {
        match notice {
            Notice::Entry {
                mirror,
                report,
                effort,
                ..
            } => {
                if let Some(outcome) = outcome(report) {
                    self.outcomes
                        .with_label_values(&[mirror.as_str(), outcome])
                        .inc();
                }
                if let Report::Uploaded(_, size) | Report::NewVersion(_, size) = report {
                    self.content.with_label_values(&[mirror]).inc_by(*size);
                    if let Some(took) = effort.took {
                        self.uploads
                            .with_label_values(&[mirror])
                            .observe(took.as_secs_f64());
                    }
                }
            }
            Notice::Passed { mirror, took } => {
                let pass = self.passes.with_label_values(&[mirror]);
                pass.observe(took.as_secs_f64());
            }
            _ => {}
        }
    }

    /// All of them, as they stand.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

fn outcome(report: &Report) -> Option<&'static str> {
    Some(match report {
        Report::Uploaded(..) => "uploaded",
        Report::NewVersion(..) => "new_version",
        Report::Adopted(_) => "adopted",
        Report::Moved(..) => "moved",
        Report::Trashed(..) => "trashed",
        Report::FolderCreated(..) => "folder_created",
        Report::FolderAdopted(..) => "folder_adopted",
        Report::Parked(_) => "parked",
        Report::Failed(_) => "failed",
        Report::Unchanged | Report::Left(_) | Report::Excluded(_) | Report::FolderKept(_) => {
            return None;
        }
    })
}

fn word(status: Option<u16>) -> String {
    match status {
        None => "none".to_owned(),
        Some(status) if STATUSES.contains(&status) => status.to_string(),
        Some(status) => format!("{}xx", (status / 100).min(9)),
    }
}

/// What is entered in a registry. Names, labels and buckets are constants: a mistake in one
/// shows at the first start.
struct Entered(Registry);

impl Entered {
    fn start(&self) {
        let start = self.enter(Gauge::new(
            "process_start_time_seconds",
            "When the service was started, in seconds since 1970.",
        ));
        let since = crate::clock::wall().duration_since(UNIX_EPOCH);
        start.set(since.map_or(0.0, |since| since.as_secs_f64()));
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.enter(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn histograms(&self, name: &str, help: &str, label: &str, buckets: &[f64]) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.enter(HistogramVec::new(options, &[label]))
    }

    fn enter<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let made = made.expect(REGISTERED);
        self.0.register(Box::new(made.clone())).expect(REGISTERED);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, OUTCOMES, word};
    use crate::remote::traffic::Heard;
    use std::time::Duration;

    #[test]
    fn there_is_a_bound_to_what_a_server_can_make_up() {
        assert_eq!(word(None), "none");
        assert_eq!(word(Some(429)), "429");
        assert_eq!(word(Some(499)), "4xx");
        assert_eq!(word(Some(65_535)), "9xx");
        let counts = Counts::new();
        for status in 0..=u16::MAX {
            counts.heard(Heard::Ended {
                operation: "get_users_me",
                status: Some(status),
                took: Duration::ZERO,
            });
        }
        let families = counts.gather();
        let requests = families
            .iter()
            .find(|family| family.name() == "boxup_requests_total");
        assert!(requests.unwrap().get_metric().len() < 40);
    }

    #[test]
    fn a_mirror_begins_at_zero() {
        let counts = Counts::new();
        counts.expect(["m"].into_iter());
        let families = counts.gather();
        let outcomes = families
            .iter()
            .find(|family| family.name() == "boxup_outcomes_total");
        assert_eq!(outcomes.unwrap().get_metric().len(), OUTCOMES.len());
    }
}
