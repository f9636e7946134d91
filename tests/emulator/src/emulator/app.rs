//! The app from the outside: its configuration, its keys, its tokens, and what
//! an admin does to it.

use std::time::Duration;

use crate::BoxEmulator;
use crate::auth::{AccessLevel, App, Person, Powers, RefreshRule, Verdict, Visitor};
use crate::settings::{Settings, documented};
use crate::world::{COLLEAGUE, SERVICE, UserId};

impl BoxEmulator {
    /// The `[auth]` and `[endpoints]` tables of a configuration that works
    /// with this emulator.
    #[must_use]
    pub fn config_fragment(&self) -> String {
        let auth = auth_table(&self.shared.lock().settings);
        let base = self.base_url();
        format!(
            "{auth}\n[endpoints]\napi = \"{base}/2.0\"\nupload = \"{base}/api/2.0\"\n\
             token = \"{base}/oauth2/token\"\nauthorize = \"{base}/api/oauth2/authorize\"\n\
             revoke = \"{base}/oauth2/revoke\"\n"
        )
    }

    /// The file that Box's developer console hands out for an app with JWT.
    /// Without a passphrase, as for a key of one's own, it is left out.
    #[must_use]
    pub fn jwt_config(&self, kid: &str, private_key_pem: &str, passphrase: Option<&str>) -> String {
        let settings = self.shared.lock().settings.clone();
        let passphrase = passphrase.map_or_else(String::new, |text| {
            format!(",\n      \"passphrase\": {}", quoted(text))
        });
        format!(
            "{{\n  \"boxAppSettings\": {{\n    \"clientID\": {},\n    \"clientSecret\": {},\n    \
             \"appAuth\": {{\n      \"publicKeyID\": {},\n      \"privateKey\": {}{passphrase}\n    \
             }}\n  }},\n  \"enterpriseID\": {}\n}}\n",
            quoted(&settings.client_id),
            quoted(&settings.client_secret),
            quoted(kid),
            quoted(private_key_pem),
            quoted(&settings.enterprise_id),
        )
    }

    /// Registers a public key of the app, see
    /// [`Builder::public_key`](crate::Builder::public_key).
    ///
    /// # Panics
    /// When it is not one.
    #[track_caller]
    pub fn add_public_key(&self, kid: &str, pem: &str) {
        let added = self.shared.change(|state| state.console.keys.add(kid, pem));
        assert!(added.is_ok(), "'{kid}' is not an RSA public key in PEM");
    }

    /// Deletes a public key of the app; says whether it was there.
    pub fn remove_public_key(&self, kid: &str) -> bool {
        self.shared.change(|state| state.console.keys.remove(kid))
    }

    /// Says whether the enterprise's admin has authorised the app.
    pub fn set_app_authorized(&self, authorized: bool) {
        self.shared
            .change(|state| state.settings.app_authorized = authorized);
    }

    /// Says whether the app is enabled.
    pub fn set_app_enabled(&self, enabled: bool) {
        self.shared
            .change(|state| state.settings.app_enabled = enabled);
    }

    /// Sets the app's scopes in the console; they count from
    /// [`BoxEmulator::reauthorize_app`] on, for tokens issued afterwards.
    ///
    /// # Panics
    /// When Box documents no such scope.
    #[track_caller]
    pub fn set_app_scopes(&self, scopes: &[&str]) {
        let scopes = documented(scopes);
        self.shared
            .change(|state| state.settings.app_scopes = scopes);
    }

    /// Sets the app's access level in the console; it counts from
    /// [`BoxEmulator::reauthorize_app`] on.
    pub fn set_access_level(&self, level: AccessLevel) {
        self.shared
            .change(|state| state.settings.access_level = level);
    }

    /// What "Reauthorize App" does: scopes and access level count as they are
    /// in the console now.
    pub fn reauthorize_app(&self) {
        self.shared.change(|state| {
            state.console.powers = Powers::of(&state.settings);
        });
    }

    /// Says whether the app may ask for users' tokens.
    pub fn set_user_tokens(&self, allowed: bool) {
        self.shared
            .change(|state| state.settings.user_tokens = allowed);
    }

