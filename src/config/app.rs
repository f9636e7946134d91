//! The JSON that Box's Developer Console hands out for an app that signs in with a key.

use crate::config::key::{self, PrivateKey};
use crate::config::problem::{Place, Problems};
use crate::config::secret::{Found, fault};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::error::Category;
use zeroize::Zeroize;

/// What the file says.
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) key_id: String,
    pub(super) key: PrivateKey,
    pub(super) enterprise_id: Option<String>,
    pub(super) user_id: Option<String>,
}

const AGAIN: &str = "take the file that Box's Developer Console hands out (your app, \
                     Configuration, Add and Manage Public Keys, Generate a Public/Private \
                     Keypair), unchanged";
const CREDENTIALS: &str = "copy it from Box's Developer Console (your app, Configuration, OAuth \
                           2.0 Credentials), or take the whole file anew: Generate a \
                           Public/Private Keypair";
const KEY_ID: &str = "copy the ID of this key from Box's Developer Console (your app, \
                      Configuration, Add and Manage Public Keys), or take the whole file anew: \
                      Generate a Public/Private Keypair";
const KEYPAIR: &str = "in Box's Developer Console open your app, Configuration, Add and Manage \
                       Public Keys, and press Generate a Public/Private Keypair: the file that \
                       downloads then has all of it";

/// Reads the file; each mistake is told with the path of its key in the JSON.
pub(super) fn read(found: &Found, problems: &mut Problems) -> Option<App> {
    // Some editors begin a file with a byte order mark.
    let text = found.text.expose_secret().trim_start_matches('\u{feff}');
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            let reading = Reading {
                place: &found.place,
                problems,
            };
            let app = reading.app(&value);
            wipe(&mut value);
            app
        }
        Err(error) => {
            let (what, remedy) = unreadable(text, &error);
            problems.add(&found.place, what, remedy);
            None
        }
    }
}

/// Not the error's own words where they could repeat what is in the file.
fn unreadable(text: &str, error: &serde_json::Error) -> (String, &'static str) {
    let at = format!("line {}, column {}", error.line(), error.column());
    if text.trim().is_empty() {
        return ("it is empty".to_owned(), AGAIN);
    }
    if text.trim_start().starts_with("-----BEGIN") {
        return (
            "this is the key alone, not the JSON around it".to_owned(),
            AGAIN,
        );
    }
    if error.to_string().contains("control character") {
        let remedy = "write the private key in one line, with \\n for each line break: jq \
                      --rawfile key key.pem '.boxAppSettings.appAuth.privateKey = $key' \
                      config.json > new.json";
        // The break itself belongs to the line that it ends.
        let line = error.line() - usize::from(error.column() == 0);
        let what = "this is no JSON: a text has a line break or another control character";
        return (format!("{what} (line {line})"), remedy);
    }
    let what = match error.classify() {
        Category::Eof => format!("this is no JSON: it breaks off ({at})"),
        _ => format!("this is no JSON ({at})"),
    };
    (what, AGAIN)
}

struct Reading<'a> {
    place: &'a Place,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn app(mut self, file: &Value) -> Option<App> {
        let Some(settings) = file.get("boxAppSettings").filter(|value| value.is_object()) else {
            self.wrong("there is no boxAppSettings in it", AGAIN);
            return None;
        };
        let client_id = self.text(settings, "boxAppSettings", "clientID", CREDENTIALS);
        let client_secret = self.client_secret(settings);
        let key = self.key(settings);
        let enterprise_id = self.id(file, "enterpriseID");
        let user_id = self.id(file, "userID");
        let (key_id, key) = key?;
        Some(App {
            client_id: client_id?,
            client_secret: client_secret?,
            key_id,
            key,
            enterprise_id: enterprise_id?,
            user_id: user_id?,
        })
    }

    fn client_secret(&mut self, settings: &Value) -> Option<SecretString> {
        let text = self.text(settings, "boxAppSettings", "clientSecret", CREDENTIALS)?;
        let secret = SecretString::from(text);
        if let Some(what) = fault(&secret) {
            let what = format!("boxAppSettings.clientSecret: {what}");
            self.wrong(what, CREDENTIALS);
            return None;
        }
        Some(secret)
    }

    /// The key and its ID.
    fn key(&mut self, settings: &Value) -> Option<(String, PrivateKey)> {
        let Some(auth) = settings.get("appAuth").filter(|value| value.is_object()) else {
            self.wrong(
                "there is no boxAppSettings.appAuth in it: this is the file of an app without a \
                 key, with Client Credentials Grant say",
                "set method = \"ccg\" for such an app; an app with JWT gets its key in Box's \
                 Developer Console (your app, Configuration, Add and Manage Public Keys, Generate \
                 a Public/Private Keypair)",
            );
            return None;
        };
        let private = auth.get("privateKey");
        if private.is_some_and(|value| value.is_null() || value.as_str() == Some("")) {
            let what = "boxAppSettings.appAuth.privateKey is empty: the app has no keypair yet";
            self.wrong(what, KEYPAIR);
            return None;
        }
        let path = "boxAppSettings.appAuth";
        let id = self.text(auth, path, "publicKeyID", KEY_ID);
        let mut private = self.text(auth, path, "privateKey", KEYPAIR)?;
        let passphrase = match auth.get("passphrase") {
            None | Some(Value::Null) => "",
            Some(value) => value.as_str().unwrap_or_default(),
        };
        let key = key::read(&private, passphrase);
        private.zeroize();
        let key = key.map_err(|fault| {
            let what = format!("boxAppSettings.appAuth.privateKey: {}", fault.what);
            self.wrong(what, fault.remedy);
        });
        Some((id?, key.ok()?))
    }

    /// A text that must be there.
    fn text(&mut self, object: &Value, path: &str, key: &str, remedy: &str) -> Option<String> {
        let what = match object.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => return Some(text.clone()),
            Some(Value::String(_) | Value::Null) => "is empty",
            Some(_) => "is no text",
            None => "is missing",
        };
        self.wrong(format!("{path}.{key} {what}"), remedy);
        None
    }

    /// An ID that need not be there; the inner `None` when it is not.
    fn id(&mut self, file: &Value, key: &str) -> Option<Option<String>> {
        let text = match file.get(key) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::String(text)) if text.is_empty() => return Some(None),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => String::new(),
        };
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
            return Some(Some(text));
        }
        let what = format!("{key} is no ID of Box's: those are digits only");
        self.wrong(what, AGAIN);
        None
    }

    fn wrong(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.problems.add(self.place, what, remedy);
    }
}

/// Overwrites every text: parsed JSON is a copy of the secrets in it.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
