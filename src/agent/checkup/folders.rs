//! The mirrors' folders on Box: seen, writable, with room left.

use crate::agent::checkup::{Check, Fault, Patient, Tell};
use crate::agent::root_job;
use crate::config::{Mirror, Target};
use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::model::trouble::Trouble;
use crate::remote::account::Account;
use crate::remote::folders::FolderLook;
use crate::remote::lessons::finding;

/// Less than this share of the storage, or …
const SCARCE_SHARE: u64 = 20;
/// … less than this many bytes are scarce.
const SCARCE: u64 = 1_000_000_000;
/// Box writes a number like this for "as much as you like".
const UNLIMITED: u64 = 100_000_000_000_000;

/// What became of a mirror's folder.
enum Seen {
    /// It can be written to.
    Good(FolderLook),
    /// It is not there yet, and will be made.
    Planned,
    /// It cannot be used, as was told.
    Bad,
    /// The app's scopes do not suffice, for this folder and any other.
    NoScope(Check),
}

/// Each mirror's folder, the app's scopes as they show there, and what room there is.
pub(super) async fn examine(patient: &Patient<'_>, account: Option<&Account>, tell: Tell<'_>) {
    let Some(account) = account else {
        let why = "because nobody is signed in";
        tell(Check::skipped("scopes", why));
        for mirror in &patient.config.mirrors {
            tell(Check::skipped(format!("mirror:{}", mirror.name), why));
        }
        tell(Check::skipped("quota", why));
        return;
    };
    let mut checks = Vec::new();
    let (mut allowed, mut refused) = (false, None);
    let mut is_foreign = false;
    for mirror in &patient.config.mirrors {
        let name = format!("mirror:{}", mirror.name);
        let (check, seen) = folder(patient, account, mirror, name).await;
        checks.push(check);
        match seen {
            Seen::Good(look) => {
                allowed = true;
                is_foreign |= look.owner.is_some_and(|owner| owner != account.id);
            }
            Seen::NoScope(check) => refused = Some(check),
            Seen::Planned => allowed = true,
            Seen::Bad => {}
        }
    }
    // The scopes come first: without them no folder can be right.
    tell(match (refused, allowed) {
        (Some(check), _) => check,
        (None, true) => Check::ok("scopes", "Box lets this app read and upload"),
        (None, false) => Check::skipped("scopes", "no folder could be tried"),
    });
    checks.into_iter().for_each(&mut *tell);
    tell(quota(account, is_foreign));
}

async fn folder(
    patient: &Patient<'_>,
    account: &Account,
    mirror: &Mirror,
    name: String,
) -> (Check, Seen) {
    let id = match &mirror.target {
        Target::Id(id) => id.clone(),
        Target::Path(names) => match find(patient, names).await {
            Ok(Some(id)) => id,
            Ok(None) => return planned(patient, account, mirror, name).await,
            Err(check) => return (Check { name, ..*check }, Seen::Bad),
        },
    };
    let look = match patient.client.look_at_folder(&id).await {
        Ok(look) => look,
        Err(Trouble::Gone(said)) => {
            let found = format!("{} does not see folder {id}", account.login);
            let check = Check {
                said: Some(said),
                ..Check::fail(name, Fault::Unauthorized, found, invite(account))
            };
            return (check, Seen::Bad);
        }
        Err(trouble) => return refusal(name, &trouble),
    };
    let place = format!("{:?} (folder {id})", look.name);
    if look.can_upload == Some(false) {
        let found = format!(
            "{} may look into {place}, but not upload to it",
            account.login
        );
        let next = format!(
            "In Box open the folder → Share → Manage Collaborators → set the role of {} to Editor",
            account.login
        );
        return (
            Check::fail(name, Fault::Unauthorized, found, next),
            Seen::Bad,
        );
    }
    if let Err(trouble) = would_take(patient, &id).await {
        return refusal(name, &trouble);
    }
    let is_own = patient.client.acts_as_service_account()
        && look.owner.as_deref() == Some(account.id.as_str());
    if is_own {
        return (alone(account, name, &place), Seen::Good(look));
    }
    (
        Check::ok(name, format!("{place} is there, and takes files")),
        Seen::Good(look),
    )
}

fn refusal(name: String, trouble: &Trouble) -> (Check, Seen) {
    let check = Check::trouble(name.clone(), trouble);
    match trouble {
        Trouble::Unauthorized(said) if said.code == "insufficient_scope" => {
            let skipped = Check::skipped(name, "because of the app's scopes");
            let scopes = "scopes".to_owned();
            (
                skipped,
                Seen::NoScope(Check {
                    name: scopes,
                    ..check
                }),
            )
        }
        _ => (check, Seen::Bad),
    }
}

