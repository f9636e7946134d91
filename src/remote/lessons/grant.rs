//! Rows of the token endpoint: what was presented for a token.

use super::{Row, SignIn, TOKEN};
use crate::model::trouble::Lesson;

pub(super) static ROWS: &[Row] = &[
    Row {
        texts: &["refresh token has expired"],
        lesson: Lesson {
            happened: "the login has expired",
            causes: &[
                "boxup did not run for 60 days: a login lives that long without being used",
                "another program, or a copy of the token file, has renewed it: a refresh token \
                 is good for one use",
                "the token file was restored from a backup",
            ],
            next: LOG_IN_AGAIN,
        },
        ..TOKEN
    },
    Row {
        texts: &["invalid refresh token"],
        lesson: Lesson {
            happened: "the login has been used up elsewhere, or withdrawn",
            causes: &[
                "another program, or a copy of the token file, has renewed it: a refresh token \
                 is good for one use",
                "the token file was restored from a backup",
                "the answer to the last renewal was lost on its way",
                "the person, or an admin, has withdrawn the app's access",
            ],
            next: LOG_IN_AGAIN,
        },
        ..TOKEN
    },
    Row {
        texts: &["authorization code", "auth code"],
        lesson: Lesson {
            happened: "the code that Box gave after the login is not good any more",
            causes: &[
                "more than 30 seconds went by after the consent",
                "the code was used before",
                "redirect_uri, or the app, was changed in between",
            ],
            next: "Run boxup login again; with --no-browser paste the address within 30 seconds",
        },
        ..TOKEN
    },
    Row {
        texts: &["'nbf'", "'iat'", "nbf claim", "iat claim", "not-before"],
        lesson: CLOCK_AHEAD,
        ..TOKEN
    },
    Row {
        texts: &["exceeds the maximum value"],
        lesson: CLOCK_AHEAD,
        ..TOKEN
    },
    Row {
        texts: &["before the expiration", "'exp'", "exp claim"],
        lesson: Lesson {
            happened: "by Box's clock the signed request had run out when it arrived",
            causes: &[
                "this machine's clock is behind; boxup has corrected for the Date in Box's \
                 answer already, and that was not enough",
                "a proxy in between changes or repeats the Date of Box's answers",
                "the request took more than half a minute on its way",
            ],
            next: SET_THE_CLOCK,
        },
        ..TOKEN
    },
    Row {
        texts: &["jti"],
        lesson: Lesson {
            happened: "Box has seen this signed request before",
            causes: &[
                "a proxy in between sent it twice; boxup has tried again with a new one already",
                "this machine's clock was set back",
                "two machines were cloned while running and make the same random numbers",
            ],
            next: SET_THE_CLOCK,
        },
        ..TOKEN
    },
    Row {
        texts: &["'sub'", "sub claim", "'sub "],
        lesson: Lesson {
            happened: "Box does not know whom the app wants to act as",
            causes: &[
                "enterprise_id (or user_id) in [auth] is the wrong number",
                "the JSON file is that of an app in another enterprise",
                "the user was deleted, or is not within the App Access Level",
            ],
            next: concat!(
                "Compare enterprise_id with Developer Console → your app → General Settings → App \
                 Info → Enterprise ID; for user_id: ",
                configuration!(),
                " → App Access Level: App + Enterprise Access → Save Changes; ",
                reauthorize!(),
            ),
        },
        ..TOKEN
    },
    Row {
        texts: &["'iss'", "iss claim"],
        lesson: Lesson {
            happened: "the signed request names an app that Box does not know",
            causes: &[
                "the JSON file was edited, or put together from two",
                "the app was deleted",
            ],
            next: NEW_KEY,
        },
        ..TOKEN
    },
    Row {
        texts: &["'aud'", "aud claim"],
        lesson: Lesson {
            happened: "the signed request is addressed to somebody else",
            causes: &["[endpoints] token is not Box's", "a mistake in boxup"],
            next: "Take [endpoints] out of the configuration; if that does not help, report it \
                   with Box's words",
        },
        ..TOKEN
    },
    Row {
        texts: &[
            "signature verification",
            "must correspond to the private key",
        ],
        lesson: Lesson {
            happened: "the private key is not the one whose public half Box has under this key ID",
            causes: &[
                "publicKeyID and privateKey in the JSON file are of two key pairs",
                "the file was edited by hand",
            ],
            next: NEW_KEY,
        },
        ..TOKEN
    },
    Row {
        texts: &["'kid'", "kid claim", "lookup correct key"],
        lesson: Lesson {
            happened: "Box has no public key under the JSON file's key ID",
            causes: &[
                "the key was deleted in the Developer Console",
                "the JSON file is that of another app",
                "publicKeyID in the file was edited",
            ],
            next: NEW_KEY,
        },
        ..TOKEN
    },
    Row {
        codes: &["invalid_grant"],
        method: Some(SignIn::OAuth2),
        lesson: Lesson {
            happened: "Box does not accept the login any more",
            causes: &[
                "it was renewed by another program, or from a copy of the token file",
                "it was not used for 60 days",
                "the person, or an admin, has withdrawn the app's access",
                "client_id is that of another app than the one that was logged in to",
            ],
            next: LOG_IN_AGAIN,
        },
        ..TOKEN
    },
    // Box's catch-all: the text does not say which of these it is.
    Row {
        codes: &["invalid_grant"],
        lesson: Lesson {
            happened: "Box does not let this app act for this enterprise or user, and does not \
                       say why",
            causes: &[
                "the client secret is not that of this app: copy both again (Developer Console → \
                 your app → Configuration → OAuth 2.0 Credentials)",
                "enterprise_id (or user_id) is the wrong number: compare it with Developer \
                 Console → your app → General Settings → App Info → Enterprise ID",
                "no admin has authorised the app, or not again after its last change: Admin \
                 Console → Integrations (Apps in older consoles) → Platform Apps Manager → Server \
                 Authentication Apps → the app's … menu → Authorize App or Reauthorize App",
                "user_id is set, and \"Generate user access tokens\" is not ticked: Developer \
                 Console → your app → Configuration → Advanced Features",
                "user_id is that of a managed user, and the App Access Level is not \"App + \
                 Enterprise Access\": Developer Console → your app → Configuration → App Access \
                 Level",
            ],
            next: "Check the five in this order (the client secret; enterprise_id or user_id; the \
                   authorisation; Generate user access tokens; the App Access Level); after a \
                   change choose Save Changes, have an admin choose Reauthorize App, and run \
                   boxup again",
        },
        ..TOKEN
    },
    Row {
        codes: &["unauthorized_client"],
        lesson: Lesson {
            happened: "the app is not allowed to ask for a token in this way",
            causes: &[
                "no admin has authorised it, or not again after its last change",
                "it was made for another authentication method",
                "client_id is that of another app",
            ],
            next: concat!(
                "Compare the method under ",
                configuration!(),
                " with [auth] method; ",
                reauthorize!()
            ),
        },
        ..TOKEN
    },
    // The browser shows the first two; the exchange of the code can meet the third.
    Row {
        codes: &["redirect_uri_mismatch", "redirect_uri_missing"],
        lesson: super::login::REDIRECT,
        ..TOKEN
    },
    Row {
        texts: &["redirect_uri", "redirect uri"],
        lesson: super::login::REDIRECT,
        ..TOKEN
    },
    Row {
        codes: &["invalid_request"],
        lesson: Lesson {
            happened: "Box could not make sense of the token request",
            causes: &[
                "a value in [auth] is empty or malformed",
                "[endpoints] token is not https://api.box.com/oauth2/token",
                "a proxy in between changed the body",
            ],
            next: "Run boxup config check, compare every ID in [auth] with the Developer Console, \
                   and run it again without the proxy",
        },
        ..TOKEN
    },
];

const LOG_IN_AGAIN: &str = "Run boxup login again, as the same person; give every machine and \
                            every program a login of its own";

const SET_THE_CLOCK: &str = "Have this machine's clock set by the network (timedatectl set-ntp \
                             true, or chrony or ntpd), compare date -u with the real time, and run \
                             boxup again";

const NEW_KEY: &str = concat!(
    configuration!(),
    " → Add and Manage Public Keys → Generate a Public/Private Keypair downloads a new JSON file: \
     put it where [auth] looks for the old one",
);

const CLOCK_AHEAD: Lesson = Lesson {
    happened: "by Box's clock the signed request comes from the future",
    causes: &[
        "this machine's clock is ahead; boxup has corrected for the Date in Box's answer \
         already, and that was not enough",
        "a proxy in between changes or repeats the Date of Box's answers",
    ],
    next: SET_THE_CLOCK,
};
