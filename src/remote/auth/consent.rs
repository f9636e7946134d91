//! A login begins with a person's consent and ends when it is taken back.

use crate::model::trouble::Trouble;
use crate::remote::auth::credentials::{App, Credentials, field};
use crate::remote::auth::file::Kept;
use crate::remote::auth::grant::Desk;
use crate::remote::auth::keeper::{Keeping, TokenKeeper};
use crate::remote::auth::unguessable;
use reqwest::{Client, Url};
use secrecy::SecretString;
use std::sync::atomic::Ordering;

/// What became of what was kept. In every case it is gone here.
#[derive(Debug)]
pub(crate) enum Ended {
    /// There was nothing.
    Nothing,
    /// Box takes it no longer.
    Everywhere,
    /// Box could not be told.
    HereOnly(Trouble),
    /// It was another app's, or of another Box, and nobody was told.
    Foreign,
    /// It could not be read, and nobody was told.
    Unread,
}

impl TokenKeeper {
    /// Ends what a login left, here and at Box. Only what is this app's own is sent to
    /// where this app's tokens are ended.
    pub(crate) async fn sign_out(&self, http: &Client, revoke: &Url) -> Result<Ended, Trouble> {
        let (Keeping::At(file), Some(app)) = (&self.keeping, self.credentials.app()) else {
            return Ok(Ended::Nothing);
        };
        let lock = file.lock().await?;
        let ended = match file.read() {
            Ok(None) => Ended::Nothing,
            Ok(Some(kept)) if kept.credential != self.fingerprint => Ended::Foreign,
            Ok(Some(kept)) => match self.revoke(http, revoke, app, &kept).await {
                Ok(()) => Ended::Everywhere,
                Err(trouble) => Ended::HereOnly(trouble),
            },
            // One that cannot be read can still be removed.
            Err(_) => Ended::Unread,
        };
        lock.wipe()?;
        Ok(ended)
    }

    async fn revoke(
        &self,
        http: &Client,
        endpoint: &Url,
        app: &App,
        kept: &Kept,
    ) -> Result<(), Trouble> {
        let token = kept.refresh.as_ref().unwrap_or(&kept.access);
        let mut form = app.fields();
        form.push(("token", token.clone()));
        self.requests.fetch_add(1, Ordering::Relaxed);
        let sign_in = self.credentials.sign_in();
        let desk = Desk {
            http,
            endpoint,
            sign_in,
            traffic: &self.gate.traffic,
        };
        desk.revoke(&form).await
    }

    /// Turns the code that a person's consent brought into a login that lasts.
    pub(crate) async fn sign_in(
        &self,
        http: &Client,
        code: &SecretString,
        redirect_uri: &str,
    ) -> Result<(), Trouble> {
        let (Credentials::OAuth2 { app }, Keeping::At(file)) = (&self.credentials, &self.keeping)
        else {
            return Err(Trouble::NoAnswer("this method needs no login".to_owned()));
        };
        let mut form = app.fields();
        form.push(field("grant_type", "authorization_code"));
        form.push(field("redirect_uri", redirect_uri));
        form.push(("code", code.clone()));
        let lock = file.lock().await?;
        let token = self.rotate(http, lock, unguessable::<16>()?, form).await?;
        self.held.lock().await.token = Some(token);
        Ok(())
    }
}
