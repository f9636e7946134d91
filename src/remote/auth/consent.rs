//! A login begins with a person's consent and ends when it is taken back.

use crate::model::trouble::Trouble;
use crate::remote::auth::credentials::{App, Credentials, field};
use crate::remote::auth::file::Kept;
use crate::remote::auth::grant::Desk;
use crate::remote::auth::keeper::{Keeping, TokenKeeper};
use crate::remote::auth::token::Token;
use reqwest::{Client, Url};
use secrecy::SecretString;
use std::sync::atomic::Ordering;

impl TokenKeeper {
    /// Ends what a login left, here and at Box. `None` when there was nothing to end.
    pub(crate) async fn sign_out(
        &self,
        http: &Client,
        revoke: &Url,
    ) -> Result<Option<Result<(), Trouble>>, Trouble> {
        let (Keeping::At(file), Some(app)) = (&self.keeping, self.credentials.app()) else {
            return Ok(None);
        };
        let lock = file.lock().await?;
        // One that cannot be read can still be removed.
        let kept = file.read().ok().flatten();
        let revoked = match &kept {
            Some(kept) => Some(self.revoke(http, revoke, app, kept).await),
            None => None,
        };
        lock.wipe()?;
        Ok(revoked)
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
        let granted = self.in_room(&lock, self.ask(http, &form)).await?;
        self.held.lock().await.token = Some(Token::granted(&granted));
        Ok(())
    }
}
