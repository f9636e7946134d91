//! Rows of the API: how a request was put, and how fast.

use super::{API, Kind, Place, Row};
use crate::model::trouble::Lesson;

pub(super) static ROWS: &[Row] = &[
    Row {
        place: Place::Both,
        codes: &["rate_limit_exceeded", "too_many_requests"],
        kind: Kind::Throttled,
        lesson: TOO_MANY,
        ..API
    },
    // With a 5xx it is a failure like others, and nobody else has to wait for it.
    Row {
        place: Place::Both,
        status: (400, 499),
        codes: &["temporarily_unavailable"],
        kind: Kind::Throttled,
        lesson: TOO_MANY,
        ..API
    },
    Row {
        codes: &[
            "invalid_upload_session_id",
            "session_expired",
            "upload_failed",
        ],
        kind: Kind::Over,
        lesson: Lesson {
            happened: "the upload session is not to be used any more",
            causes: &["it is older than 7 days", "Box has given it up"],
            next: "Nothing: boxup begins anew",
        },
        ..API
    },
    Row {
        codes: &["session_conflict"],
        kind: Kind::Open,
        lesson: Lesson {
            happened: "an upload session for the same file is open",
            causes: &[
                "the answer to an earlier try was lost",
                "another program uploads the same file with this account",
            ],
            next: "Nothing: boxup goes on with that session, or begins anew",
        },
        ..API
    },
    Row {
        codes: &["parts_mismatch"],
        kind: Kind::NotYet,
        lesson: PARTS,
        ..API
    },
    Row {
        codes: &["range_overlaps_existing_part"],
        kind: Kind::Overlap,
        lesson: PARTS,
        ..API
    },
    Row {
        status: (416, 416),
        kind: Kind::Overlap,
        lesson: PARTS,
        ..API
    },
    Row {
        codes: &["file_size_too_small"],
        kind: Kind::TooSmall,
        lesson: Lesson {
            happened: "the file is too small to be sent in parts",
            causes: &["it has become smaller meanwhile"],
            next: "Nothing: boxup sends it as a whole",
        },
        ..API
    },
    Row {
        codes: &["conflict"],
        kind: Kind::Later,
        lesson: CONFLICT,
        ..API
    },
    Row {
        codes: &["method_not_allowed"],
        lesson: Lesson {
            happened: "Box does not take this kind of request here",
            causes: &[
                "an ID in the configuration is malformed",
                "a proxy in between changes or forbids OPTIONS requests",
                "[endpoints] points to something that is not Box",
            ],
            next: "Compare folder_id with the folder's web address, and run boxup without the \
                   proxy",
        },
        ..API
    },
    Row {
        codes: &["length_required", "unsupported_media_type"],
        lesson: Lesson {
            happened: "the request did not arrive as it was sent",
            causes: &[
                "a proxy in between changes headers or bodies",
                "a mistake in boxup",
            ],
            next: "Run boxup without the proxy; if that does not help, run it with -vvv and report \
                   it with the request ID",
        },
        ..API
    },
    Row {
        codes: &["cors_origin_not_whitelisted"],
        lesson: Lesson {
            happened: "Box takes the request for one of a web page",
            causes: &["a proxy in between adds an Origin header"],
            next: "Run boxup without the proxy",
        },
        ..API
    },
    Row {
        codes: &[
            "bad_request",
            "invalid_request_parameters",
            "invalid_limit",
            "invalid_offset",
            "metadata_after_file_contents",
            "missing_destination",
            "invalid_folder_id",
            "missing_file_size",
            "invalid_file_size",
            "missing_file_name",
            "operation_limit_exceeded",
        ],
        lesson: MALFORMED,
        ..API
    },
    Row {
        codes: &["unavailable"],
        kind: Kind::Later,
        lesson: UNAVAILABLE,
        ..API
    },
    Row {
        codes: &["internal_server_error", "bad_gateway"],
        kind: Kind::Later,
        lesson: BROKEN,
        ..API
    },
];

const PARTS: Lesson = Lesson {
    happened: "Box has other parts of the file than boxup thinks",
    causes: &[
        "the last part is still being processed",
        "an answer was lost",
    ],
    next: "Nothing: boxup looks which parts are there",
};

pub(super) const TOO_MANY: Lesson = Lesson {
    happened: "Box gets more requests than it takes",
    causes: &[
        "other programs, or other boxups, use the same account: they share its limits",
        "the enterprise has used up what its plan allows for the month",
    ],
    next: "Nothing: boxup waits as long as Box asks; if it happens often, lower \
           uploads_per_minute and requests_per_minute in [limits]",
};

pub(super) const CONFLICT: Lesson = Lesson {
    happened: "something at Box is in the way",
    causes: &["somebody else changes the same thing at the same time"],
    next: "Nothing: boxup looks again",
};

pub(super) const MALFORMED: Lesson = Lesson {
    happened: "Box does not understand the request",
    causes: &[
        "an ID in the configuration is malformed",
        "a proxy in between changes requests",
        "a mistake in boxup",
    ],
    next: "Compare the IDs in the configuration with Box's web addresses, and run boxup without \
           the proxy; if that does not help, run it with -vvv and report it with the request ID",
};

pub(super) const UNAVAILABLE: Lesson = Lesson {
    happened: "Box cannot do it now, and may still do it later",
    causes: &["Box is overloaded, or under maintenance"],
    next: "Nothing: boxup looks what became of it; https://status.box.com tells whether Box has \
           trouble",
};

pub(super) const BROKEN: Lesson = Lesson {
    happened: "something failed inside Box, or between Box and here",
    causes: &[
        "a passing failure at Box",
        "a proxy in between that does not reach Box",
    ],
    next: "If it lasts, look at https://status.box.com, and give Box's support the request ID",
};
