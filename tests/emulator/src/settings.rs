//! What a test can choose about the emulated Box before it starts.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::BoxEmulator;
use crate::auth::{AccessLevel, App, Person, RefreshRule, known_scope};
use crate::chunked::{Chunked, Slow};
use crate::world::{COLLEAGUE, SERVICE, UserId};

/// Direct uploads above this are refused by default: Box's guide says 50 MB,
/// its own clients send up to 100 MiB.
pub const DEFAULT_MAX_DIRECT_UPLOAD: u64 = 104_857_600;
/// Box's specification answers a new version with 200, several of its SDKs'
/// fixtures with 201; the specification wins unless a test asks otherwise.
pub const DEFAULT_VERSION_UPLOAD_STATUS: u16 = 200;
/// A service account's usual quota.
pub const DEFAULT_QUOTA: u64 = 10 * 1024 * 1024 * 1024;
/// The size cap in Box's own `users/me` sample.
pub const DEFAULT_MAX_UPLOAD_SIZE: u64 = 5_368_709_120;
/// Where the authorize page leads unless a test registers another address.
pub const DEFAULT_REDIRECT_URI: &str = "http://127.0.0.1:8459/callback";
/// Box's rate limits count over this long.
pub const RATE_WINDOW: Duration = Duration::from_secs(60);

/// The knobs, as the running emulator holds them.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent question that Box's documents leave open"
)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) enterprise_id: String,
    pub(crate) token_ttl: Duration,
    pub(crate) app: App,
    pub(crate) app_authorized: bool,
    pub(crate) app_enabled: bool,
    pub(crate) app_scopes: Vec<&'static str>,
    pub(crate) access_level: AccessLevel,
    pub(crate) as_user_allowed: bool,
    pub(crate) public_keys: Vec<(String, String)>,
    pub(crate) jwt_config_file: Option<PathBuf>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) authorize_as: Person,
    pub(crate) code_ttl: Duration,
    pub(crate) refresh_ttl: Duration,
    pub(crate) refresh_rule: RefreshRule,
    pub(crate) old_access_survives_refresh: bool,
    pub(crate) restricted_answer: u16,
    pub(crate) account_status: String,
    pub(crate) float_quota: bool,
    pub(crate) user_tokens: bool,
    pub(crate) json_401: bool,
    pub(crate) require_content_length: bool,
    pub(crate) uploads_per_minute: Option<u32>,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) rate_window: Duration,
    pub(crate) max_direct_upload: u64,
    pub(crate) max_upload_size: u64,
    pub(crate) quota: Option<u64>,
    pub(crate) versions_count_in_quota: bool,
    pub(crate) version_upload_status: u16,
    pub(crate) refuse_leading_space: bool,
    pub(crate) one_use_upload_urls: bool,
    pub(crate) missing_with_etag_is_412: bool,
    pub(crate) folder_move_with_name: bool,
    pub(crate) deletes_for_good: bool,
    pub(crate) utc_offset_minutes: i32,
    pub(crate) chunked: Chunked,
    pub(crate) upload_base: Option<String>,
    pub(crate) spool_dir: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            port: 0,
            client_id: "emulated-client".to_owned(),
            client_secret: "emulated-secret".to_owned(),
            enterprise_id: "877840855".to_owned(),
            token_ttl: Duration::from_secs(4123),
            app: App::default(),
            app_authorized: true,
            app_enabled: true,
            app_scopes: vec!["root_readwrite"],
            access_level: AccessLevel::default(),
            as_user_allowed: true,
            public_keys: Vec::new(),
            jwt_config_file: None,
            redirect_uris: Vec::new(),
            authorize_as: Person::default(),
            code_ttl: Duration::from_secs(30),
            refresh_ttl: Duration::from_hours(60 * 24),
            refresh_rule: RefreshRule::default(),
            old_access_survives_refresh: false,
            restricted_answer: 403,
            account_status: "active".to_owned(),
            float_quota: false,
            user_tokens: true,
            json_401: false,
            require_content_length: false,
            uploads_per_minute: None,
            requests_per_minute: None,
            rate_window: RATE_WINDOW,
            max_direct_upload: DEFAULT_MAX_DIRECT_UPLOAD,
            max_upload_size: DEFAULT_MAX_UPLOAD_SIZE,
            quota: Some(DEFAULT_QUOTA),
            versions_count_in_quota: false,
            version_upload_status: DEFAULT_VERSION_UPLOAD_STATUS,
            refuse_leading_space: true,
            one_use_upload_urls: false,
            missing_with_etag_is_412: false,
            folder_move_with_name: false,
            deletes_for_good: false,
            utc_offset_minutes: -420,
            chunked: Chunked::default(),
            upload_base: None,
            spool_dir: std::env::temp_dir(),
        }
    }
}

