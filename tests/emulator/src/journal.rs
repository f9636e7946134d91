//! What was asked of the emulator: the request log, counters and complaints.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// One request. An answer that never went out leaves `status` empty.
#[derive(Clone, Debug)]
pub struct Request {
    /// Number of the request, from 1.
    pub seq: u64,
    /// When its head had arrived.
    pub at: Instant,
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent, without the question mark.
    pub query: String,
    /// Box's operation id; `unknown` for anything else.
    pub operation: &'static str,
    /// The status answered; `None` while under way and after a dropped
    /// connection.
    pub status: Option<u16>,
    /// Box's error code in the answer.
    pub code: Option<String>,
    /// Bytes of file content received.
    pub content_bytes: u64,
    /// Bytes of body received.
    pub body_bytes: u64,
    /// Tells tokens apart without giving them away.
    pub authorization: Option<String>,
    /// `If-Match` as sent.
    pub if_match: Option<String>,
    /// `Content-Range` as sent.
    pub content_range: Option<String>,
    /// `Digest` as sent.
    pub digest: Option<String>,
    /// `content-md5` as sent.
    pub content_md5: Option<String>,
    /// `Content-Length` as sent.
    pub content_length: Option<u64>,
    /// `Transfer-Encoding` as sent.
    pub transfer_encoding: Option<String>,
    /// `User-Agent` as sent.
    pub user_agent: Option<String>,
    /// The item's name in the body or, of an upload session, at its opening.
    pub name: Option<String>,
    /// The `grant_type` of a token request; an undocumented one is `unknown`.
    pub grant_type: Option<String>,
    /// `As-User` as sent.
    pub as_user: Option<String>,
}

/// How a request ended.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) content_bytes: u64,
    pub(crate) body_bytes: u64,
    pub(crate) name: Option<String>,
    pub(crate) grant_type: Option<&'static str>,
}

/// Log and counters.
pub(crate) struct Journal {
    entries: VecDeque<Request>,
    counts: HashMap<&'static str, u64>,
    statuses: HashMap<(&'static str, u16), u64>,
    bytes: HashMap<&'static str, u64>,
    asked: HashMap<&'static str, usize>,
    granted: HashMap<&'static str, usize>,
    next: u64,
    under_way: usize,
    logging: bool,
    unknown: Vec<String>,
    remarks: Vec<String>,
}

/// Remarks are told once each; a huge run must not pile them up.
const MAX_REMARKS: usize = 1000;

impl Journal {
    /// An empty journal that logs.
    pub(crate) fn new() -> Journal {
        Journal {
            entries: VecDeque::new(),
            counts: HashMap::new(),
            statuses: HashMap::new(),
            bytes: HashMap::new(),
            asked: HashMap::new(),
            granted: HashMap::new(),
            next: 1,
            under_way: 0,
            logging: true,
            unknown: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Enters a request; returns its number.
    pub(crate) fn enter(&mut self, mut request: Request) -> u64 {
        let seq = self.next;
        self.next += 1;
        self.under_way += 1;
        *self.counts.entry(request.operation).or_default() += 1;
        if self.logging {
            request.seq = seq;
            self.entries.push_back(request);
        }
        seq
    }

    /// Notes how it ended.
    pub(crate) fn leave(&mut self, seq: u64, operation: &'static str, outcome: Outcome) {
        self.under_way -= 1;
        if let Some(status) = outcome.status {
            *self.statuses.entry((operation, status)).or_default() += 1;
        }
        *self.bytes.entry(operation).or_default() += outcome.body_bytes;
        let at = self.entries.partition_point(|entry| entry.seq < seq);
        if let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.seq == seq) {
            entry.status = outcome.status;
            entry.code = outcome.code;
            entry.content_bytes = outcome.content_bytes;
            entry.body_bytes = outcome.body_bytes;
            entry.name = outcome.name;
            entry.grant_type = outcome.grant_type.map(str::to_owned);
        }
    }

    /// How many requests have come and not gone.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    /// The log.
    pub(crate) fn entries(&self) -> Vec<Request> {
        self.entries.iter().cloned().collect()
    }

    /// Empties log and counters.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.counts.clear();
        self.statuses.clear();
        self.bytes.clear();
        self.asked.clear();
        self.granted.clear();
    }

    /// Switches the log, not the counters.
    pub(crate) fn set_logging(&mut self, on: bool) {
        self.logging = on;
    }

    /// How often an operation was called.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        self.counts.get(operation).copied().unwrap_or_default()
    }

    /// How often it was answered with this status.
    pub(crate) fn count_status(&self, operation: &str, status: u16) -> u64 {
        let matching = self
            .statuses
            .iter()
            .filter(|((known, answered), _)| *known == operation && *answered == status);
        matching.map(|(_, count)| count).sum()
    }

    /// How many bytes of bodies an operation got.
    pub(crate) fn bytes(&self, operation: &str) -> u64 {
        self.bytes.get(operation).copied().unwrap_or_default()
    }

    /// Counts a token request.
    pub(crate) fn asked(&mut self, grant_type: &'static str) {
        *self.asked.entry(grant_type).or_default() += 1;
    }

    /// Counts a grant.
    pub(crate) fn granted(&mut self, grant_type: &'static str) {
        *self.granted.entry(grant_type).or_default() += 1;
    }

    /// How many token requests of that type came, and how many were granted.
    pub(crate) fn grants(&self, grant_type: &str) -> (usize, usize) {
        let count = |all: &HashMap<_, usize>| all.get(grant_type).copied().unwrap_or_default();
        (count(&self.asked), count(&self.granted))
    }

    /// All requests.
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Complains about a call that the emulator does not know.
    pub(crate) fn unknown(&mut self, call: String) {
        if self.unknown.len() < MAX_REMARKS {
            self.unknown.push(call);
        }
    }

    /// Notes something odd that Box does not refuse.
    pub(crate) fn remark(&mut self, remark: String) {
        if self.remarks.len() < MAX_REMARKS && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// The unknown calls.
    pub(crate) fn unknown_calls(&self) -> Vec<String> {
        self.unknown.clone()
    }

    /// The remarks.
    pub(crate) fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}
