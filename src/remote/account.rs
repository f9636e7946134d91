//! The account behind a token, and tokens that are handed on.
//!
//! Box: `get_users_me`, `post_oauth2_token` (token exchange), `post_oauth2_revoke`.

use crate::model::trouble::{Said, Trouble};
use crate::remote::auth::consent::Ended;
use crate::remote::auth::credentials::field;
use crate::remote::auth::grant::{Desk, Granted, Refused};
use crate::remote::auth::token::Token;
use crate::remote::client::BoxClient;
use crate::remote::pace::Lane;
use crate::remote::wire;
use reqwest::Url;
use secrecy::SecretString;
use std::time::{Duration, SystemTime};

const FIELDS: &str =
    "id,type,name,login,status,role,enterprise,space_amount,space_used,max_upload_size";
/// How a folder is named to the token endpoint, whatever host is asked.
const RESOURCE: &str = "https://api.box.com/2.0/folders/";

/// A user of Box, an app's service account included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its ID.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Its login, an email address.
    pub(crate) login: String,
    /// `active`, or why it is not.
    pub(crate) status: Option<String>,
    /// ID and name of its enterprise; a personal account has none.
    pub(crate) enterprise: Option<(String, String)>,
    /// Bytes it may store; Box writes a huge number for "as many as you like".
    pub(crate) space_amount: Option<u64>,
    /// Bytes it does store.
    pub(crate) space_used: Option<u64>,
    /// Bytes of the largest file that it may upload.
    pub(crate) max_upload_size: Option<u64>,
}

impl BoxClient {
    /// Who we are: `get_users_me`.
    pub(crate) async fn whoami(&self) -> Result<Account, Trouble> {
        let mut url = self.hosts.api("users/me");
        url.query_pairs_mut().append_pair("fields", FIELDS);
        let json = self.get("get_users_me", url).await?;
        let text = |key: &str| wire::text(&json, key);
        let id = text("id").ok_or_else(|| {
            Trouble::NoAnswer("Box did not tell which account this is".to_owned())
        })?;
        let enterprise = json.get("enterprise").and_then(|enterprise| {
            let name = wire::text(enterprise, "name").unwrap_or_default();
            Some((wire::text(enterprise, "id")?, name))
        });
        Ok(Account {
            id,
            name: text("name").unwrap_or_default(),
            login: text("login").unwrap_or_default(),
            status: text("status"),
            enterprise,
            space_amount: wire::bytes(&json, "space_amount"),
            space_used: wire::bytes(&json, "space_used"),
            max_upload_size: wire::bytes(&json, "max_upload_size"),
        })
    }

    /// A bearer token, to be handed on.
    pub(crate) async fn bearer(&self) -> Result<Token, Trouble> {
        self.tokens.get(&self.http).await
    }

    /// A bearer token that Box hands out now; of a login, the one that is kept.
    pub(crate) async fn fresh_bearer(&self) -> Result<Token, Trouble> {
        self.tokens.fresh(&self.http).await
    }

    /// When the login that is kept was last renewed.
    pub(crate) fn login_renewed_at(&self) -> Option<SystemTime> {
        self.tokens.renewed_at()
    }

    /// A bearer token that Box takes: one that was found on disk is tried first.
    pub(crate) async fn proven_bearer(&self) -> Result<Token, Trouble> {
        if self.bearer().await?.is_found
            && let Err(trouble @ Trouble::Unauthorized(_)) = self.whoami().await
        {
            return Err(trouble);
        }
        self.bearer().await
    }

    /// A token that may do less: only these scopes, and only in this folder.
    pub(crate) async fn downscope(
        &self,
        scopes: &str,
        folder: Option<&str>,
    ) -> Result<Granted, Trouble> {
        const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
        const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
        let mut refused: Option<Token> = None;
        loop {
            let token = match &refused {
                None => self.bearer().await?,
                Some(refused) => self.tokens.replace(&self.http, refused).await?,
            };
            let mut form = vec![
                field("grant_type", EXCHANGE),
                field("subject_token_type", ACCESS),
                ("subject_token", token.bearer.clone()),
                field("scope", scopes),
            ];
            if let Some(folder) = folder {
                form.push(field("resource", &format!("{RESOURCE}{folder}")));
            }
            self.gate.turn(Lane::Token).await?;
            let desk = Desk {
                http: &self.http,
                endpoint: &self.hosts.token,
                sign_in: self.tokens.credentials().sign_in(),
                traffic: &self.gate.traffic,
            };
            match desk.ask(&form).await {
                // The token to be exchanged was found on disk, and Box takes it no longer.
                Err(Refused {
                    trouble: Trouble::Unauthorized(said),
                    ..
                }) if token.is_found && refused.is_none() && is_about_the_token(&said) => {
                    refused = Some(token);
                }
                other => return other.map_err(|refused| refused.trouble),
            }
        }
    }

    /// Turns the code that a consent brought into a login that lasts.
    pub(crate) async fn sign_in(
        &self,
        code: &SecretString,
        redirect_uri: &str,
    ) -> Result<(), Trouble> {
        self.tokens.sign_in(&self.http, code, redirect_uri).await
    }

    /// Ends what a login left, here and at Box.
    pub(crate) async fn sign_out(&self, revoke: &Url) -> Result<Ended, Trouble> {
        self.tokens.sign_out(&self.http, revoke).await
    }

    /// Renews a login that is older than that; says whether it was.
    pub(crate) async fn renew_older_than(&self, age: Duration) -> Result<bool, Trouble> {
        self.tokens.renew_older_than(&self.http, age).await
    }
}

/// Whether the token that was to be exchanged is what Box refuses, and not what was asked
/// for.
fn is_about_the_token(said: &Said) -> bool {
    let codes = ["invalid_token", "invalid_grant", "unauthorized"];
    said.status == 401 || codes.contains(&said.code.as_str())
}
