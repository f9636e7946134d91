//! The refusals of the token endpoint. The texts are Box's where Box's
//! documents, SDKs or users quote them; the ones below [`ASSERTION`] are not
//! quoted anywhere and follow their pattern.

/// An OAuth 2 error: status, code and description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

const fn request(description: &'static str) -> Refusal {
    refusal("invalid_request", description)
}

const fn grant(description: &'static str) -> Refusal {
    refusal("invalid_grant", description)
}

const fn client(description: &'static str) -> Refusal {
    refusal("unauthorized_client", description)
}

const fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal {
        status: 400,
        error,
        description,
    }
}

/// Missing or unknown parameters all end in this text.
pub(super) const MISSING: Refusal = request("Invalid grant_type parameter or parameter missing");
pub(super) const NO_REFRESH_TOKEN: Refusal = request("No refresh token parameter found");
pub(super) const NO_USER_TOKENS: Refusal =
    request("Cannot obtain user token based on the enterprise configuration for your app");
pub(super) const NOT_ENABLED: Refusal =
    request("Cannot obtain token based on the enterprise configuration for your app");

pub(super) const CLIENT: Refusal = refusal("invalid_client", "The client credentials are invalid");
pub(super) const NOT_AUTHORIZED: Refusal =
    client("This app is not authorized by the enterprise admin");
pub(super) const OTHER_GRANT: Refusal = client("The grant type is unauthorized for this client_id");
pub(super) const SUBJECT_TYPE: Refusal =
    client("The \"box_subject_type\" value is unauthorized for this client_id");

pub(super) const CATCH_ALL: Refusal = grant("Grant credentials are invalid");
pub(super) const REFRESH_TOKEN: Refusal = grant("Invalid refresh token");
pub(super) const REFRESH_TOKEN_OLD: Refusal = grant("Refresh token has expired");
pub(super) const CODE: Refusal = grant("Auth code doesn't exist or is invalid for the client");
pub(super) const CODE_OLD: Refusal = grant("The authorization code has expired");

pub(super) const EXPIRED: Refusal =
    grant("Current date/time MUST be before the expiration date/time listed in the 'exp' claim");
pub(super) const NOT_YET: Refusal = grant(
    "Current date/time MUST be after or equal to the not-before date/time listed in the 'nbf' or 'iat' claim",
);
pub(super) const EXP: Refusal = grant("Please check the 'exp' claim.");
pub(super) const EXP_INTEGER: Refusal = grant("Please check the 'exp' claim. Should be an integer");
pub(super) const EXP_FAR: Refusal = grant(
    "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 seconds beyond the issue time.",
);
pub(super) const JTI: Refusal = grant("Please check the 'jti' claim.");
pub(super) const JTI_AGAIN: Refusal =
    grant("Please check the 'jti' claim. A unique 'jti' value is required.");
pub(super) const SUB: Refusal =
    grant("Please check the 'sub' claim. The 'sub' specified is invalid.");
pub(super) const ISS: Refusal = grant("Please check the 'iss' claim.");
pub(super) const AUD_STRING: Refusal = grant("Please check the 'aud' claim. Should be a string");
pub(super) const SIGNATURE: Refusal = grant(
    "Signature verification error. The public key identified by 'kid' must correspond to the private key used for signing.",
);
pub(super) const KID: Refusal = grant("'kid' invalid, unable to lookup correct key");

/// Quoted by Box's SDK for a resource that the account does not see.
pub(super) const RESOURCE: Refusal = refusal("invalid_resource", "The target resource is invalid.");

pub(super) const ASSERTION: Refusal = grant("The assertion is not a valid JWT");
pub(super) const ALG: Refusal = grant("Please check the 'alg' header.");
pub(super) const TYP: Refusal = grant("Please check the 'typ' header.");
pub(super) const AUD: Refusal = grant("Please check the 'aud' claim.");
pub(super) const BOX_SUB_TYPE: Refusal = grant("Please check the 'box_sub_type' claim.");
pub(super) const NBF_INTEGER: Refusal = grant("Please check the 'nbf' claim. Should be an integer");
pub(super) const IAT_INTEGER: Refusal = grant("Please check the 'iat' claim. Should be an integer");
pub(super) const REDIRECT: Refusal = refusal(
    "redirect_uri_mismatch",
    "The redirect URI is missing or does not match",
);
pub(super) const SUBJECT_TOKEN: Refusal =
    refusal("invalid_token", "The access token provided is invalid.");
pub(super) const SCOPE: Refusal = refusal("invalid_scope", "An unsupported scope was requested");
/// The specification gives the status, and no text.
pub(super) const SCOPE_MISSING: Refusal = Refusal {
    status: 401,
    error: "unauthorized",
    description: "The subject_token does not have all of the requested scopes",
};
