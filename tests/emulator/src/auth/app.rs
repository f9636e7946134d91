//! The app, as the developer console and the admin console know it.

use std::collections::HashSet;

use super::authorize::Desk;
use super::keys::PublicKeys;
use crate::settings::Settings;

/// How an app authenticates. Box fixes it when the app is made, and each way
/// has its own grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum App {
    /// Server authentication with client credentials.
    #[default]
    ClientCredentials,
    /// Server authentication with JWT.
    Jwt,
    /// User authentication with OAuth 2.0: the app has no service account, the
    /// main account is a person's.
    OAuth2,
}

/// Whose content the app may work with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLevel {
    /// "App Access Only": the service account and app users.
    AppOnly,
    /// "App + Enterprise Access": managed users as well.
    #[default]
    AppAndEnterprise,
}

/// Who sits in front of the authorize page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Person {
    /// The Colleague.
    #[default]
    Colleague,
    /// The owner of the main account, whose root the handle calls `0`.
    Main,
}

/// When the old pair of tokens dies after a refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshRule {
    /// As Box documents it: a refresh token is good for one use.
    #[default]
    RetireAtOnce,
    /// As Box once announced it: the old pair lives until the new access token
    /// is first used.
    RetireOnUse,
}

impl App {
    /// Whether the main account is the app's own.
    pub(crate) fn has_service_account(self) -> bool {
        self != App::OAuth2
    }

    /// The word for it in a configuration.
    pub(crate) fn method(self) -> &'static str {
        match self {
            App::ClientCredentials => "ccg",
            App::Jwt => "jwt",
            App::OAuth2 => "oauth2",
        }
    }
}

/// What an authorisation fixes: later changes wait for the next one.
#[derive(Clone)]
pub(crate) struct Powers {
    pub(crate) scopes: Vec<&'static str>,
    pub(crate) level: AccessLevel,
}

impl Powers {
    /// What the console says now.
    pub(crate) fn of(settings: &Settings) -> Powers {
        Powers {
            scopes: settings.app_scopes.clone(),
            level: settings.access_level,
        }
    }
}

/// What Box remembers of the app besides its settings.
pub(crate) struct Console {
    /// What the admin authorised.
    pub(crate) powers: Powers,
    pub(crate) keys: PublicKeys,
    /// The assertions seen, by `jti`.
    pub(crate) jtis: HashSet<String>,
    /// The authorize pages and the codes handed out.
    pub(crate) desk: Desk,
}

impl Console {
    /// The app as it is set up, authorised as it is.
    pub(crate) fn new(settings: &Settings) -> Result<Console, String> {
        let mut keys = PublicKeys::default();
        for (kid, pem) in &settings.public_keys {
            keys.add(kid, pem)?;
        }
        Ok(Console {
            powers: Powers::of(settings),
            keys,
            jtis: HashSet::new(),
            desk: Desk::default(),
        })
    }
}
