//! What a test can change while the emulator runs: faults, limits, tokens,
//! the clock; and waiting for something to happen.

use std::time::Duration;

use crate::BoxEmulator;
use crate::auth;
use crate::fault::Fault;
use crate::settings::AccessLevel;
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

    /// Makes all authorization codes too old.
    pub fn expire_codes(&self) {
        self.shared.change(|state| state.codes.expire_all());
    }

    /// Makes all refresh tokens too old.
    pub fn expire_refresh_tokens(&self) {
        self.shared.change(|state| state.tokens.logins.expire_all());
    }

    /// A refresh token of the main account, as a person's consent would bring.
    #[must_use]
    pub fn issue_refresh_token(&self) -> String {
        let answer = self.shared.change(|state| {
            let user = state.settings.authorize_as;
            auth::login(state, user)
        });
        answer["refresh_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Registers one more public key; `false` when it is no RSA key.
    pub fn add_public_key(&self, kid: &str, pem: &str) -> bool {
        self.shared.change(|state| state.public_keys.add(kid, pem))
    }

    /// Removes a public key.
    pub fn remove_public_key(&self, kid: &str) {
        self.shared.change(|state| state.public_keys.remove(kid));
    }

    /// Says whether the app is enabled.
    pub fn set_app_enabled(&self, enabled: bool) {
        self.shared
            .change(|state| state.settings.app_enabled = enabled);
    }

    /// Sets the app's access level.
    pub fn set_access_level(&self, level: AccessLevel) {
        self.shared
            .change(|state| state.settings.access_level = level);
    }

    /// Ticks scopes in the app's configuration. An authorisation is a snapshot: they
    /// count after [`BoxEmulator::reauthorize_app`], for tokens issued from then on.
    pub fn set_app_scopes(&self, scopes: &[&str]) {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.shared
            .change(|state| state.settings.app_scopes = scopes);
    }

    /// What an admin does after an app has changed.
    pub fn reauthorize_app(&self) {
        self.shared.change(|state| {
            state.settings.app_authorized = true;
            state.settings.authorized_scopes = state.settings.app_scopes.clone();
        });
    }

    /// What `users/me` tells of the account: `active`, `inactive`,
    /// `cannot_delete_edit` or `cannot_delete_edit_upload`.
    pub fn set_account_status(&self, status: &str) {
        let status = status.to_owned();
        self.shared
            .change(|state| state.settings.account_status = status);
    }

    /// Registers a developer token for the service account; it lives until
    /// [`BoxEmulator::expire_tokens`].
    pub fn add_developer_token(&self, token: &str) {
        self.shared.change(|state| {
            let scopes = state.settings.authorized_scopes.clone();
            state.tokens.add(token.to_owned(), SERVICE, None, scopes);
        });
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
