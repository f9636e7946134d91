//! What a configuration file says: the keys as they are written, and nothing else.
//!
//! Only types and unknown keys are judged here; what the values mean is `resolve`'s part.

use crate::config::network::holds_password;
use crate::config::problem::{Place, Problems};
use crate::config::reader::{Asked, Entry, Section, read_document};
use crate::config::wording::{MAX_DELETES, Meaning};
use secrecy::SecretString;

/// The whole file.
pub(crate) struct File {
    pub(crate) auth: AuthTable,
    pub(crate) mirrors: Entry<Vec<MirrorTable>>,
    pub(crate) watch: WatchTable,
    pub(crate) limits: LimitsTable,
    pub(crate) state_dir: Entry<String>,
    pub(crate) verify_every: Entry<String>,
    pub(crate) endpoints: EndpointsTable,
    pub(crate) network: NetworkTable,
    pub(crate) notify: NotifyTable,
    pub(crate) metrics: MetricsTable,
    /// Every key that can be given, and what is said about it.
    pub(crate) asked: Vec<Asked>,
}

/// `[auth]`
pub(crate) struct AuthTable {
    pub(crate) here: Entry<()>,
    pub(crate) method: Entry<String>,
    pub(crate) client_id: Entry<String>,
    pub(crate) client_secret: Entry<SecretString>,
    pub(crate) client_secret_file: Entry<String>,
    pub(crate) client_secret_command: Entry<String>,
    pub(crate) config_file: Entry<String>,
    pub(crate) config_command: Entry<String>,
    pub(crate) enterprise_id: Entry<String>,
    pub(crate) user_id: Entry<String>,
    pub(crate) developer_token: Entry<SecretString>,
    pub(crate) developer_token_file: Entry<String>,
    pub(crate) developer_token_command: Entry<String>,
    pub(crate) algorithm: Entry<String>,
    pub(crate) redirect_uri: Entry<String>,
    pub(crate) as_user: Entry<String>,
}

/// `[[mirror]]`
pub(crate) struct MirrorTable {
    pub(crate) place: Place,
    pub(crate) name: Entry<String>,
    pub(crate) local: Entry<String>,
    pub(crate) folder_id: Entry<String>,
    pub(crate) folder_path: Entry<String>,
    pub(crate) exclude: Vec<Entry<String>>,
    pub(crate) include: Vec<Entry<String>>,
    pub(crate) default_excludes: Entry<bool>,
    pub(crate) skip_hidden: Entry<bool>,
    pub(crate) max_size: Entry<String>,
    pub(crate) min_age: Entry<String>,
    pub(crate) cachedir_tag: Entry<bool>,
    pub(crate) one_file_system: Entry<bool>,
    pub(crate) symlinks: Entry<String>,
    pub(crate) on_existing: Entry<String>,
    pub(crate) on_remote_change: Entry<String>,
    pub(crate) on_invalid_name: Entry<String>,
    pub(crate) min_version_interval: Entry<String>,
    pub(crate) on_local_delete: Entry<String>,
    pub(crate) max_deletes: Entry<String>,
}

/// `[watch]`
pub(crate) struct WatchTable {
    pub(crate) settle: Entry<String>,
    pub(crate) rescan: Entry<String>,
    pub(crate) mode: Entry<String>,
    pub(crate) poll_interval: Entry<String>,
}

/// `[limits]`
pub(crate) struct LimitsTable {
    pub(crate) uploads_per_minute: Entry<i64>,
    pub(crate) requests_per_minute: Entry<i64>,
    pub(crate) concurrent_uploads: Entry<i64>,
    pub(crate) concurrent_parts: Entry<i64>,
    pub(crate) bandwidth: Vec<Entry<String>>,
}

/// `[endpoints]`
pub(crate) struct EndpointsTable {
    pub(crate) api: Entry<String>,
    pub(crate) upload: Entry<String>,
    pub(crate) token: Entry<String>,
    pub(crate) authorize: Entry<String>,
    pub(crate) revoke: Entry<String>,
}

