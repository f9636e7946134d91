//! Rows of the API: one file or folder.

use super::{API, Kind, Row};
use crate::model::trouble::Lesson;

pub(super) static ROWS: &[Row] = &[
    // Box's specification has a full account among the conflicts, and gives it no code.
    Row {
        status: (409, 409),
        texts: &["storage limit", "run out of disk space", "out of storage"],
        kind: Kind::Full,
        lesson: FULL,
        ..API
    },
    Row {
        codes: &["item_name_in_use"],
        kind: Kind::NameTaken,
        lesson: Lesson {
            happened: "something of this name is in the folder already",
            causes: &[
                "somebody, or an upload whose answer was lost, has made it meanwhile",
                "names that differ only in case are one name to Box",
            ],
            next: "Nothing: boxup looks again and decides by on_existing",
        },
        ..API
    },
    Row {
        codes: &["name_temporarily_reserved"],
        kind: Kind::Busy,
        lesson: Lesson {
            happened: "an upload of the same name is still under way at Box",
            causes: &["an earlier try, or another program, is being processed"],
            next: "Nothing: it is over within minutes",
        },
        ..API
    },
    Row {
        codes: &["operation_blocked_temporary"],
        kind: Kind::Busy,
        lesson: Lesson {
            happened: "the folder is busy with another operation",
            causes: &["somebody moves, copies or deletes a large folder around it"],
            next: "Nothing: it is over within minutes, after large moves somewhat later",
        },
        ..API
    },
    Row {
        codes: &["bad_digest", "digest_mismatch"],
        kind: Kind::Damaged,
        lesson: Lesson {
            happened: "the bytes that arrived are not those that were sent",
            causes: &[
                "a proxy or a faulty network changed them on their way",
                "this machine's memory or disk is faulty",
            ],
            next: "If it happens again, send the file through another network, and check this \
                   machine's disk and memory",
        },
        ..API
    },
    Row {
        codes: &["precondition_failed", "sync_state_precondition_failed"],
        kind: Kind::Stale,
        lesson: Lesson {
            happened: "somebody has changed it on Box since boxup looked",
            causes: &[],
            next: "Nothing: boxup looks again and decides by on_remote_change",
        },
        ..API
    },
    Row {
        codes: &["trashed"],
        kind: Kind::Gone,
        lesson: Lesson {
            happened: "it is in the trash",
            causes: &["somebody has deleted it on Box"],
            next: "Restore it: https://app.box.com → Trash → its … menu → Restore",
        },
        ..API
    },
    Row {
        codes: &["not_trashed"],
        kind: Kind::Gone,
        lesson: Lesson {
            happened: "it is not in the trash",
            causes: &["somebody has restored it, or deleted it for good"],
            next: "Look for it on https://app.box.com",
        },
        ..API
    },
    Row {
        codes: &["not_found"],
        kind: Kind::Gone,
        lesson: NOT_FOUND,
        ..API
    },
    Row {
        status: (404, 404),
        codes: &["invalid_parameter"],
        kind: Kind::Gone,
        lesson: NOT_FOUND,
        ..API
    },
    Row {
        codes: &["access_denied_insufficient_permissions"],
        lesson: Lesson {
            happened: "the account's role in this folder does not allow it",
            causes: &[
                "it is Viewer or Previewer there, or Uploader where a new version needs Editor",
                "the folder's owner allows only owners to upload or to edit",
                "the invitation has expired",
            ],
            next: "In Box open the folder → Share → Manage access → set the role of boxup's \
                   account to Editor",
        },
        ..API
    },
    Row {
        codes: &["access_denied_item_locked"],
        kind: Kind::Locked,
        lesson: Lesson {
            happened: "somebody has locked the file",
            causes: &[
                "it is open in an Office application or in Box Notes",
                "a person locked it",
            ],
            next: "Wait until they close it, or ask them (or the folder's owner) for its … menu → \
                   Unlock",
        },
        ..API
    },
    Row {
        codes: &["file_size_limit_exceeded"],
        lesson: TOO_LARGE,
        ..API
    },
    Row {
        codes: &["request_entity_too_large"],
        lesson: TOO_LARGE,
        ..API
    },
    Row {
        codes: &["storage_limit_exceeded"],
        kind: Kind::Full,
        lesson: FULL,
        ..API
    },
    Row {
        codes: &["forbidden_by_policy"],
        lesson: Lesson {
            happened: "a policy of the enterprise forbids it",
            causes: &[
                "Box Shield, an information barrier, or a classification of the folder",
                "the policy forbids this kind of file, or accounts of another enterprise",
            ],
            next: "Ask an admin with the request ID which policy it is: Admin Console → Shield, \
                   and → Governance",
        },
        ..API
    },
    Row {
        codes: &["forbidden"],
        lesson: Lesson {
            happened: "the account may not do this here",
            causes: &[
                "its role in the folder is too low",
                "what it asks for was begun by another account, such as an upload session",
                "the call is made for another user, and the app lacks \"Make API calls using the \
                 as-user header\"",
            ],
            next: "In Box open the folder → Share → Manage access → set the role of boxup's \
                   account to Editor",
        },
        ..API
    },
    Row {
        codes: &["item_name_invalid", "item_name_too_long"],
        lesson: Lesson {
            happened: "Box does not take this name",
            causes: &[
                "it has a slash, a backslash or a character that cannot be printed in it, or \
                 blanks at its ends",
                "it is longer than 255 characters",
                "it is . or ..",
            ],
            next: "Rename it, or leave it out with exclude",
        },
        ..API
    },
    Row {
        codes: &["folder_not_empty"],
        kind: Kind::Later,
        lesson: Lesson {
            happened: "there is something in the folder",
            causes: &["somebody has put it there meanwhile"],
            next: "Nothing: boxup looks again",
        },
        ..API
    },
    Row {
        codes: &["cannot_make_collaborated_subfolder_private"],
        lesson: Lesson {
            happened: "a folder that is shared with others cannot become private by moving it",
            causes: &["the folder, or one in it, has collaborators of its own"],
            next: "Move it in the browser as its owner, or take the collaborators away first",
        },
        ..API
    },
    Row {
        codes: &["cyclical_folder_structure"],
        lesson: Lesson {
            happened: "a folder cannot be moved into itself",
            causes: &["somebody has moved one of the two folders on Box meanwhile"],
            next: "Undo one of the two moves, and run boxup again",
        },
        ..API
    },
    Row {
        codes: &["sync_item_move_failure"],
        lesson: Lesson {
            happened: "Box Sync, which Box has ended, still holds the folder",
            causes: &[],
            next: "Unsync the folder in the browser (its … menu), or make a new one for the mirror",
        },
        ..API
    },
    Row {
        codes: &["collaborations_not_available_on_root_folder"],
        lesson: Lesson {
            happened: "All Files as a whole cannot be shared",
            causes: &["the folder's ID is 0"],
            next: "Share a folder in it, and put that folder's ID into folder_id",
        },
        ..API
    },
    Row {
        codes: &["user_already_collaborator"],
        lesson: Lesson {
            happened: "the folder is shared with this account already",
            causes: &[],
            next: "If its role is too low, open the folder → Share → Manage access and change it",
        },
        ..API
    },
    Row {
        codes: &["external_collaboration_restricted"],
        lesson: Lesson {
            happened: "the folder may not be shared with accounts outside the enterprise",
            causes: &["the app belongs to another enterprise than the folder"],
            next: "Ask an admin of the folder's enterprise to allow it (Admin Console → Enterprise \
                   Settings → Content & Sharing), or make the app in that enterprise",
        },
        ..API
    },
    Row {
        codes: &["invalid_collaboration_item", "invalid_status"],
        lesson: Lesson {
            happened: "this cannot be shared in this way",
            causes: &["it is no folder", "the invitation was answered already"],
            next: "Share it in the browser: open the folder → Share",
        },
        ..API
    },
];

const NOT_FOUND: Lesson = Lesson {
    happened: "it is not there, or this account cannot see it",
    causes: &[
        "it was deleted on Box, or is in the trash",
        "it is not shared with the account that boxup uses, or not any more",
        "its ID is wrong",
    ],
    next: "See that it is still there and shared with the account that boxup uses",
};

const TOO_LARGE: Lesson = Lesson {
    happened: "the file is larger than the folder's owner may store",
    causes: &["every plan of Box has a largest file; that of the folder's owner counts"],
    next: "Split the file, leave it out with exclude, or have the folder owned by an account with \
           a larger limit",
};

/// Also for a bare 507.
pub(super) const FULL: Lesson = Lesson {
    happened: "the account that owns the folder is full",
    causes: &[
        "its storage is used up; the trash counts until it is purged",
        "a service account has little unless an admin gave it more, and owns what is in its own \
         tree",
    ],
    next: "Free space, purge the owner's trash, or ask an admin: Admin Console → Users & Groups → \
           the folder's owner → storage",
};
