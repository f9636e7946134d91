//! How the service stands at the moment it is asked, as gauges. They are made anew each
//! time: what is no longer there, a mirror for instance, is not told any longer.

use crate::agent::snapshot::{MirrorNow, Snapshot, State};
use crate::remote::pace::Standing;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, Opts, Registry, Result};
use std::time::UNIX_EPOCH;

/// The gauges of a snapshot; without one, only that there is none.
pub(super) fn families(now: Option<&Snapshot>) -> Result<Vec<MetricFamily>> {
    let board = Board(Registry::new());
    board.one(
        "boxup_engine_up",
        "Whether the loop that does the work answered in time.",
        f64::from(u8::from(now.is_some())),
    )?;
    let version = env!("CARGO_PKG_VERSION");
    board
        .many("boxup_build_info", "Which boxup it is.", &["version"])?
        .with_label_values(&[version])
        .set(1.0);
    if let Some(now) = now {
        board.whole(now)?;
        board.mirrors(&now.mirrors)?;
    }
    Ok(board.0.gather())
}

struct Board(Registry);

impl Board {
    fn many(&self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
        let gauges = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn one(&self, name: &str, help: &str, value: f64) -> Result<()> {
        let none: &[&str] = &[];
        self.many(name, help, none)?
            .with_label_values(none)
            .set(value);
        Ok(())
    }

    fn whole(&self, now: &Snapshot) -> Result<()> {
        self.one(
            "boxup_box_reachable",
            "0 while Box does not answer and is tried again.",
            flag(now.silence.is_none()),
        )?;
        if let (_, Some(seconds)) = now.token {
            self.one(
                "boxup_token_expires_in_seconds",
                "For how long the access token is good. It is renewed when it is needed, so 0 \
                 is all right while nothing is to be sent.",
                float(seconds),
            )?;
        }
        self.one(
            "boxup_held_seconds",
            "How long Box asked to wait yet.",
            now.held.map_or(0.0, |held| held.as_secs_f64()),
        )?;
        let (limit, is_slowed) = now.bandwidth;
        if let Some(limit) = limit {
            self.one(
                "boxup_bandwidth_limit_bytes",
                "File content that may go out a second now; absent without a limit.",
                float(limit),
            )?;
        }
        let waits = self.many(
            "boxup_waiting",
            "Whether something waits: rate, for its turn under the rate limits; bandwidth, for \
             the bandwidth limit.",
            &["for"],
        )?;
        waits
            .with_label_values(&["rate"])
            .set(flag(now.is_waited_for));
        waits.with_label_values(&["bandwidth"]).set(flag(is_slowed));
        self.lanes([
            ("uploads", now.lanes.uploads),
            ("requests", now.lanes.calls),
        ])
    }

    fn lanes(&self, lanes: [(&str, Standing); 2]) -> Result<()> {
        let limit = self.many(
            "boxup_rate_limit",
            "Starts a minute, as configured.",
            &["lane"],
        )?;
        let allowed = self.many(
            "boxup_rate_allowed",
            "Starts a minute that are allowed now; fewer than configured after Box asked to \
             slow down.",
            &["lane"],
        )?;
        let used = self.many("boxup_rate_used", "Starts in the last minute.", &["lane"])?;
        for (lane, standing) in lanes {
            limit.with_label_values(&[lane]).set(standing.limit.into());
            allowed
                .with_label_values(&[lane])
                .set(standing.allowed.into());
            used.with_label_values(&[lane]).set(standing.used.into());
        }
        Ok(())
    }

    fn mirrors(&self, mirrors: &[MirrorNow]) -> Result<()> {
        let state = self.many(
            "boxup_mirror_state",
            "1 for what the mirror is at, 0 for everything else.",
            &["mirror", "state"],
        )?;
        let last = self.many(
            "boxup_last_pass_timestamp_seconds",
            "When the last pass came to its end without a halt, in seconds since 1970; absent \
             before the first.",
            &["mirror"],
        )?;
        for mirror in mirrors {
            let name = mirror.name.as_str();
            for one in State::ALL {
                let is_at = one == mirror.state;
                state
                    .with_label_values(&[name, one.word()])
                    .set(flag(is_at));
            }
            let passed = mirror
                .last_pass
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            if let Some(passed) = passed {
                last.with_label_values(&[name]).set(passed.as_secs_f64());
            }
        }
        for (metric, help, value) in BY_MIRROR {
            let gauges = self.many(metric, help, &["mirror"])?;
            for mirror in mirrors {
                gauges.with_label_values(&[&mirror.name]).set(value(mirror));
            }
        }
        Ok(())
    }
}

/// A gauge that each mirror has: its name, its help, its value.
type ByMirror = (&'static str, &'static str, fn(&MirrorNow) -> f64);

const BY_MIRROR: [ByMirror; 7] = [
    (
        "boxup_lag_seconds",
        "For how long the oldest change that is not on Box has been waiting; 0: all is there.",
        |mirror| mirror.lag.map_or(0.0, |lag| lag.as_secs_f64()),
    ),
    (
        "boxup_synced_files",
        "Files that are on Box as they were when they were last looked at.",
        |mirror| float(mirror.synced),
    ),
    (
        "boxup_pending",
        "Files and folders that wait for their turn.",
        |mirror| float(mirror.pending as u64),
    ),
    (
        "boxup_in_flight",
        "Files and folders under way.",
        |mirror| float(mirror.in_flight as u64),
    ),
    (
        "boxup_parked",
        "Entries that wait for a change or a person.",
        |mirror| float(mirror.parked),
    ),
    (
        "boxup_failed",
        "Entries that were given up until the next pass.",
        |mirror| float(mirror.failed as u64),
    ),
    (
        "boxup_held_back",
        "Files that min_version_interval holds back.",
        |mirror| float(mirror.held_back as u64),
    ),
];

fn flag(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure of 2^53 and more may be off by a few"
)]
fn float(number: u64) -> f64 {
    number as f64
}
