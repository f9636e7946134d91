//! Is this still the account that the mapping was made with? With another one, all that
//! is mapped would look deleted or foreign.

use crate::agent::context::Context;
use crate::model::trouble::{Said, Trouble};
use crate::remote::account::Account;
use crate::remote::lessons::finding;
use crate::store::account::KnownAccount;
use crate::store::writer::Writer;
use tokio::sync::Mutex;

/// Asks Box once for each credential, and remembers the answer.
pub(crate) struct AccountCheck {
    /// Where it is remembered; a dry run remembers nothing.
    memory: Option<Writer>,
    /// Whether this run has seen that all is well.
    is_done: Mutex<bool>,
}

impl AccountCheck {
    /// Nothing is checked yet: a run with nothing to do asks nothing.
    pub(crate) fn new(memory: Option<Writer>) -> Self {
        let is_done = Mutex::new(false);
        Self { memory, is_done }
    }

    /// Refuses to go on with another account. Held while asking, so that all who come
    /// meanwhile wait for one answer.
    pub(crate) async fn check(&self, context: &Context) -> Result<(), Trouble> {
        let mut is_done = self.is_done.lock().await;
        if *is_done {
            return Ok(());
        }
        let unread = |error: crate::store::error::Error| Trouble::NoAnswer(error.to_string());
        let known = context.readers.get().map_err(unread)?.account();
        let known = known.map_err(unread)?;
        let credential = context.client.identity();
        if known
            .as_ref()
            .is_none_or(|known| known.credential != credential)
        {
            self.ask(context, known, credential).await?;
        }
        *is_done = true;
        Ok(())
    }

    async fn ask(
        &self,
        context: &Context,
        known: Option<KnownAccount>,
        credential: String,
    ) -> Result<(), Trouble> {
        let now = match context.client.whoami().await {
            Ok(account) => account,
            // It may not ask who it is; what it may do, the folders will tell.
            Err(Trouble::Refused(said) | Trouble::Gone(said)) if context.client.is_itself() => {
                tracing::debug!(%said, "Box does not tell which account this is");
                return Ok(());
            }
            Err(Trouble::Later(said, _)) if said.status == 501 => {
                tracing::debug!(%said, "whoever answers for Box does not know accounts");
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        if let Some(known) = known.filter(|known| known.id != now.id) {
            return Err(another_account(&known, &now));
        }
        let account = KnownAccount {
            id: now.id,
            login: now.login,
            credential,
        };
        if let Some(memory) = &self.memory
            && let Err(error) = memory.put_account(account).await
        {
            tracing::debug!(%error, "the account is asked for again in the next run");
        }
        Ok(())
    }
}

/// What there is to say when the token is not that of the mapping's account.
pub(crate) fn another_account(known: &KnownAccount, now: &Account) -> Trouble {
    let message = format!(
        "the token is that of {} (user {}), and what is mapped here was sent by {} (user {})",
        now.login, now.id, known.login, known.id
    );
    Trouble::Unauthorized(Said {
        message,
        lesson: finding("another_account"),
        ..Said::default()
    })
}
