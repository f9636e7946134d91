//! Rows of the token endpoint: the app, its secret, and how it may ask.

use super::{Row, SignIn, TOKEN};
use crate::model::trouble::Lesson;

pub(super) static ROWS: &[Row] = &[
    Row {
        texts: &["not authorized by the enterprise"],
        method: Some(SignIn::OAuth2),
        lesson: Lesson {
            happened: "the enterprise's admin has not enabled the app",
            causes: &[
                "the enterprise disables unpublished apps, and this one was not enabled",
                "the app was enabled once and is not any more",
                "client_id is that of another app",
            ],
            next: "Ask an admin: Admin Console → Integrations (Apps in older consoles) → Platform \
                   Apps Manager → User Authentication Apps → the app's … menu → Enable App; then \
                   run boxup login",
        },
        ..TOKEN
    },
    Row {
        texts: &["not authorized by the enterprise"],
        lesson: Lesson {
            happened: "the app is not authorised by the enterprise's admin",
            causes: &[
                "no admin has authorised it yet: Review and Submit, on the Authorization tab of \
                 the Developer Console, only asks for it",
                "the authorisation was withdrawn, or the app disabled",
                "client_id is that of another app than the one that was authorised",
                "enterprise_id is another enterprise than the one that authorised it",
            ],
            next: concat!(
                "Ask an admin: ",
                apps!(),
                " → Add Platform App → paste the client ID → Authorize; or, where the app is in \
                 the list already, its … menu → Authorize App. Then run boxup again",
            ),
        },
        ..TOKEN
    },
    Row {
        texts: &["grant type is unauthorized"],
        method: Some(SignIn::Jwt),
        lesson: Lesson {
            happened: "the app was not made for signing in with a key pair",
            causes: ANOTHER_KIND,
            next: "Developer Console → your app → Configuration must say \"Server Authentication \
                   (with JWT)\", which cannot be changed later: make a new Platform App of that \
                   kind, have it authorised and use its JSON file, or set [auth] method to what \
                   this app is (ccg or oauth2)",
        },
        ..TOKEN
    },
    Row {
        texts: &["grant type is unauthorized"],
        method: Some(SignIn::OAuth2),
        lesson: Lesson {
            happened: "the app was not made for people who log in",
            causes: ANOTHER_KIND,
            next: "Developer Console → your app → Configuration must say \"User Authentication \
                   (OAuth 2.0)\", which cannot be changed later: make a new Platform App of that \
                   kind and run boxup login, or set [auth] method to what this app is (ccg or \
                   jwt)",
        },
        ..TOKEN
    },
    Row {
        texts: &["grant type is unauthorized"],
        lesson: Lesson {
            happened: "the app was not made for signing in with client credentials",
            causes: ANOTHER_KIND,
            next: "Developer Console → your app → Configuration must say \"Server Authentication \
                   (with Client Credentials Grant)\", which cannot be changed later: make a new \
                   Platform App of that kind and have it authorised, or set [auth] method to what \
                   this app is (jwt or oauth2)",
        },
        ..TOKEN
    },
    Row {
        texts: &["box_subject_type"],
        lesson: Lesson {
            happened: "the app may not act for this kind of account",
            causes: &[
                "user_id is set, and \"Generate user access tokens\" is not ticked for the app",
                "user_id is set, and the App Access Level is \"App Access Only\"",
                "the app was changed after its last authorisation",
            ],
            next: USER_TOKENS,
        },
        ..TOKEN
    },
    Row {
        codes: &["invalid_client"],
        method: Some(SignIn::Jwt),
        lesson: Lesson {
            happened: "the JSON file's client ID and client secret do not belong together",
            causes: &[
                "the JSON file is that of another app, or was put together from two",
                "the client secret was reset after the JSON file was downloaded",
                "the file was edited, or the app deleted",
            ],
            next: concat!(
                configuration!(),
                " → Add and Manage Public Keys → Generate a Public/Private Keypair downloads a \
                 new JSON file: put it where [auth] looks for the old one",
            ),
        },
        ..TOKEN
    },
    Row {
        codes: &["invalid_client"],
        method: Some(SignIn::OAuth2),
        lesson: Lesson {
            happened: "client ID and client secret do not belong together",
            causes: SECRET_CAUSES,
            next: concat!(
                configuration!(),
                " → OAuth 2.0 Credentials → copy Client ID and Client Secret again into [auth]; \
                 if the client ID has changed, run boxup login",
            ),
        },
        ..TOKEN
    },
    Row {
        codes: &["invalid_client"],
        lesson: Lesson {
            happened: "client ID and client secret do not belong together",
            causes: SECRET_CAUSES,
            next: concat!(
                configuration!(),
                " → OAuth 2.0 Credentials → copy Client ID and Client Secret again into [auth] \
                 (Box shows the secret only to an account with two-factor authentication)",
            ),
        },
        ..TOKEN
    },
    Row {
        texts: &["cannot obtain user token based on the enterprise configuration"],
        lesson: Lesson {
            happened: "the app may not act as this user",
            causes: &[
                "\"Generate user access tokens\" is not ticked for the app",
                "the user is a managed user, and the App Access Level is \"App Access Only\"",
                "the app was changed after its last authorisation",
                "user_id is that of the app's own service account: use enterprise_id for it",
            ],
            next: USER_TOKENS,
        },
        ..TOKEN
    },
    Row {
        texts: &["cannot obtain token based on the enterprise configuration"],
        lesson: Lesson {
            happened: "the app is authorised but not enabled in this enterprise",
            causes: &[
                "the enterprise has \"Disable unpublished apps by default\" on",
                "an admin has disabled the app",
            ],
            next: concat!(
                "Ask an admin: ",
                apps!(),
                " → the app's … menu → Enable App"
            ),
        },
        ..TOKEN
    },
    Row {
        texts: &["no refresh token parameter"],
        lesson: Lesson {
            happened: "there is no login to renew",
            causes: &[
                "nobody has logged in yet for this configuration",
                "the token file was emptied or replaced",
            ],
            next: "Run boxup login",
        },
        ..TOKEN
    },
    Row {
        codes: &["unsupported_grant_type"],
        lesson: NO_GRANT,
        ..TOKEN
    },
    Row {
        texts: &["invalid grant_type"],
        lesson: NO_GRANT,
        ..TOKEN
    },
];

const ANOTHER_KIND: &[&str] = &[
    "the app was made for another authentication method",
    "client_id is that of another app",
];

const SECRET_CAUSES: &[&str] = &[
    "the client secret was copied without its end, or with a blank or a line feed",
    "the client secret was reset in the Developer Console after it was copied",
    "client_id is that of another app",
    "an old value in the environment (BOXUP_CLIENT_SECRET) wins over the file",
];

const USER_TOKENS: &str = concat!(
    configuration!(),
    " → App Access Level: App + Enterprise Access; → Advanced Features: tick \"Generate user \
     access tokens\" → Save Changes; ",
    reauthorize!(),
);

const NO_GRANT: Lesson = Lesson {
    happened: "no token request arrived at Box",
    causes: &[
        "[endpoints] token is not https://api.box.com/oauth2/token",
        "a proxy in between dropped or changed the body",
        "a value in [auth] is empty",
    ],
    next: "Take [endpoints] out of the configuration, run boxup config check, and run it again \
           without the proxy",
};
