//! What a test can change while the emulator runs: faults, limits, tokens,
//! the clock; and waiting for something to happen.

use std::time::Duration;

use crate::BoxEmulator;
use crate::fault::Fault;
use crate::world::{COLLEAGUE, SERVICE};

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

    /// Says whether the enterprise's admin has authorised the app.
    pub fn set_app_authorized(&self, authorized: bool) {
        self.shared
            .change(|state| state.settings.app_authorized = authorized);
    }

    /// Says whether the app may ask for users' tokens.
    pub fn set_user_tokens(&self, allowed: bool) {
        self.shared
            .change(|state| state.settings.user_tokens = allowed);
    }

    /// Sets the life of tokens to come.
    pub fn set_token_ttl(&self, ttl: Duration) {
        self.shared.change(|state| state.settings.token_ttl = ttl);
    }

    /// Ends the life of all tokens now.
    pub fn expire_tokens(&self) {
        self.shared.change(|state| state.tokens.expire_all());
    }

    /// Registers a developer token for the service account; it lives until
    /// [`BoxEmulator::expire_tokens`].
    pub fn add_developer_token(&self, token: &str) {
        self.shared
            .change(|state| state.tokens.add(token.to_owned(), SERVICE, None));
    }

    /// Enforces limits per window on whole-file uploads and on all calls.
    pub fn set_rate_limits(&self, uploads: Option<u32>, requests: Option<u32>) {
        self.shared.change(|state| {
            state.settings.uploads_per_minute = uploads;
            state.settings.requests_per_minute = requests;
        });
    }

    /// Sets Box's clock ahead of this machine's, or behind it.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.shared.change(|state| state.skew = seconds);
    }

    /// The service account's user id.
    #[must_use]
    pub fn service_account_id(&self) -> String {
        self.user_id(SERVICE)
    }

    /// The Colleague's user id, good as the subject of a user token.
    #[must_use]
    pub fn colleague_id(&self) -> String {
        self.user_id(COLLEAGUE)
    }

    /// Blocks until the condition holds; `false` when the time is over first.
    /// The condition is looked at after each request and each change.
    pub fn wait_for(&self, what: impl Fn(&BoxEmulator) -> bool, timeout: Duration) -> bool {
        self.shared.wait_for(|| what(self), timeout)
    }

    fn user_id(&self, user: usize) -> String {
        let state = self.shared.lock();
        let user = state.world.user(user);
        user.map_or_else(String::new, |user| user.id.clone())
    }
}
