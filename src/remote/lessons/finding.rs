//! Rows for what no error says: a mirror's reason to stand still, the status of an
//! account as `users/me` tells it, a place where nobody will look.

use super::{Place, Row, TOKEN};
use crate::model::trouble::Lesson;

const FINDING: Row = Row {
    place: Place::Finding,
    ..TOKEN
};

pub(super) static ROWS: &[Row] = &[
    Row {
        codes: &["folder_invisible"],
        lesson: Lesson {
            happened: "the Box folder is not there, or the account that boxup uses cannot put \
                       anything into it",
            causes: &[
                "the folder is not shared with that account: a service account sees nothing that \
                 it was not invited to",
                "folder_id is not the number at the end of the folder's web address",
                "its role in the folder is lower than Editor",
                "the folder was deleted or is in the trash, or the invitation was withdrawn, has \
                 expired or was never accepted",
                "boxup signs in as another account than the one that was invited",
            ],
            next: "In Box open the folder → Share → invite the account as Editor (a service \
                   account's login stands in the Developer Console → your app → General Settings \
                   → Service Account Info); then run boxup again",
        },
        ..FINDING
    },
    Row {
        codes: &["service_account_root"],
        lesson: Lesson {
            happened: "the Box folder lies in the service account's own tree, where nobody else \
                       looks",
            causes: &["folder_id is 0, or folder_path begins where only the app is at home"],
            next: "Make the folder as yourself, open it → Share → invite the service account as \
                   Editor, and put the folder's ID into folder_id",
        },
        ..FINDING
    },
    Row {
        codes: &["not_logged_in"],
        lesson: Lesson {
            happened: "there is no login to Box that could be used",
            causes: &[
                "nobody has run boxup login yet, as the user that boxup runs as and with this \
                 state directory",
                "boxup logout has ended it",
            ],
            next: "Run boxup login (on a machine without a browser: boxup login --no-browser)",
        },
        ..FINDING
    },
    Row {
        codes: &["foreign_login"],
        lesson: Lesson {
            happened: "the login that is kept here is that of another app",
            causes: &[
                "client_id in [auth], or [endpoints] token, has changed since boxup login",
                "the state directory is that of another configuration",
            ],
            next: "Go back to the former client_id; or, if the change is meant, run boxup logout \
                   under the former configuration and boxup login under this one",
        },
        ..FINDING
    },
    Row {
        codes: &["another_account"],
        lesson: Lesson {
            happened: "the token belongs to another account than the one that everything here was \
                       sent with",
            causes: &[
                "the sign-in in [auth], or the person who logged in, has changed",
                "the state directory is that of another configuration",
            ],
            next: "Go back to the former sign-in; or, if the change is meant, give the new account \
                   a state directory of its own ([state] dir): what is on Box already is then \
                   recognised by its content and not sent again",
        },
        ..FINDING
    },
    Row {
        codes: &["inactive"],
        lesson: Lesson {
            happened: "the account is inactive",
            causes: &["an admin has made it so", "its enterprise has left Box"],
            next: "Ask an admin: Admin Console → Users & Groups → the user → Edit → status Active",
        },
        ..FINDING
    },
    Row {
        codes: &["cannot_delete_edit", "cannot_delete_edit_upload"],
        lesson: Lesson {
            happened: "the account may read but not upload or edit",
            causes: &["an admin has limited it, or its enterprise's plan has ended"],
            next: "Ask an admin: Admin Console → Users & Groups → the user → Edit → status Active",
        },
        ..FINDING
    },
];