/// `[network]`
pub(crate) struct NetworkTable {
    pub(crate) proxy: Entry<SecretString>,
    pub(crate) ca_file: Entry<String>,
}

/// `[notify]`
pub(crate) struct NotifyTable {
    pub(crate) command: Entry<String>,
    pub(crate) webhook: Entry<SecretString>,
    pub(crate) webhook_file: Entry<String>,
    pub(crate) webhook_command: Entry<String>,
    pub(crate) heartbeat: Entry<SecretString>,
    pub(crate) heartbeat_file: Entry<String>,
    pub(crate) heartbeat_command: Entry<String>,
    pub(crate) heartbeat_every: Entry<String>,
    pub(crate) allow_http: Entry<bool>,
    pub(crate) on: Vec<Entry<String>>,
    pub(crate) lasting: Entry<String>,
    pub(crate) stale_after: Entry<String>,
    pub(crate) repeat: Entry<String>,
    pub(crate) min_interval: Entry<String>,
}

/// `[metrics]`
pub(crate) struct MetricsTable {
    pub(crate) listen: Entry<String>,
    pub(crate) allow_remote: Entry<bool>,
    pub(crate) hosts: Vec<Entry<String>>,
}

impl File {
    /// Reads the text of a configuration file. `None` when it is no TOML.
    pub(crate) fn read(source: &str, problems: &mut Problems) -> Option<Self> {
        let read = |root: &mut Section<'_>| {
            let (state_dir, verify_every) = root.section("state", |section| {
                let dir = section.text("dir", Meaning::Plain);
                (dir, section.text("verify_every", Meaning::Duration))
            });
            Self {
                auth: root.section("auth", auth),
                mirrors: root.sections("mirror", mirror),
                watch: root.section("watch", watch),
                limits: root.section("limits", limits),
                state_dir,
                verify_every,
                endpoints: root.section("endpoints", endpoints),
                network: root.section("network", network),
                notify: root.section("notify", notify),
                metrics: root.section("metrics", metrics),
                asked: Vec::new(),
            }
        };
        let (file, asked) = read_document(source, problems, read)?;
        Some(Self { asked, ..file })
    }

    /// Whether a secret stands in the file itself.
    pub(crate) fn holds_secret(&self) -> bool {
        let secrets = [
            &self.auth.client_secret,
            &self.auth.developer_token,
            &self.notify.webhook,
            &self.notify.heartbeat,
        ];
        secrets.iter().any(|secret| !secret.is_missing())
            || self.network.proxy.get().is_some_and(holds_password)
    }
}

fn auth(section: &mut Section<'_>) -> AuthTable {
    AuthTable {
        here: section.here(),
        method: section.text("method", Meaning::Plain),
        client_id: section.text("client_id", Meaning::Plain),
        client_secret: section.secret("client_secret"),
        client_secret_file: section.text("client_secret_file", Meaning::Plain),
        client_secret_command: section.text("client_secret_command", Meaning::Plain),
        config_file: section.text("config_file", Meaning::Plain),
        config_command: section.text("config_command", Meaning::Plain),
        enterprise_id: section.text("enterprise_id", Meaning::Id),
        user_id: section.text("user_id", Meaning::Id),
        developer_token: section.secret("developer_token"),
        developer_token_file: section.text("developer_token_file", Meaning::Plain),
        developer_token_command: section.text("developer_token_command", Meaning::Plain),
        algorithm: section.text("algorithm", Meaning::Plain),
        redirect_uri: section.text("redirect_uri", Meaning::Plain),
        as_user: section.text("as_user", Meaning::Id),
    }
}