impl Settings {
    /// The redirect URIs of the app.
    pub(crate) fn redirect_uris(&self) -> Vec<&str> {
        if self.redirect_uris.is_empty() {
            return vec![DEFAULT_REDIRECT_URI];
        }
        self.redirect_uris.iter().map(String::as_str).collect()
    }

    /// The account of whoever sits in front of the authorize page.
    pub(crate) fn visitor(&self) -> UserId {
        match self.authorize_as {
            Person::Colleague => COLLEAGUE,
            Person::Main => SERVICE,
        }
    }
}

/// The documented scopes of these names.
#[track_caller]
pub(crate) fn documented(scopes: &[&str]) -> Vec<&'static str> {
    let known = |name: &&str| {
        known_scope(name).unwrap_or_else(|| panic!("Box documents no scope '{name}'"))
    };
    scopes.iter().map(known).collect()
}

/// Builds an emulator that differs from the defaults.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    settings: Settings,
}

macro_rules! knobs {
    ($($(#[$doc:meta])+ $name:ident: $type:ty => $($field:ident).+ = $value:expr;)+) => {
        impl Builder {$(
            $(#[$doc])+
            #[must_use]
            pub fn $name(mut self, $name: $type) -> Builder {
                self.$($field).+ = $value;
                self
            }
        )+}
    };
}

knobs! {
    /// Listens on this port of 127.0.0.1; 0, the default, picks a free one.
    port: u16 => settings.port = port;
    /// The app's client id.
    client_id: impl Into<String> => settings.client_id = client_id.into();
    /// The app's client secret.
    client_secret: impl Into<String> => settings.client_secret = client_secret.into();
    /// The enterprise whose service account the app is.
    enterprise_id: impl Into<String> => settings.enterprise_id = enterprise_id.into();
    /// How long access tokens live; below a second is allowed.
    token_ttl: Duration => settings.token_ttl = token_ttl;
    /// Whether the enterprise's admin has authorised the app (default: yes).
    app_authorized: bool => settings.app_authorized = app_authorized;
    /// How the app authenticates (default: client credentials).
    app: App => settings.app = app;
    /// Whether the app is enabled where unpublished apps are not by default
    /// (default: yes).
    app_enabled: bool => settings.app_enabled = app_enabled;
    /// Whose content the app may work with (default: App + Enterprise Access).
    access_level: AccessLevel => settings.access_level = access_level;
    /// The app's scopes (default: `root_readwrite`).
    app_scopes: &[&str] => settings.app_scopes = documented(app_scopes);
    /// Whether calls may be made with the As-User header (default: yes).
    as_user_allowed: bool => settings.as_user_allowed = as_user_allowed;
    /// The file that `config_fragment` names for an app with JWT.
    jwt_config_file: impl Into<PathBuf> => settings.jwt_config_file = Some(jwt_config_file.into());
    /// Who sits in front of the authorize page (default: the Colleague).
    authorize_as: Person => settings.authorize_as = authorize_as;
    /// How long authorization codes live (default: 30 s).
    code_ttl: Duration => settings.code_ttl = code_ttl;
    /// How long refresh tokens live (default: 60 days).
    refresh_ttl: Duration => settings.refresh_ttl = refresh_ttl;
    /// When the old pair dies after a refresh (default: at once).
    refresh_rule: RefreshRule => settings.refresh_rule = refresh_rule;
    /// Whether, under [`RefreshRule::RetireAtOnce`], the old access token
    /// lives on (default: no, as an engineer of Box said).
    old_access_survives_refresh: bool => settings.old_access_survives_refresh = old_access_survives_refresh;
    /// The status for an item outside of a down-scoped token's resource, which
    /// Box does not document: 403 (default), 401 or 404.
    restricted_answer: u16 => settings.restricted_answer = restricted_answer;
    /// The `status` of all accounts in `users/me` (default: `active`).
    account_status: impl Into<String> => settings.account_status = account_status.into();
    /// Whether unlimited storage is written as `1.0e+18`, as seen in the wild
    /// (default: no, a whole number).
    float_quota: bool => settings.float_quota = float_quota;
    /// Whether the app may ask for users' tokens (default: yes).
    user_tokens: bool => settings.user_tokens = user_tokens;
    /// Answers 401 with the JSON envelope; Box's body is often empty (default).
    json_401: bool => settings.json_401 = json_401;
    /// Refuses uploads without `Content-Length` with 411 (default: accepts
    /// them and leaves a remark, since rclone streams).
    require_content_length: bool => settings.require_content_length = require_content_length;
    /// Enforces a limit on whole-file uploads in any sliding window.
    uploads_per_minute: u32 => settings.uploads_per_minute = Some(uploads_per_minute);
    /// Enforces a limit on all API calls in any sliding window.
    requests_per_minute: u32 => settings.requests_per_minute = Some(requests_per_minute);
    /// How long the rate limits' window is (default: a minute).
    rate_window: Duration => settings.rate_window = rate_window;
    /// Largest content of a direct upload (default 100 MiB; the guide's strict
    /// figure is 50,000,000).
    max_direct_upload: u64 => settings.max_direct_upload = max_direct_upload;
    /// The accounts' largest file.
    max_upload_size: u64 => settings.max_upload_size = max_upload_size;
    /// The accounts' storage; `None` is unlimited.
    quota: Option<u64> => settings.quota = quota;
    /// Whether past versions use up quota (default: no; trashed files always do).
    versions_count_in_quota: bool => settings.versions_count_in_quota = versions_count_in_quota;
    /// The status of a version upload: 200 (default, the specification) or 201.
    version_upload_status: u16 => settings.version_upload_status = version_upload_status;
    /// Whether a leading space makes a name invalid (default: yes, the error
    /// text says so; rclone found it to work).
    refuse_leading_space: bool => settings.refuse_leading_space = refuse_leading_space;
    /// Whether a preflight's `upload_url` works only once (default: no).
    one_use_upload_urls: bool => settings.one_use_upload_urls = one_use_upload_urls;
    /// Box's guide says that `If-Match` with the last etag of an item that is
    /// gone gives 412 rather than 404 (default: 404).
    missing_with_etag_is_412: bool => settings.missing_with_etag_is_412 = missing_with_etag_is_412;
    /// Whether a folder may be renamed and moved in one request. The
    /// specification answers 403 `operation_limit_exceeded` (default); rclone
    /// always sends both and is said to work.
    folder_move_with_name: bool => settings.folder_move_with_name = folder_move_with_name;
    /// Whether what is deleted is gone for good, as an enterprise may have it
    /// (default: no, it goes to the trash).
    deletes_for_good: bool => settings.deletes_for_good = deletes_for_good;
    /// The enterprise's time zone, in minutes east of Greenwich.
    utc_offset_minutes: i32 => settings.utc_offset_minutes = utc_offset_minutes;
    /// The size of all parts of chunked uploads (default: by the file's size,
    /// 8 MiB up to 2 GiB).
    part_size: u64 => settings.chunked.part_size = Some(part_size);
    /// The smallest file that may be uploaded in parts (default 20,000,000).
    chunked_minimum: u64 => settings.chunked.minimum = chunked_minimum;
    /// How long upload sessions live, by the emulator's clock (default: seven
    /// days).
    session_lifetime: Duration => settings.chunked.lifetime = session_lifetime;
    /// Whether a second session for the same file and size is refused with 409
    /// `session_conflict`, which only Box's own uploader knows (default: no).
    session_conflict: bool => settings.chunked.conflict = session_conflict;
    /// The status of `range_overlaps_existing_part`: 409 (default, the
    /// specification) or 416, as Box's app for Android has it.
    part_overlap_status: u16 => settings.chunked.overlap_status = part_overlap_status;
    /// The status of a part whose digest is wrong: 412 `precondition_failed`
    /// (default, nearest to the specification) or 400 `bad_digest`.
    part_digest_status: u16 => settings.chunked.digest_status = part_digest_status;
    /// For how long commits are answered with 400 `parts_mismatch` although
    /// nothing is wrong (default: never).
    slow_parts: Slow => settings.chunked.slow_parts = slow_parts;
    /// For how long commits are answered with 202 (default: never).
    slow_commit: Slow => settings.chunked.slow_commit = slow_commit;
    /// The `Retry-After` of a commit's 202 (default: `1`).
    commit_retry_after: Option<String> => settings.chunked.retry_after = commit_retry_after;
    /// The start of the upload URLs handed out, for example
    /// `https://upload.box.com/api/2.0`; default: from the request's `Host`.
    upload_base: impl Into<String> => settings.upload_base = Some(upload_base.into());
    /// Where file contents are kept (unlinked); default: the temporary directory.
    spool_dir: impl Into<PathBuf> => settings.spool_dir = spool_dir.into();
}

impl Builder {
    /// Registers a public key of the app: RSA from 2048 bits on, in PEM, as
    /// `PUBLIC KEY` or `RSA PUBLIC KEY`.
    #[must_use]
    pub fn public_key(mut self, kid: &str, pem: &str) -> Builder {
        let key = (kid.to_owned(), pem.to_owned());
        self.settings.public_keys.push(key);
        self
    }

    /// Registers a redirect URI, instead of [`DEFAULT_REDIRECT_URI`] or beside
    /// others. It is compared exactly; `http` on the loopback goes with any
    /// port.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Builder {
        self.settings.redirect_uris.push(uri.into());
        self
    }

    /// Starts the emulator.
    ///
    /// # Errors
    /// When the port is taken, the spool file cannot be made or a public key
    /// is not one.
    pub fn start(self) -> io::Result<BoxEmulator> {
        BoxEmulator::with_settings(self.settings)
    }
}