async fn find(patient: &Patient<'_>, names: &[RemoteName]) -> Result<Option<FolderId>, Box<Check>> {
    let mut at = FolderId::root();
    for name in names {
        match root_job::find(&patient.client, &at, name).await {
            Ok(Some(id)) => at = id,
            Ok(None) => return Ok(None),
            Err(root_job::Unusable::Trouble(trouble)) => {
                return Err(Box::new(Check::trouble("", &trouble)));
            }
            Err(root_job::Unusable::Halt(halt)) => {
                let next = "Choose another folder_path, or rename what is in its way";
                let check = Check::fail("", Fault::Unauthorized, halt.to_string(), next);
                return Err(Box::new(check));
            }
        }
    }
    Ok(Some(at))
}

async fn planned(
    patient: &Patient<'_>,
    account: &Account,
    mirror: &Mirror,
    name: String,
) -> (Check, Seen) {
    // Whether the app may write at all shows in the account's top folder as well.
    if let Err(trouble) = would_take(patient, &FolderId::root()).await {
        return refusal(name, &trouble);
    }
    let path = mirror.target.key();
    let path = path.trim_start_matches("folder_path:");
    let check = match patient.client.acts_as_service_account() {
        true => alone(
            account,
            name,
            &format!("{path:?}, which the first sync makes,"),
        ),
        false => Check::ok(name, format!("{path:?} will be made by the first sync")),
    };
    (check, Seen::Planned)
}

/// Asks Box whether it would take a file, which changes nothing.
async fn would_take(patient: &Patient<'_>, folder: &FolderId) -> Result<(), Trouble> {
    let probe = RemoteName::from_box(format!("boxup-doctor-{:016x}.tmp", fastrand::u64(..)));
    let answer = patient.client.preflight_new(&probe, folder, 1).await;
    answer.map(|_| ())
}

/// The classic reason why an upload "succeeds" and nobody finds it.
fn alone(account: &Account, name: String, place: &str) -> Check {
    let lesson = finding("service_account_root");
    let next = lesson.map_or("", |lesson| lesson.next);
    Check::warn(
        name,
        format!("{place} lies in the service account's own tree, where no person looks"),
        format!("{next}. The login to invite is {}", account.login),
    )
}

fn invite(account: &Account) -> String {
    format!(
        "Check the number at the end of the folder's web address; then in Box open the folder → \
         Share → invite {} as Editor, and run boxup doctor again",
        account.login
    )
}

/// What room there is. In somebody else's folder that person's storage counts, of which
/// Box tells us nothing.
fn quota(account: &Account, is_foreign: bool) -> Check {
    let gigabytes =
        |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
    let largest = account
        .max_upload_size
        .map(|most| format!(", files of up to {}", gigabytes(most)));
    let largest = largest.unwrap_or_default();
    let whose = match is_foreign {
        true => "; in folders of others their owner's storage counts",
        false => "",
    };
    let (Some(all), Some(used)) = (account.space_amount, account.space_used) else {
        return Check::skipped("quota", "Box did not tell how much may be stored");
    };
    if all >= UNLIMITED {
        return Check::ok("quota", format!("no limit on storage{largest}{whose}"));
    }
    let left = all.saturating_sub(used);
    let found = format!(
        "{} of {} left{largest}{whose}",
        gigabytes(left),
        gigabytes(all)
    );
    if left >= SCARCE.min(all / 2) && left >= all / SCARCE_SHARE {
        return Check::ok("quota", found);
    }
    Check::warn(
        "quota",
        found,
        "Empty the trash on Box (it counts), or ask an admin for more: Admin Console → Users & \
         Groups → the user → Edit → Storage",
    )
}

#[cfg(test)]
mod tests {
    use super::quota;
    use crate::agent::checkup::Status;
    use crate::remote::account::Account;

    #[test]
    fn storage_that_runs_out_is_told_in_time() {
        for (all, used, expected) in [
            (10_000_000_000, 0, Status::Ok),
            (10_000_000_000, 8_900_000_000, Status::Ok),
            (10_000_000_000, 9_100_000_000, Status::Warn),
            (100_000_000_000, 96_000_000_000, Status::Warn),
            (10_000_000_000, 11_000_000_000, Status::Warn),
            (1_000_000_000_000_000, 999, Status::Ok),
        ] {
            let account = Account {
                id: "1".into(),
                name: "n".into(),
                login: "l".into(),
                status: None,
                enterprise: None,
                space_amount: Some(all),
                space_used: Some(used),
                max_upload_size: Some(5_368_709_120),
            };
            assert_eq!(quota(&account, false).status, expected, "{used} of {all}");
        }
    }
}
