//! From the operator's decisions to a client that can sign in.

use crate::agent::run::Fatal;
use crate::config::{Algorithm, Config, Method, PrivateKey, Subject};
use crate::remote::auth::assertion::{self, Signer};
use crate::remote::auth::credentials::{self, App, Credentials};
use crate::remote::auth::file::TokenFile;
use crate::remote::auth::keeper::Keeping;
use crate::remote::client::{Access, Bounds, BoxClient};
use crate::remote::hosts::Hosts;
use crate::remote::pace::Pace;
use crate::remote::transport::Route;
use crate::store::make_state_dir;
use secrecy::SecretString;
use std::time::Instant;

/// What may be written while signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traces {
    /// Tokens are kept for the next run.
    Kept,
    /// Tokens, where the state directory is there already: nothing is made.
    IfThere,
    /// None, but for a login that has to be renewed: a renewed one that is not kept would
    /// be lost.
    None,
}

/// A client that has not asked for anything yet.
pub(crate) fn client(config: &Config, traces: Traces) -> Result<BoxClient, Fatal> {
    let limits = &config.limits;
    let (uploads, requests) = (limits.uploads_per_minute, limits.requests_per_minute);
    let bounds = Bounds {
        pace: Pace::new(uploads, requests, Instant::now()),
        bandwidth: limits.bandwidth.clone(),
    };
    let credentials = credentials(&config.auth.method)?;
    let access = Access {
        keeping: keeping(config, &credentials, traces)?,
        credentials,
        as_user: config.auth.as_user.clone(),
        route: route(config),
    };
    BoxClient::new(hosts(config), access, bounds).map_err(Fatal::Http)
}

/// The method's name in the configuration.
pub(crate) fn method_name(method: &Method) -> &'static str {
    match method {
        Method::ClientCredentials { .. } => "ccg",
        Method::Jwt { .. } => "jwt",
        Method::OAuth2 { .. } => "oauth2",
        Method::DeveloperToken(_) => "developer_token",
    }
}

fn keeping(config: &Config, credentials: &Credentials, traces: Traces) -> Result<Keeping, Fatal> {
    let file = TokenFile::new(&config.state_dir, credentials.method());
    let is_login = match credentials {
        // It cannot be renewed, so there is nothing to share.
        Credentials::Developer(_) => return Ok(Keeping::Nowhere),
        Credentials::OAuth2 { .. } => true,
        Credentials::Secret { .. } | Credentials::Jwt { .. } => false,
    };
    // What others may have read is refused before anything else is done with it.
    file.check_modes()?;
    // Where there is no directory there is no login that could be lost.
    if traces == Traces::None && (!is_login || !config.state_dir.exists()) {
        return Ok(Keeping::Reading(file));
    }
    if traces == Traces::IfThere && !config.state_dir.is_dir() {
        return Ok(match is_login {
            true => Keeping::Reading(file),
            false => Keeping::Nowhere,
        });
    }
    match make_state_dir(&config.state_dir) {
        Ok(()) => Ok(Keeping::At(file)),
        Err(error) if is_login => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "tokens are not kept");
            Ok(Keeping::Nowhere)
        }
    }
}

/// The way that requests take.
pub(crate) fn route(config: &Config) -> Route {
    let network = &config.network;
    Route {
        proxy: network.proxy.as_ref().map(|proxy| proxy.whole().clone()),
        authorities: network.ca.as_ref().map(|ca| ca.pem.clone()),
    }
}

/// Where requests go.
pub(crate) fn hosts(config: &Config) -> Hosts {
    Hosts {
        api: config.endpoints.api.url().clone(),
        upload: config.endpoints.upload.url().clone(),
        token: config.endpoints.token.url().clone(),
    }
}

fn credentials(method: &Method) -> Result<Credentials, Fatal> {
    Ok(match method {
        Method::DeveloperToken(token) => Credentials::Developer(token.clone()),
        Method::OAuth2 {
            client_id,
            client_secret,
            ..
        } => {
            let app = app(client_id, client_secret);
            Credentials::OAuth2 { app }
        }
        Method::ClientCredentials {
            client_id,
            client_secret,
            subject: who,
        } => Credentials::Secret {
            app: app(client_id, client_secret),
            subject: subject(who),
        },
        Method::Jwt {
            client_id,
            client_secret,
            key_id,
            key,
            algorithm,
            subject: who,
        } => Credentials::Jwt {
            app: app(client_id, client_secret),
            signer: Box::new(signer(key, key_id, *algorithm)?),
            subject: subject(who),
        },
    })
}

fn app(id: &str, secret: &SecretString) -> App {
    App {
        id: id.to_owned(),
        secret: secret.clone(),
    }
}

fn signer(key: &PrivateKey, key_id: &str, algorithm: Algorithm) -> Result<Signer, Fatal> {
    let algorithm = match algorithm {
        Algorithm::Rs256 => assertion::Algorithm::Rs256,
        Algorithm::Rs384 => assertion::Algorithm::Rs384,
        Algorithm::Rs512 => assertion::Algorithm::Rs512,
    };
    // Reading the configuration has tried it already.
    Signer::new(key.pkcs8_der(), key_id.to_owned(), algorithm)
        .ok_or_else(|| Fatal::Rules("the private key cannot sign".to_owned()))
}

fn subject(subject: &Subject) -> credentials::Subject {
    match subject {
        Subject::Enterprise(id) => credentials::Subject::Enterprise(id.clone()),
        Subject::User(id) => credentials::Subject::User(id.clone()),
    }
}
