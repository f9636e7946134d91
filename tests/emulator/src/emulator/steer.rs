//! What a test can change while the emulator runs: faults, limits, the
//! accounts, the clock; and waiting for something to happen.

use std::time::Duration;

use crate::BoxEmulator;
use crate::fault::Fault;

impl BoxEmulator {
    /// Queues a fault.
    pub fn inject(&self, fault: Fault) {
        self.shared.change(|state| state.faults.push(fault));
    }

    /// Forgets all queued faults.
    pub fn clear_faults(&self) {
        self.shared.change(|state| state.faults.clear());
    }

    /// Lets all held answers go.
    pub fn release_holds(&self) {
        self.shared.releases.send_modify(|count| *count += 1);
    }

    /// Processes what a `PersistLater` without delay has put off.
    pub fn persist_pending(&self) {
        self.shared.persists.send_modify(|count| *count += 1);
    }

    /// Empties the request log and the counters.
    pub fn clear_requests(&self) {
        self.shared.change(|state| state.journal.clear());
    }

    /// Switches the request log; the counters go on.
    pub fn set_request_log(&self, on: bool) {
        self.shared.change(|state| state.journal.set_logging(on));
    }

    /// Sets every account's storage; `None` is unlimited.
    pub fn set_quota(&self, bytes: Option<u64>) {
        self.shared.change(|state| state.settings.quota = bytes);
    }

    /// Sets every account's largest file.
    pub fn set_max_upload_size(&self, bytes: u64) {
        self.shared
            .change(|state| state.settings.max_upload_size = bytes);
    }

    /// Sets every account's `status` in `users/me`, such as `inactive`.
    pub fn set_account_status(&self, status: &str) {
        self.shared
            .change(|state| status.clone_into(&mut state.settings.account_status));
    }

    /// Enforces limits per window on whole-file uploads and on all calls.
    pub fn set_rate_limits(&self, uploads: Option<u32>, requests: Option<u32>) {
        self.shared.change(|state| {
            state.settings.uploads_per_minute = uploads;
            state.settings.requests_per_minute = requests;
        });
    }

    /// Sets the status of version uploads from now on, see
    /// [`Builder::version_upload_status`](crate::Builder::version_upload_status).
    pub fn set_version_upload_status(&self, status: u16) {
        self.shared
            .change(|state| state.settings.version_upload_status = status);
    }

    /// Sets Box's clock ahead of this machine's, or behind it.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.shared.change(|state| state.skew = seconds);
    }

    /// Blocks until the condition holds; `false` when the time is over first.
    /// The condition is looked at after each request and each change.
    pub fn wait_for(&self, what: impl Fn(&BoxEmulator) -> bool, timeout: Duration) -> bool {
        self.shared.wait_for(|| what(self), timeout)
    }
}
