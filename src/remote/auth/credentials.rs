//! What proves to Box who is asking.

use crate::model::trouble::Trouble;
use crate::remote::auth::assertion::Signer;
use ring::digest::{Context, SHA256};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::time::SystemTime;

/// A field of a form.
pub(crate) type Field = (&'static str, SecretString);

/// Where tokens come from.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// An app's own ID and secret.
    Secret {
        /// The app.
        app: App,
        /// Whom to act as.
        subject: Subject,
    },
    /// An app's key pair.
    Jwt {
        /// The app.
        app: App,
        /// Signs what proves it.
        signer: Box<Signer>,
        /// Whom to act as.
        subject: Subject,
    },
    /// A person's consent, given once in a browser; what it left is on disk.
    OAuth2 {
        /// The app.
        app: App,
    },
    /// A token that a person made in the Developer Console. It dies after 60 minutes.
    Developer(SecretString),
}

/// An app as Box knows it.
#[derive(Clone, Debug)]
pub(crate) struct App {
    /// Its client ID.
    pub(crate) id: String,
    /// Its client secret.
    pub(crate) secret: SecretString,
}

/// Whom a token acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The app's service account in this enterprise.
    Enterprise(String),
    /// This user.
    User(String),
}

impl Subject {
    /// As the token endpoint spells it: kind and ID.
    pub(crate) fn spelled(&self) -> (&'static str, &str) {
        match self {
            Self::Enterprise(id) => ("enterprise", id),
            Self::User(id) => ("user", id),
        }
    }
}

impl App {
    /// The two fields that every request of an app carries.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let id = SecretString::from(self.id.clone());
        vec![("client_id", id), ("client_secret", self.secret.clone())]
    }
}

impl Credentials {
    /// The method's name in the configuration.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "ccg",
            Self::Jwt { .. } => "jwt",
            Self::OAuth2 { .. } => "oauth2",
            Self::Developer(_) => "developer_token",
        }
    }

    /// The app, where there is one.
    pub(crate) fn app(&self) -> Option<&App> {
        match self {
            Self::Secret { app, .. } | Self::Jwt { app, .. } | Self::OAuth2 { app } => Some(app),
            Self::Developer(_) => None,
        }
    }

    /// Whether the account is an app's own, which no person looks into.
    pub(crate) fn acts_as_service_account(&self) -> bool {
        let (Self::Secret { subject, .. } | Self::Jwt { subject, .. }) = self else {
            return false;
        };
        matches!(subject, Subject::Enterprise(_))
    }

    /// The form that asks for a token without any person or earlier token; `None` where
    /// that cannot be. `now` is the time by Box's clock, as well as it is known.
    pub(crate) fn request(&self, now: SystemTime) -> Result<Option<Vec<Field>>, Trouble> {
        Ok(match self {
            Self::Secret { app, subject } => {
                let (kind, id) = subject.spelled();
                let mut form = vec![
                    field("grant_type", "client_credentials"),
                    field("box_subject_type", kind),
                    field("box_subject_id", id),
                ];
                form.extend(app.fields());
                Some(form)
            }
            Self::Jwt {
                app,
                signer,
                subject,
            } => {
                let assertion = signer.assertion(&app.id, subject, now)?;
                let mut form = vec![
                    field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", assertion),
                ];
                form.extend(app.fields());
                Some(form)
            }
            Self::OAuth2 { .. } | Self::Developer(_) => None,
        })
    }

    /// Tells one credential from another without giving anything away. What is kept for
    /// one is not used for another. A login stays good when the app's secret is renewed;
    /// elsewhere a new secret is tried at once rather than when the last token ends.
    pub(crate) fn fingerprint(&self, endpoint: &str) -> String {
        let mut parts = vec![self.method(), endpoint];
        match self {
            Self::Secret { app, subject } => {
                parts.extend([&app.id, app.secret.expose_secret()]);
                parts.extend(<[&str; 2]>::from(subject.spelled()));
            }
            Self::Jwt {
                app,
                signer,
                subject,
            } => {
                parts.extend([&app.id, app.secret.expose_secret(), signer.key_id()]);
                parts.extend(<[&str; 2]>::from(subject.spelled()));
            }
            Self::OAuth2 { app } => parts.push(&app.id),
            Self::Developer(token) => parts.push(token.expose_secret()),
        }
        digest(&parts)
    }
}

/// A field whose value is no secret.
pub(crate) fn field(name: &'static str, value: &str) -> Field {
    (name, SecretString::from(value))
}

/// SHA-256 over the parts and their lengths, in hex.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hex = String::new();
    for byte in context.finish().as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::{App, Credentials, Subject, digest};
    use secrecy::{ExposeSecret, SecretString};
    use std::time::SystemTime;

    fn ccg(id: &str, secret: &str, subject: Subject) -> Credentials {
        let (id, secret) = (id.to_owned(), SecretString::from(secret));
        let app = App { id, secret };
        Credentials::Secret { app, subject }
    }

    #[test]
    fn client_credentials_ask_with_five_fields() {
        let user = ccg("app", "hush", Subject::User("17".into()));
        let form = user.request(SystemTime::UNIX_EPOCH).unwrap().unwrap();
        let mut form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.expose_secret()))
            .collect();
        form.sort_unstable();
        let expected = [
            ("box_subject_id", "17"),
            ("box_subject_type", "user"),
            ("client_id", "app"),
            ("client_secret", "hush"),
            ("grant_type", "client_credentials"),
        ];
        assert_eq!(form, expected);
        assert!(!user.acts_as_service_account());
        assert!(!format!("{user:?}").contains("hush"));
    }

    #[test]
    fn what_differs_has_another_fingerprint() {
        let enterprise = || Subject::Enterprise("1".into());
        let all = [
            ccg("a", "x", enterprise()),
            ccg("a", "y", enterprise()),
            ccg("b", "x", enterprise()),
            ccg("a", "x", Subject::User("1".into())),
            Credentials::Developer("x".into()),
        ];
        let mut prints: Vec<_> = all.iter().map(|one| one.fingerprint("here")).collect();
        prints.push(all[0].fingerprint("there"));
        let unique: std::collections::BTreeSet<_> = prints.iter().collect();
        assert_eq!(unique.len(), prints.len());
        assert_eq!(prints[0], ccg("a", "x", enterprise()).fingerprint("here"));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
