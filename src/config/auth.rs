//! `[auth]`: how to sign in, and where the secret comes from.

use crate::config::file::AuthTable;
use crate::config::problem::{Place, Problems};
use crate::config::reader::{Entry, State};
use crate::config::redirect::{self, RedirectUri};
use crate::config::resolve::{World, choice, nonempty, path};
use crate::config::{Algorithm, Auth, Method, Subject};
use secrecy::{ExposeSecret, SecretString};

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
    match choice(&table.method, METHODS, None, problems)? {
        Word::ClientCredentials => {
            warn_unused(&[used(&table.developer_token)], "ccg", problems);
            client_credentials(table, world, problems)
        }
        Word::OAuth2 => {
            warn_unused(&[used(&table.developer_token)], "oauth2", problems);
            oauth2(table, world, problems)
        }
        Word::DeveloperToken => {
            let others = [
                used(&table.client_id),
                used(&table.client_secret),
                used(&table.client_secret_file),
                used(&table.enterprise_id),
                used(&table.user_id),
            ];
            warn_unused(&others, "developer_token", problems);
            developer_token(table, world, problems).map(Method::DeveloperToken)
        }
        Word::Jwt => {
            problems.add(
                &table.method.place,
                "this sign-in comes with a later version of boxup",
                "use method = \"ccg\" (a Box app with Client Credentials Grant), \
                 or \"developer_token\" to try things",
            );
            None
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
        inline: &table.client_secret,
        file: Some(&table.client_secret_file),
        variable: "BOXUP_CLIENT_SECRET",
        credential: "client_secret",
        remedy: "copy the Client Secret from Box's Developer Console (your app, Configuration, \
                 OAuth 2.0 Credentials) into client_secret, a file named by client_secret_file, \
                 or $BOXUP_CLIENT_SECRET",
    };
    secret(&source, world, problems)
}

fn developer_token(
    table: &AuthTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<SecretString> {
    let source = Source {
        inline: &table.developer_token,
        file: None,
        variable: "BOXUP_DEVELOPER_TOKEN",
        credential: "developer_token",
        remedy: "generate one in Box's Developer Console (your app, Configuration, Generate \
                 Developer Token; it lives 60 minutes) and put it into developer_token or \
                 $BOXUP_DEVELOPER_TOKEN",
    };
    secret(&source, world, problems)
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
                "set enterprise_id to act as the app's service account: the Enterprise ID stands \
                 in Box's Developer Console (your app, General Settings, App Info) and in the \
                 Admin Console (Account & Billing)",
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

/// Where one secret may come from.
struct Source<'a> {
    inline: &'a Entry<SecretString>,
    file: Option<&'a Entry<String>>,
    variable: &'static str,
    credential: &'static str,
    remedy: &'static str,
}

/// The environment wins, so that a secret can be changed without touching the file; then
/// the one place that the file names; then systemd's credentials.
fn secret(source: &Source<'_>, world: &World<'_>, problems: &mut Problems) -> Option<SecretString> {
    let file = source.file.filter(|file| !file.is_missing());
    if let (false, Some(file)) = (source.inline.is_missing(), file) {
        let name = source.credential;
        problems.add(
            &file.place,
            format!("{name} and {name}_file are both set"),
            "keep one of the two",
        );
        return None;
    }
    if let Some(value) = world.env.get(source.variable) {
        let place = Place::nowhere(&format!("${}", source.variable));
        let Some(text) = value.to_str() else {
            problems.add(&place, "its value is not UTF-8 text", source.remedy);
            return None;
        };
        return usable(SecretString::from(text), &place, problems);
    }
    match &source.inline.state {
        State::Set(secret) => return usable(secret.clone(), &source.inline.place, problems),
        State::Bad => return None,
        State::Missing => {}
    }
    if let Some(file) = file {
        let named = path(file, world, problems)?;
        return match (world.read_secret)(&named) {
            Ok(secret) => usable(secret, &file.place, problems),
            Err(error) => {
                problems.add(&file.place, error.what, error.remedy);
                None
            }
        };
    }
    if let Some(directory) = world.env.path("CREDENTIALS_DIRECTORY") {
        let named = directory.join(source.credential);
        let place = Place::nowhere(&format!("$CREDENTIALS_DIRECTORY/{}", source.credential));
        match (world.read_secret)(&named) {
            Ok(secret) => return usable(secret, &place, problems),
            Err(error) if error.missing => {}
            Err(error) => {
                problems.add(&place, error.what, error.remedy);
                return None;
            }
        }
    }
    let what = format!("there is no {}", source.credential.replace('_', " "));
    problems.add(&source.inline.place, what, source.remedy);
    None
}

/// A secret travels in headers and forms: an empty one, or one with a line break from a
/// careless paste, would fail at Box with a message that explains nothing.
fn usable(secret: SecretString, place: &Place, problems: &mut Problems) -> Option<SecretString> {
    let text = secret.expose_secret();
    let what = if text.is_empty() {
        "it is empty"
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "it holds a space, line break or control character"
    } else if !text.is_ascii() {
        "it holds a character that no secret of Box's has"
    } else {
        return Some(secret);
    };
    problems.add(place, what, "copy it again from Box's Developer Console");
    None
}

/// The place of a key that the file sets.
fn used<T>(entry: &Entry<T>) -> Option<&Place> {
    (!entry.is_missing()).then_some(&entry.place)
}

fn warn_unused(places: &[Option<&Place>], method: &str, problems: &mut Problems) {
    for place in places.iter().flatten() {
        let key = &place.key;
        problems.warn(format!("{key} is not used with method = \"{method}\""));
    }
}
