//! Rows for what is known by its status only.

use super::request::{BROKEN, CONFLICT, MALFORMED, TOO_MANY, UNAVAILABLE};
use super::{ANY_STATUS, API, Kind, Place, Row, TOKEN, item};
use crate::model::trouble::Lesson;

const BOTH: Row = Row {
    place: Place::Both,
    ..API
};

const fn api(status: u16, kind: Kind, lesson: Lesson) -> Row {
    Row {
        status: (status, status),
        kind,
        lesson,
        ..API
    }
}

const fn both(from: u16, to: u16, kind: Kind, lesson: Lesson) -> Row {
    Row {
        status: (from, to),
        kind,
        lesson,
        ..BOTH
    }
}

const fn page(from: u16, to: u16, lesson: Lesson) -> Row {
    Row {
        place: Place::Page,
        status: (from, to),
        kind: Kind::NoAnswer,
        lesson,
        ..TOKEN
    }
}

pub(super) static ROWS: &[Row] = &[
    both(300, 399, Kind::NoAnswer, REDIRECTION),
    both(407, 407, Kind::NoAnswer, PROXY),
    page(407, 407, PROXY),
    page(0, 999, NOT_BOX),
    both(408, 408, Kind::Later, BROKEN),
    both(429, 429, Kind::Throttled, TOO_MANY),
    both(511, 511, Kind::NoAnswer, REDIRECTION),
    api(507, Kind::Full, item::FULL),
    both(503, 503, Kind::Later, UNAVAILABLE),
    both(500, 599, Kind::Later, BROKEN),
    api(400, Kind::Refused, MALFORMED),
    api(403, Kind::Refused, FORBIDDEN),
    api(404, Kind::Gone, GONE),
    api(409, Kind::Later, CONFLICT),
    api(410, Kind::Gone, GONE),
    api(412, Kind::Stale, STALE),
    api(413, Kind::Refused, TOO_LARGE),
    Row {
        lesson: Lesson {
            happened: "the token endpoint refuses, for a reason that boxup does not know",
            causes: &[
                "client ID, client secret, enterprise ID or user ID are wrong",
                "the app is not authorised, or not again after its last change",
                "[endpoints] token is not https://api.box.com/oauth2/token",
                "a proxy in between has answered, if the words are not Box's",
            ],
            next: concat!(
                "Compare [auth] with ",
                configuration!(),
                "; ",
                reauthorize!(),
                "; if that does not help, show Box's support its words and the request ID",
            ),
        },
        ..TOKEN
    },
];

/// What fits nothing else.
pub(super) static UNKNOWN: Row = Row {
    status: ANY_STATUS,
    lesson: Lesson {
        happened: "Box refuses it, for a reason that boxup does not know",
        causes: &[],
        next: "Look the code up at https://developer.box.com/guides/api-calls/permissions-and-errors/, \
               and give Box's support the request ID",
    },
    ..API
};

const REDIRECTION: Lesson = Lesson {
    happened: "somebody sends us elsewhere, which Box does not do and boxup does not follow: \
               there seems to be a proxy or a login page in between",
    causes: &[
        "the network wants a login first, as in hotels and trains",
        "a proxy shows a page of its own",
        "[endpoints] is not Box's",
    ],
    next: "Open https://api.box.com in a browser on this machine, and log in to the network if it \
           asks for it",
};

const PROXY: Lesson = Lesson {
    happened: "the proxy wants a user name and a password",
    causes: &[],
    next: "Put them into the proxy's address: [network] proxy, or HTTPS_PROXY in the environment, \
           as http://user:password@host:port",
};

const NOT_BOX: Lesson = Lesson {
    happened: "a web page is where Box's token endpoint should be: there seems to be a proxy or a \
               login page in between",
    causes: &[
        "a proxy does not let boxup through to api.box.com",
        "the network wants a login first, as in hotels and trains",
        "[endpoints] token is not https://api.box.com/oauth2/token",
    ],
    next: "Open https://api.box.com in a browser on this machine; ask whoever runs the proxy to \
           allow api.box.com and upload.box.com",
};

const FORBIDDEN: Lesson = Lesson {
    happened: "this is not allowed",
    causes: &[
        "the account's role in the folder is too low",
        "a proxy in between forbids it, if the words are not Box's",
    ],
    next: "In Box open the folder → Share → Manage access → set the role of boxup's account to \
           Editor; if the words are a proxy's, ask whoever runs it to allow api.box.com and \
           upload.box.com",
};

const GONE: Lesson = Lesson {
    happened: "it is not there, or this account cannot see it",
    causes: &[
        "it was deleted on Box",
        "it is not shared with the account that boxup uses",
    ],
    next: "See that it is still there and shared with the account that boxup uses",
};

const STALE: Lesson = Lesson {
    happened: "somebody has changed it on Box since boxup looked",
    causes: &[],
    next: "Nothing: boxup looks again",
};

const TOO_LARGE: Lesson = Lesson {
    happened: "somebody on the way does not take that much at once",
    causes: &["a proxy has a limit", "Box has, for files sent as a whole"],
    next: "Raise the proxy's limit for upload.box.com, or leave the file out with exclude",
};
