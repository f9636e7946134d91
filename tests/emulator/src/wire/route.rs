//! From method and path to one of Box's operations.

use crate::api::{Handler, TABLE};

/// Which of Box's hosts an operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `https://api.box.com/2.0`
    Api,
    /// `https://upload.box.com/api/2.0`
    Upload,
    /// `https://api.box.com/oauth2` and `https://account.box.com/api/oauth2`,
    /// which ask for no token.
    Token,
    /// `https://dl.boxcloud.com`
    Download,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
    Options,
}

/// What an operation expects in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    None,
    Json,
    Form,
    Multipart,
    /// A part of a chunked upload.
    Part,
    /// Whatever comes; nobody looks at it.
    Any,
}

/// One operation.
pub(crate) struct Operation {
    /// Box's operation id.
    pub(crate) id: &'static str,
    pub(crate) host: Host,
    pub(crate) method: Method,
    /// Path after the host's prefix; `:x` is an open part.
    pub(crate) path: &'static str,
    pub(crate) body: BodyKind,
    /// Query parameters that Box documents or its clients send.
    pub(crate) query: &'static [&'static str],
    pub(crate) handler: Handler,
}

/// Where a request leads.
pub(crate) enum Routed {
    Known(&'static Operation, Vec<String>),
    /// The operation exists, but on another host.
    WrongHost(&'static Operation),
    Unknown,
}

/// Finds the operation; the table's first fit decides. A trailing slash makes no difference: rclone calls
/// `/files/content/`.
pub(crate) fn route(method: &str, path: &str) -> Routed {
    let Some((host, rest)) = split_host(path) else {
        return Routed::Unknown;
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let found = TABLE
        .iter()
        .filter(|operation| wire_name(operation.method) == method)
        .find_map(|operation| Some((operation, fit(operation.path, rest)?)));
    match found {
        Some((operation, holes)) if operation.host == host => Routed::Known(operation, holes),
        Some((operation, _)) => Routed::WrongHost(operation),
        None => Routed::Unknown,
    }
}

fn split_host(path: &str) -> Option<(Host, &str)> {
    const PREFIXES: [(&str, Host); 5] = [
        ("/api/2.0/", Host::Upload),
        ("/2.0/", Host::Api),
        ("/oauth2/", Host::Token),
        ("/api/oauth2/", Host::Token),
        ("/dl/", Host::Download),
    ];
    PREFIXES
        .into_iter()
        .find_map(|(prefix, host)| Some((host, path.strip_prefix(prefix)?)))
}

fn wire_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}

fn fit(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut holes = Vec::new();
    let mut parts = path.split('/');
    for expected in pattern.split('/') {
        let part = parts.next()?;
        if expected.starts_with(':') {
            holes.push(part.to_owned());
        } else if expected != part {
            return None;
        }
    }
    parts.next().is_none().then_some(holes)
}
