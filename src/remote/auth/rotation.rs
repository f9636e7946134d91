//! One exchange whose answer must not be lost: it ends a token that is good for one use,
//! so it is carried to its end whoever stops waiting for it.

use crate::model::trouble::{Said, Trouble};
use crate::remote::auth::credentials::Field;
use crate::remote::auth::file::{Kept, Lock};
use crate::remote::auth::grant::{Desk, Granted};
use crate::remote::gate::Gate;
use crate::remote::lessons::SignIn;
use reqwest::{Client, Url};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Far more than there can be: one for each login that this process holds.
const MOST: u32 = 64;
/// What is under way. The process as a whole has to wait for it, so it is the process's.
static UNDER_WAY: Semaphore = Semaphore::const_new(MOST as usize);
/// How often, and how far apart, a disk that does not take an answer is tried.
const TRIES: u32 = 30;
const APART: Duration = Duration::from_secs(1);
/// An exchange takes a minute at the longest, and then the disk may be slow.
const LONGEST: Duration = Duration::from_secs(95);

/// Everything that it takes, so that it depends on nobody.
pub(super) struct Rotation {
    pub(super) lock: Lock,
    pub(super) http: Client,
    pub(super) endpoint: Url,
    pub(super) sign_in: SignIn,
    pub(super) credential: String,
    pub(super) login: String,
    pub(super) form: Vec<Field>,
    pub(super) gate: Arc<Gate>,
}

/// Waits until nothing is under way any more: ending the process before would lose a
/// login.
pub(crate) async fn finish() {
    drop(tokio::time::timeout(LONGEST, UNDER_WAY.acquire_many(MOST)).await);
}

impl Rotation {
    /// Makes room on disk, then asks, then keeps: the answer replaces what is still good
    /// only when it is on disk itself, and it is not used before that.
    pub(super) async fn run(self) -> Result<Granted, Trouble> {
        let going = async move {
            let _under_way = UNDER_WAY.acquire().await;
            self.carry_out().await
        };
        match tokio::spawn(going).await {
            Ok(done) => done,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }

    async fn carry_out(self) -> Result<Granted, Trouble> {
        let mut room = self.lock.make_room()?;
        let desk = Desk {
            http: &self.http,
            endpoint: &self.endpoint,
            sign_in: self.sign_in,
            traffic: &self.gate.traffic,
        };
        let granted = match desk.ask(&self.form).await {
            // Each answer brings the next pair. Half of one in the place of what is still
            // good would be the end of the login.
            Ok(granted) if granted.refresh.is_none() => {
                room.give_up();
                return Err(half_a_pair());
            }
            Ok(granted) => granted,
            Err(refused) => {
                room.give_up();
                return Err(refused.trouble);
            }
        };
        let kept = Kept::new(&self.credential, &granted, &self.login);
        let mut tries = 0;
        // There is room already, so little can go wrong; and nobody else has this pair.
        while let Err(error) = room.keep(&kept) {
            tries += 1;
            if tries == TRIES {
                return Err(error.into());
            }
            tracing::error!(%error, "a new login cannot be kept; once more");
            tokio::time::sleep(APART).await;
        }
        Ok(granted)
    }
}

fn half_a_pair() -> Trouble {
    let message = "the token endpoint's answer held no refresh token: what is kept was left as it \
                   is";
    let said = Said {
        message: message.to_owned(),
        ..Said::default()
    };
    Trouble::Later(said, None)
}
