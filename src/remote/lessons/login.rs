//! Rows of the browser's way back from Box's consent page.

use super::{Place, Row, TOKEN};
use crate::model::trouble::Lesson;

const LOGIN: Row = Row {
    place: Place::Login,
    ..TOKEN
};

pub(super) static ROWS: &[Row] = &[
    Row {
        codes: &["access_denied"],
        lesson: Lesson {
            happened: "access was denied on Box's consent page",
            causes: &[
                "whoever logged in chose Deny",
                "an admin does not allow this app for people of the enterprise",
            ],
            next: "Run boxup login again and choose Grant access to Box; if there is no such \
                   button, ask an admin to enable the app",
        },
        ..LOGIN
    },
    Row {
        codes: &["redirect_uri_mismatch", "redirect_uri_missing"],
        lesson: REDIRECT,
        ..LOGIN
    },
    Row {
        texts: &["redirect_uri", "redirect uri"],
        lesson: REDIRECT,
        ..LOGIN
    },
    Row {
        codes: &["unauthorized_client", "invalid_client"],
        lesson: Lesson {
            happened: "Box does not let people log in to this app",
            causes: &[
                "client_id is wrong, or that of another app",
                "the app was not made for User Authentication (OAuth 2.0)",
                "the enterprise has not enabled it",
            ],
            next: concat!(
                configuration!(),
                " must say \"User Authentication (OAuth 2.0)\": copy its Client ID into [auth], \
                 or make a new Platform App of that kind",
            ),
        },
        ..LOGIN
    },
    Row {
        codes: &["temporarily_unavailable", "server_error"],
        lesson: Lesson {
            happened: "Box cannot log anybody in now",
            causes: &[],
            next: "Run boxup login again in a few minutes; https://status.box.com tells whether \
                   Box has trouble",
        },
        ..LOGIN
    },
    Row {
        lesson: Lesson {
            happened: "Box did not complete the login",
            causes: &[
                "client_id is wrong",
                "redirect_uri is not one of those of the app",
                "a scope was asked for that the app does not have",
            ],
            next: concat!(
                "Compare client_id and redirect_uri in [auth] with ",
                configuration!(),
                ", and run boxup login again",
            ),
        },
        ..LOGIN
    },
];

/// One lesson for the browser's page and for the exchange of the code.
pub(super) const REDIRECT: Lesson = Lesson {
    happened: "the address to which Box should send the browser back is not one of the app's",
    causes: &[
        "redirect_uri in [auth] is not letter for letter one of the app's: the port, the path and \
         a last slash count",
        "the app has several, and none was named",
        "the change in the Developer Console was not saved",
    ],
    next: concat!(
        configuration!(),
        " → OAuth 2.0 Redirect URIs → add http://127.0.0.1:8459/callback (or what [auth] \
         redirect_uri says) → Save Changes; then run boxup login again",
    ),
};
