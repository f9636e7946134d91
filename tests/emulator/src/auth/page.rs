//! The authorize page and its error pages, as HTML.

use crate::wire::{Content, Reply};

/// What the page shows.
pub(super) struct Asked<'a> {
    pub(super) path: &'a str,
    pub(super) client_id: &'a str,
    pub(super) login: &'a str,
    pub(super) scopes: &'a str,
    pub(super) request_token: &'a str,
}

/// The page that asks for consent. It works without scripts.
pub(super) fn consent(asked: &Asked<'_>) -> Reply {
    let body = format!(
        "<h1>Grant access to Box</h1>\n\
         <p>The app <code>{client}</code> asks for: <code>{scopes}</code></p>\n\
         <form method=\"post\" action=\"{path}\">\n\
         <input type=\"hidden\" name=\"request_token\" value=\"{token}\">\n\
         <label>Login <input name=\"login\" value=\"{login}\" readonly></label>\n\
         <button type=\"submit\" name=\"consent\" value=\"grant\">Grant access to Box</button>\n\
         <button type=\"submit\" name=\"consent\" value=\"deny\">Deny access to Box</button>\n\
         </form>",
        client = escape(asked.client_id),
        scopes = escape(asked.scopes),
        path = escape(asked.path),
        token = escape(asked.request_token),
        login = escape(asked.login),
    );
    html(200, "Box - Authorize", &body)
}

/// The page that names an error and leads nowhere, with what was asked.
pub(super) fn problem(error: &str, details: &[(String, String)]) -> Reply {
    let details: String = details
        .iter()
        .map(|(name, value)| format!("{}={}\n", escape(name), escape(value)))
        .collect();
    let body = format!(
        "<h1>There seems to be a problem with this app.</h1>\n\
         <p>Error: {}</p>\n<pre>{details}</pre>",
        escape(error)
    );
    html(400, "Box - Error", &body)
}

fn html(status: u16, title: &str, body: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n{body}\n</body>\n</html>\n"
    );
    let mut reply = Reply::empty(status).header("cache-control", "no-store");
    reply.content = Content::Raw {
        bytes: page.into_bytes(),
        mime: "text/html; charset=utf-8",
    };
    reply
}

fn escape(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&#39;"),
            other => all.push(other),
        }
    }
    all
}