    /// Says whether calls may be made with the As-User header.
    pub fn set_as_user_allowed(&self, allowed: bool) {
        self.shared
            .change(|state| state.settings.as_user_allowed = allowed);
    }

    /// Says who sits in front of the authorize page from now on.
    pub fn set_authorize_as(&self, person: Person) {
        self.shared
            .change(|state| state.settings.authorize_as = person);
    }

    /// Says when the old pair dies after a refresh.
    pub fn set_refresh_rule(&self, rule: RefreshRule) {
        self.shared
            .change(|state| state.settings.refresh_rule = rule);
    }

    /// Sets the life of tokens to come.
    pub fn set_token_ttl(&self, ttl: Duration) {
        self.shared.change(|state| state.settings.token_ttl = ttl);
    }

    /// Ends the life of all access tokens now.
    pub fn expire_tokens(&self) {
        self.shared.change(|state| state.tokens.expire_all());
    }

    /// Ends the life of all refresh tokens now: their sixty days are over.
    pub fn expire_refresh_tokens(&self) {
        self.shared
            .change(|state| state.tokens.expire_refresh_tokens());
    }

    /// Ends the life of all authorization codes now.
    pub fn expire_codes(&self) {
        self.shared
            .change(|state| state.console.desk.expire_codes());
    }

    /// Registers a developer token for the main account; it lives until
    /// [`BoxEmulator::expire_tokens`].
    pub fn add_developer_token(&self, token: &str) {
        self.shared.change(|state| {
            let visitor = Visitor::new(SERVICE, &state.console.powers.scopes);
            state.tokens.add(token.to_owned(), visitor, None);
        });
    }

    /// Makes a grant of whoever sits in front of the authorize page, without
    /// the page; returns its refresh token.
    #[must_use]
    pub fn issue_refresh_token(&self) -> String {
        self.shared.change(crate::shared::State::grant_without_page)
    }

    /// Whether a refresh token would work; asking does not spend it.
    #[must_use]
    pub fn refresh_token_works(&self, token: &str) -> bool {
        self.shared.lock().tokens.refresh_works(token)
    }

    /// Whether this is a token, of either kind, that works; asking is no use
    /// of it.
    #[must_use]
    pub fn is_alive(&self, token: &str) -> bool {
        let tokens = &self.shared.lock().tokens;
        matches!(tokens.judge(token), Verdict::Good(_)) || tokens.refresh_works(token)
    }

    /// How many token requests came with this grant type, whatever became of
    /// them.
    #[must_use]
    pub fn grants(&self, grant_type: &str) -> usize {
        self.shared.lock().journal.grants(grant_type).0
    }

    /// How many of them were granted, also where the answer was lost.
    #[must_use]
    pub fn granted(&self, grant_type: &str) -> usize {
        self.shared.lock().journal.grants(grant_type).1
    }

    /// The main account's user id: the service account's, or under OAuth 2.0
    /// that of [`Person::Main`].
    #[must_use]
    pub fn service_account_id(&self) -> String {
        self.user_id(SERVICE)
    }

    /// The Colleague's user id, good as the subject of a user token.
    #[must_use]
    pub fn colleague_id(&self) -> String {
        self.user_id(COLLEAGUE)
    }

    fn user_id(&self, user: UserId) -> String {
        let state = self.shared.lock();
        let user = state.world.user(user);
        user.map_or_else(String::new, |user| user.id.clone())
    }
}

fn auth_table(settings: &Settings) -> String {
    let mut table = format!("[auth]\nmethod = \"{}\"\n", settings.app.method());
    let mut line = |key: &str, value: &str| {
        table.push_str(&format!("{key} = {}\n", quoted(value)));
    };
    if settings.app == App::Jwt {
        match &settings.jwt_config_file {
            Some(file) => line("config_file", &file.to_string_lossy()),
            None => table.push_str("# config_file = \"the app's JSON file\"\n"),
        }
        return table;
    }
    line("client_id", &settings.client_id);
    line("client_secret", &settings.client_secret);
    match settings.app {
        App::OAuth2 => {
            let uris = settings.redirect_uris();
            line("redirect_uri", uris.first().copied().unwrap_or_default());
        }
        App::ClientCredentials | App::Jwt => line("enterprise_id", &settings.enterprise_id),
    }
    table
}

/// A JSON string is a TOML string as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
