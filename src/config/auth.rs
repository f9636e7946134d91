//! `[auth]`: how to sign in, and where the secret comes from.

use crate::config::file::AuthTable;
use crate::config::problem::{Place, Problems};
use crate::config::reader::{Entry, State};
use crate::config::redirect::{self, RedirectUri};
use crate::config::resolve::{World, choice, nonempty};
use crate::config::secret::{self, Source};
use crate::config::{Algorithm, Auth, Method, Subject, app};
use secrecy::SecretString;

/// The words that `method` takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    ClientCredentials,
    Jwt,
    OAuth2,
    DeveloperToken,
}

const METHODS: &[(&str, Word)] = &[
    ("ccg", Word::ClientCredentials),
    ("jwt", Word::Jwt),
    ("oauth2", Word::OAuth2),
    ("developer_token", Word::DeveloperToken),
];

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
];

const SUBJECT: &str = "set enterprise_id to act as the app's service account: the Enterprise ID \
                       stands in Box's Developer Console (your app, General Settings, App Info) \
                       and in the Admin Console (Account & Billing)";

impl Algorithm {
    /// The name that goes into an assertion's header.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

/// The sign-in, or `None` when something about it is wrong.
pub(super) fn resolve(
    table: &AuthTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Auth> {
    if table.here.is_missing() {
        let remedy = "add [auth] with method, client_id, client_secret and enterprise_id; \
                      sync.example.toml shows it";
        problems.add(
            &Place::nowhere("auth"),
            "the section [auth] is missing",
            remedy,
        );
        return None;
    }
    let as_user = match table.as_user.is_missing() {
        true => Some(None),
        false => digits(&table.as_user, problems).map(Some),
    };
    let method = method(table, world, problems);
    Some(Auth {
        method: method?,
        as_user: as_user?,
    })
}

fn method(table: &AuthTable, world: &World<'_>, problems: &mut Problems) -> Option<Method> {
    let word = choice(&table.method, METHODS, None, problems)?;
    warn_unused(table, word, problems);
    match word {
        Word::ClientCredentials => client_credentials(table, world, problems),
        Word::Jwt => jwt(table, world, problems),
        Word::OAuth2 => oauth2(table, world, problems),
        Word::DeveloperToken => {
            let token = developer_token(table, world, problems)?;
            problems.warn(
                "a developer token dies after 60 minutes and cannot be renewed: it is for trying \
                 things; set up another [auth] method for more",
            );
            Some(Method::DeveloperToken(token))
        }
    }
}

fn client_credentials(
    table: &AuthTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Method> {
    let client_id = client_id(table, problems);
    let client_secret = client_secret(table, world, problems);
    let subject = subject(table, problems);
    Some(Method::ClientCredentials {
        client_id: client_id?,
        client_secret: client_secret?,
        subject: subject?,
    })
}

/// The app's own file says it all; the configuration may choose another subject.
fn jwt(table: &AuthTable, world: &World<'_>, problems: &mut Problems) -> Option<Method> {
    let algorithm = choice(
        &table.algorithm,
        ALGORITHMS,
        Some(Algorithm::Rs256),
        problems,
    );
    let configured = match (table.enterprise_id.is_missing(), table.user_id.is_missing()) {
        (true, true) => Some(None),
        _ => subject(table, problems).map(Some),
    };
    let source = Source {
        inline: None,
        file: &table.config_file,
        command: &table.config_command,
        variable: "BOXUP_JWT_CONFIG",
        credential: "config_file",
        called: "file with the app's key",
        remedy: "download it from Box's Developer Console (your app, Configuration, Add and \
                 Manage Public Keys, Generate a Public/Private Keypair) and name it: config_file \
                 = \"box_config.json\"; config_command and $BOXUP_JWT_CONFIG can hold its content \
                 too",
    };
    let found = secret::find(&source, world, problems)?;
    let app = app::read(&found, problems)?;
    let in_file = match (app.enterprise_id, app.user_id) {
        (Some(id), _) => Some(Subject::Enterprise(id)),
        (None, Some(id)) => Some(Subject::User(id)),
        (None, None) => None,
    };
    let subject = configured?.or(in_file);
    if subject.is_none() {
        problems.add(
            &found.place,
            "neither enterpriseID nor userID in it says whom to act as",
            SUBJECT,
        );
    }
    Some(Method::Jwt {
        client_id: app.client_id,
        client_secret: app.client_secret,
        key_id: app.key_id,
        key: app.key,
        algorithm: algorithm?,
        subject: subject?,
    })
}

fn oauth2(table: &AuthTable, world: &World<'_>, problems: &mut Problems) -> Option<Method> {
    let client_id = client_id(table, problems);
    let client_secret = client_secret(table, world, problems);
    let redirect_uri = redirect_uri(&table.redirect_uri, problems);
    Some(Method::OAuth2 {
        client_id: client_id?,
        client_secret: client_secret?,
        redirect_uri: redirect_uri?,
    })
}

fn redirect_uri(entry: &Entry<String>, problems: &mut Problems) -> Option<RedirectUri> {
    let text = match &entry.state {
        State::Missing => redirect::DEFAULT,
        State::Bad => return None,
        State::Set(text) => text,
    };
    let parsed = RedirectUri::parse(text);
    parsed
        .map_err(|(what, remedy)| problems.add(&entry.place, what, remedy))
        .ok()
}

fn client_id(table: &AuthTable, problems: &mut Problems) -> Option<String> {
    let remedy = "copy the Client ID from Box's Developer Console \
                  (https://app.box.com/developers/console): your app, Configuration, OAuth 2.0 \
                  Credentials";
    nonempty(&table.client_id, remedy, problems)
}

fn client_secret(
    table: &AuthTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<SecretString> {
    let source = Source {
        inline: Some(&table.client_secret),
        file: &table.client_secret_file,
        command: &table.client_secret_command,
        variable: "BOXUP_CLIENT_SECRET",
        credential: "client_secret",
        called: "client secret",
        remedy: "copy the Client Secret from Box's Developer Console (your app, Configuration, \
                 OAuth 2.0 Credentials) into client_secret, a file named by client_secret_file, \
                 or $BOXUP_CLIENT_SECRET; client_secret_command can print it",
    };
    let found = secret::find(&source, world, problems)?;
    secret::sendable(found, problems)
}

fn developer_token(
    table: &AuthTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<SecretString> {
    let source = Source {
        inline: Some(&table.developer_token),
        file: &table.developer_token_file,
        command: &table.developer_token_command,
        variable: "BOXUP_DEVELOPER_TOKEN",
        credential: "developer_token",
        called: "developer token",
        remedy: "generate one in Box's Developer Console (your app, Configuration, Generate \
                 Developer Token; it lives 60 minutes) and put it into developer_token, a file \
                 named by developer_token_file, or $BOXUP_DEVELOPER_TOKEN",
    };
    let found = secret::find(&source, world, problems)?;
    secret::sendable(found, problems)
}

/// Exactly one of `enterprise_id` and `user_id`. Box's own SDKs disagree about which wins
/// when both are given, so we do not choose.
fn subject(table: &AuthTable, problems: &mut Problems) -> Option<Subject> {
    let (enterprise, user) = (&table.enterprise_id, &table.user_id);
    match (enterprise.is_missing(), user.is_missing()) {
        (false, true) => digits(enterprise, problems).map(Subject::Enterprise),
        (true, false) => digits(user, problems).map(Subject::User),
        (true, true) => {
            problems.add(
                &enterprise.place,
                "neither enterprise_id nor user_id says whom to act as",
                SUBJECT,
            );
            None
        }
        (false, false) => {
            problems.add(
                &user.place,
                "enterprise_id and user_id are both set, and a token acts as one of them",
                "keep enterprise_id (Developer Console, your app, General Settings, App Info) to \
                 act as the app's service account, or user_id (Admin Console, Users & Groups: the \
                 number in the address of the user's page) to act as that user",
            );
            None
        }
    }
}

fn digits(entry: &Entry<String>, problems: &mut Problems) -> Option<String> {
    let id = entry.get()?;
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()) {
        return Some(id.clone());
    }
    problems.add(
        &entry.place,
        format!("{id:?} is no ID of Box's: those are digits only"),
        "copy the number from Box's console, without spaces",
    );
    None
}

/// Tells of every key that this method does not look at: whoever wrote it expects
/// something of it.
fn warn_unused(table: &AuthTable, word: Word, problems: &mut Problems) {
    use Word::{ClientCredentials, DeveloperToken, Jwt, OAuth2};
    let app = [ClientCredentials, OAuth2].as_slice();
    let subjects = [ClientCredentials, Jwt].as_slice();
    let keys = [
        (used(&table.client_id), app),
        (used(&table.client_secret), app),
        (used(&table.client_secret_file), app),
        (used(&table.client_secret_command), app),
        (used(&table.enterprise_id), subjects),
        (used(&table.user_id), subjects),
        (used(&table.config_file), &[Jwt]),
        (used(&table.config_command), &[Jwt]),
        (used(&table.algorithm), &[Jwt]),
        (used(&table.redirect_uri), &[OAuth2]),
        (used(&table.developer_token), &[DeveloperToken]),
        (used(&table.developer_token_file), &[DeveloperToken]),
        (used(&table.developer_token_command), &[DeveloperToken]),
    ];
    let name = METHODS.iter().find(|(_, known)| *known == word);
    let name = name.map_or("", |(name, _)| name);
    for (place, methods) in keys {
        if let Some(place) = place.filter(|_| !methods.contains(&word)) {
            let key = &place.key;
            problems.warn(format!("{key} is not used with method = \"{name}\""));
        }
    }
}

/// The place of a key that the file sets.
fn used<T>(entry: &Entry<T>) -> Option<&Place> {
    (!entry.is_missing()).then_some(&entry.place)
}
