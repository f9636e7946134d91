//! Space on Box, and the largest file.

use crate::agent::checkup::check::{Check, Status};
use crate::model::figures::bytes;
use crate::remote::account::Account;

/// Box writes a number like this for "as much as you like".
const UNLIMITED: u64 = 100_000_000_000_000;
/// Less than this is little …
const LITTLE: u64 = 1_000_000_000;
/// … and so is less than this part of the whole.
const PART: u64 = 20;

const NAME: &str = "quota";

/// Whose space the mirrors use: that of their folders' owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whose {
    /// Some use the account's own.
    pub(crate) own: bool,
    /// Some use others'.
    pub(crate) others: bool,
}

/// What `users/me` says.
pub(crate) fn check(account: Option<&Account>, whose: Whose) -> Check {
    let Some(account) = account else {
        return Check::ok(NAME, "Box does not tell");
    };
    let room = judge(account.space_amount, account.space_used);
    let mut found = told(account, room);
    if let Some(most) = account.max_upload_size {
        found.push_str(&format!("; a file may have {}", bytes(most)));
    }
    let owner = "a folder of somebody else uses its owner's space, which Box does not tell";
    if whose.others {
        found.push_str(&format!("; {owner}"));
    }
    // Whoever puts nothing into the own tree does not need its space.
    let matters = whose.own || !whose.others;
    let status = match room {
        Room::Little if matters => Status::Warn,
        Room::Enough | Room::Little | Room::Unknown => Status::Ok,
    };
    let next = "Empty the trash, or ask an admin for more: Admin Console → Users & Groups → the \
                user → Edit → Storage";
    Check {
        status,
        next: (status == Status::Warn).then(|| next.to_owned()),
        ..Check::ok(NAME, found)
    }
}

fn told(account: &Account, room: Room) -> String {
    match (account.space_amount, account.space_used) {
        (Some(most), Some(used)) if most < UNLIMITED => {
            let left = bytes(most.saturating_sub(used));
            let only = if room == Room::Little { "only " } else { "" };
            format!("{only}{left} of {} left", bytes(most))
        }
        (Some(most), _) if most >= UNLIMITED => "no limit".to_owned(),
        _ => "Box does not tell how much space is left".to_owned(),
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Enough,
    Little,
    Unknown,
}

fn judge(amount: Option<u64>, used: Option<u64>) -> Room {
    let (Some(amount), Some(used)) = (amount, used) else {
        return Room::Unknown;
    };
    let left = amount.saturating_sub(used);
    if amount >= UNLIMITED || (left >= LITTLE && left >= amount / PART) {
        Room::Enough
    } else {
        Room::Little
    }
}

#[cfg(test)]
mod tests {
    use super::{Room, judge};

    #[test]
    fn little_is_less_than_a_gigabyte_or_a_twentieth() {
        const GB: u64 = 1_000_000_000;
        for (amount, used, expected) in [
            (Some(10 * GB), Some(0), Room::Enough),
            (Some(10 * GB), Some(9 * GB), Room::Enough),
            (Some(10 * GB), Some(9 * GB + 1), Room::Little),
            (Some(100 * GB), Some(96 * GB), Room::Little),
            (Some(100 * GB), Some(95 * GB), Room::Enough),
            (Some(GB / 2), Some(0), Room::Little),
            (Some(GB), Some(2 * GB), Room::Little),
            (Some(1_000_000 * GB), Some(999_999 * GB), Room::Enough),
            (None, Some(1), Room::Unknown),
            (Some(1), None, Room::Unknown),
        ] {
            assert_eq!(judge(amount, used), expected, "{amount:?} {used:?}");
        }
    }
}
