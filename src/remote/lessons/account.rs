//! Rows of both the token endpoint and the API: the account, the enterprise, the place
//! from which they are used. No item can go on before a person acts.

use super::{API, Kind, Place, Row, SignIn, TOKEN};
use crate::model::trouble::Lesson;

const BOTH: Row = Row {
    place: Place::Both,
    ..TOKEN
};

const UNAUTHORIZED: Row = Row {
    kind: Kind::Unauthorized,
    ..API
};

pub(super) static ROWS: &[Row] = &[
    Row {
        codes: &["account_deactivated"],
        lesson: Lesson {
            happened: "the account is deactivated",
            causes: &[
                "an admin has made the user inactive",
                "the account was deleted, or its enterprise has left Box",
            ],
            next: "Ask an admin: Admin Console → Users & Groups → the user → Edit → status Active; \
                   or sign in as another account",
        },
        ..BOTH
    },
    Row {
        codes: &["password_reset_required"],
        lesson: Lesson {
            happened: "Box wants this user to choose a new password first",
            causes: &[],
            next: "Log in to https://app.box.com in a browser as this user, and do what it asks \
                   for; then run boxup again",
        },
        ..BOTH
    },
    Row {
        codes: &["terms_of_service_required"],
        lesson: Lesson {
            happened: "this user has not accepted the enterprise's terms of service",
            causes: &["the enterprise has terms of its own, or has changed them"],
            next: "Log in to https://app.box.com in a browser as this user, and accept them; then \
                   run boxup again",
        },
        ..BOTH
    },
    Row {
        codes: &["user_email_confirmation_required"],
        lesson: Lesson {
            happened: "this user's e-mail address is not confirmed",
            causes: &[],
            next: "Log in to https://app.box.com in a browser as this user, follow the link in \
                   the message that Box sends, and run boxup again",
        },
        ..BOTH
    },
    Row {
        codes: &["no_credit_card_trial_ended"],
        lesson: Lesson {
            happened: "the trial of this Box account has ended",
            causes: &[],
            next: "Log in to https://app.box.com in a browser and choose a plan under Account \
                   Settings → Account & Billing, or sign in as another account",
        },
        ..BOTH
    },
    Row {
        codes: &["grace_period_expired"],
        lesson: Lesson {
            happened: "the time that Box gave this account to set something right is over",
            causes: &[
                "a bill is not paid",
                "two-factor authentication, or another of the enterprise's demands, was not set up",
            ],
            next: "Log in to https://app.box.com in a browser as this user, and do what it asks \
                   for; then run boxup again",
        },
        ..BOTH
    },
    Row {
        codes: &["service_blocked"],
        lesson: Lesson {
            happened: "the enterprise blocks this app",
            causes: &[
                "an admin has disabled the app, or allows only apps of a list",
                "the enterprise's plan does not include access by apps",
            ],
            next: concat!(
                "Ask an admin: ",
                apps!(),
                " → the app's … menu → Enable App"
            ),
        },
        ..BOTH
    },
    Row {
        codes: &["unauthorized_device"],
        lesson: Lesson {
            happened: "the enterprise does not allow this machine",
            causes: &["device trust, or a limit on devices, is on"],
            next: "Ask an admin to allow this machine: Admin Console → Enterprise Settings → \
                   Device Trust",
        },
        ..BOTH
    },
    Row {
        codes: &[
            "access_from_location_blocked",
            "error_access_from_ip_not_allowed",
        ],
        lesson: Lesson {
            happened: "the enterprise does not allow access from this network",
            causes: &[
                "the address from which this machine reaches Box is not on the enterprise's list",
                "a VPN or a proxy makes the requests come from somewhere else",
            ],
            next: "Ask an admin to allow the address from which this machine reaches the internet: Admin \
                   Console → Enterprise Settings → Security; or go through a network that is \
                   allowed",
        },
        ..BOTH
    },
    Row {
        codes: &["insufficient_scope"],
        lesson: Lesson {
            happened: "the app lacks the scope for this",
            causes: &[
                "\"Read and write all files and folders stored in Box\" is not ticked, or only \
                 reading is",
                "it was ticked after the app's last authorisation: until an admin chooses \
                 Reauthorize App, the old scopes are in force",
                "the token is older than the change, or restricted to other folders",
                "the call is made for another user, and \"Make API calls using the as-user \
                 header\" is not ticked",
            ],
            next: concat!(
                configuration!(),
                " → Application Scopes → tick \"Read and write all files and folders stored in \
                 Box\" → Save Changes; ",
                reauthorize!(),
                "; then run boxup again",
            ),
        },
        ..BOTH
    },
    Row {
        status: (404, 404),
        codes: &["not_found"],
        texts: &["on-behalf-of user"],
        lesson: Lesson {
            happened: "Box does not find the user for whom the call is made",
            causes: &[
                "the user's ID is wrong, or the user was deleted",
                "the user is in another enterprise, or not within the App Access Level",
                "the ID is that of a service account, for which nobody else can act",
            ],
            next: concat!(
                "Look the ID up (Admin Console → Users & Groups → the user: the number in the web \
                 address); ",
                configuration!(),
                " → App Access Level: App + Enterprise Access → Save Changes; ",
                reauthorize!(),
            ),
        },
        ..UNAUTHORIZED
    },
    Row {
        status: (403, 403),
        codes: &["forbidden"],
        texts: &["as-user header", "on-behalf-of"],
        lesson: Lesson {
            happened: "the app may not make calls for other users",
            causes: &[
                "\"Make API calls using the as-user header\" is not ticked",
                "it was ticked after the app's last authorisation",
                "the account behind the token is no admin who may manage users",
            ],
            next: concat!(
                configuration!(),
                " → Advanced Features → tick \"Make API calls using the as-user header\" → Save \
                 Changes; ",
                reauthorize!(),
            ),
        },
        ..UNAUTHORIZED
    },
    Row {
        codes: &["access_denied"],
        lesson: Lesson {
            happened: "Box denies the app this account",
            causes: &[
                "the person, or an admin, has withdrawn the app's access",
                "the enterprise allows only apps of a list",
            ],
            next: "Ask an admin to look at the app: Admin Console → Integrations (Apps in older \
                   consoles) → Platform Apps Manager; with method oauth2 then run boxup login",
        },
        ..TOKEN
    },
    Row {
        status: (401, 401),
        method: Some(SignIn::DeveloperToken),
        lesson: DEVELOPER_TOKEN,
        ..UNAUTHORIZED
    },
    Row {
        status: (401, 401),
        method: Some(SignIn::OAuth2),
        lesson: Lesson {
            happened: "Box refuses the token although it was just renewed",
            causes: &[
                "the person, or an admin, has withdrawn the app's access",
                "the account was made inactive",
                "another program renews the same login, which ends the token of this one",
            ],
            next: "Run boxup login again; if that does not help, ask an admin whether the account \
                   is active and the app enabled",
        },
        ..UNAUTHORIZED
    },
    Row {
        status: (401, 401),
        lesson: RENEWED_IN_VAIN,
        ..UNAUTHORIZED
    },
    Row {
        codes: &["unauthorized", "invalid_token", "expired_token"],
        lesson: RENEWED_IN_VAIN,
        ..UNAUTHORIZED
    },
    Row {
        codes: &["unauthorized"],
        lesson: Lesson {
            happened: "Box does not accept what the app presented",
            causes: &[
                "the client secret was reset",
                "the app was deleted or disabled",
                "the login was withdrawn",
            ],
            next: concat!(
                configuration!(),
                " → OAuth 2.0 Credentials → copy Client ID and Client Secret again; with method \
                 oauth2 run boxup login",
            ),
        },
        ..TOKEN
    },
];

const DEVELOPER_TOKEN: Lesson = Lesson {
    happened: "the developer token is dead: it lives for 60 minutes and cannot be renewed",
    causes: &[
        "60 minutes have gone by since it was made",
        "a newer one was made, or this one revoked, in the Developer Console",
        "it was copied without its end",
    ],
    next: "For now: Developer Console → your app → Configuration → Generate Developer Token, and \
           put it into [auth] developer_token or $BOXUP_DEVELOPER_TOKEN. To run unattended: make \
           a Platform App with \"Server Authentication (with Client Credentials Grant)\", have it \
           authorised, and set [auth] method = \"ccg\" with client_id, client_secret_file and \
           enterprise_id",
};

const RENEWED_IN_VAIN: Lesson = Lesson {
    happened: "Box refuses the token although it was just renewed",
    causes: &[
        "the app was disabled, or its authorisation withdrawn",
        "the account that it acts as was made inactive or deleted",
        "[endpoints] sends the token somewhere else than to who gave it",
    ],
    next: concat!(
        "Ask an admin to see that the app is authorised and enabled (",
        apps!(),
        ") and that its account is active; then run boxup again",
    ),
};