fn mirror(section: &mut Section<'_>) -> MirrorTable {
    MirrorTable {
        place: section.here().place,
        name: section.text("name", Meaning::Plain),
        local: section.text("local", Meaning::Plain),
        folder_id: section.text("folder_id", Meaning::Id),
        folder_path: section.text("folder_path", Meaning::Plain),
        exclude: section.texts("exclude"),
        include: section.texts("include"),
        default_excludes: section.flag("default_excludes"),
        skip_hidden: section.flag("skip_hidden"),
        max_size: section.text("max_size", Meaning::Size),
        min_age: section.text("min_age", Meaning::Duration),
        cachedir_tag: section.flag("cachedir_tag"),
        one_file_system: section.flag("one_file_system"),
        symlinks: section.text("symlinks", Meaning::Plain),
        on_existing: section.text("on_existing", Meaning::Plain),
        on_remote_change: section.text("on_remote_change", Meaning::Plain),
        on_invalid_name: section.text("on_invalid_name", Meaning::Plain),
        min_version_interval: section.text("min_version_interval", Meaning::Duration),
        on_local_delete: section.text("on_local_delete", Meaning::Plain),
        max_deletes: section.text_or_integer("max_deletes", MAX_DELETES),
    }
}

fn watch(section: &mut Section<'_>) -> WatchTable {
    WatchTable {
        settle: section.text("settle", Meaning::Duration),
        rescan: section.text("rescan", Meaning::Duration),
        mode: section.text("mode", Meaning::Plain),
        poll_interval: section.text("poll_interval", Meaning::Duration),
    }
}

fn limits(section: &mut Section<'_>) -> LimitsTable {
    LimitsTable {
        uploads_per_minute: section.integer("uploads_per_minute"),
        requests_per_minute: section.integer("requests_per_minute"),
        concurrent_uploads: section.integer("concurrent_uploads"),
        concurrent_parts: section.integer("concurrent_parts"),
        bandwidth: section.one_or_more("bandwidth"),
    }
}

fn endpoints(section: &mut Section<'_>) -> EndpointsTable {
    EndpointsTable {
        api: section.text("api", Meaning::Plain),
        upload: section.text("upload", Meaning::Plain),
        token: section.text("token", Meaning::Plain),
        authorize: section.text("authorize", Meaning::Plain),
        revoke: section.text("revoke", Meaning::Plain),
    }
}

fn notify(section: &mut Section<'_>) -> NotifyTable {
    NotifyTable {
        command: section.text("command", Meaning::Plain),
        webhook: section.secret("webhook"),
        webhook_file: section.text("webhook_file", Meaning::Plain),
        webhook_command: section.text("webhook_command", Meaning::Plain),
        heartbeat: section.secret("heartbeat"),
        heartbeat_file: section.text("heartbeat_file", Meaning::Plain),
        heartbeat_command: section.text("heartbeat_command", Meaning::Plain),
        heartbeat_every: section.text("heartbeat_every", Meaning::Duration),
        allow_http: section.flag("allow_http"),
        on: section.texts("on"),
        lasting: section.text("for", Meaning::Duration),
        stale_after: section.text("stale_after", Meaning::Duration),
        repeat: section.text("repeat", Meaning::Duration),
        min_interval: section.text("min_interval", Meaning::Duration),
    }
}

fn metrics(section: &mut Section<'_>) -> MetricsTable {
    MetricsTable {
        listen: section.text("listen", Meaning::Plain),
        allow_remote: section.flag("allow_remote"),
        hosts: section.texts("hosts"),
    }
}

/// What a person tries who cannot get through a proxy that looks into TLS.
const UNVERIFIED: [&str; 12] = [
    "insecure",
    "insecure_skip_verify",
    "insecure_skip_tls_verify",
    "accept_invalid_certs",
    "skip_verify",
    "tls_verify",
    "tls_insecure",
    "tls_skip_verify",
    "verify",
    "verify_ssl",
    "verify_tls",
    "ssl_verify",
];

fn network(section: &mut Section<'_>) -> NetworkTable {
    section.never(
        &UNVERIFIED,
        "the check of certificates cannot be turned off: a token would go to whoever answers",
        "a proxy that looks into TLS has a certificate authority of its own: ask for its \
         certificate and name the file, ca_file = \"ca.pem\"",
    );
    NetworkTable {
        proxy: section.secret("proxy"),
        ca_file: section.text("ca_file", Meaning::Plain),
    }
}
