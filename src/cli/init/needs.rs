//! What a configuration needs, what each value is, and where people find it.

use crate::cli::init::draft::Draft;
use crate::cli::init::flags::Method;

/// A value that somebody has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The app's ID.
    ClientId,
    /// The app's secret.
    ClientSecret,
    /// A token out of the console.
    DeveloperToken,
    /// The JSON file with an app's key.
    AppFile,
    /// Whom to act as.
    Subject,
    /// The directory.
    Local,
    /// The folder on Box.
    Folder,
}

impl Need {
    /// What it is called in a question.
    pub(crate) fn question(self) -> &'static str {
        match self {
            Self::ClientId => "Client ID",
            Self::ClientSecret => "Client secret (hidden)",
            Self::DeveloperToken => "Developer token (hidden)",
            Self::AppFile => "JSON file",
            Self::Subject => "Enterprise ID",
            Self::Local => "Directory to mirror",
            Self::Folder => "Folder on Box",
        }
    }

    /// How it is given without a terminal.
    pub(crate) fn flags(self) -> &'static str {
        match self {
            Self::ClientId => "--client-id ID",
            Self::ClientSecret => {
                "$BOXUP_CLIENT_SECRET, --client-secret-file FILE, --client-secret-command COMMAND \
                 or --client-secret-stdin"
            }
            Self::DeveloperToken => "$BOXUP_DEVELOPER_TOKEN",
            Self::AppFile => "--config-file FILE",
            Self::Subject => "--enterprise-id ID (or --user-id ID)",
            Self::Local => "--local DIR",
            Self::Folder => "--folder-id ID (or --folder-path /A/B)",
        }
    }

    /// Where it stands: the words of `sync.example.toml`.
    pub(crate) fn place(self) -> &'static str {
        match self {
            Self::ClientId => {
                "Developer Console (https://app.box.com/developers/console), your app, \
                 Configuration, OAuth 2.0 Credentials."
            }
            Self::ClientSecret => {
                "Developer Console, your app, Configuration, OAuth 2.0 Credentials. Box shows the \
                 secret only to accounts with two-factor sign-in."
            }
            Self::DeveloperToken => {
                "Developer Console (https://app.box.com/developers/console), your app, \
                 Configuration, Generate Developer Token. It lives 60 minutes."
            }
            Self::AppFile => {
                "Developer Console (https://app.box.com/developers/console), your app, \
                 Configuration, Add and Manage Public Keys, Generate a Public/Private Keypair: \
                 the file that is downloaded."
            }
            Self::Subject => {
                "To act as the app's service account: Developer Console, your app, General \
                 Settings, App Info. (To act as one user, begin again with --user-id: the number \
                 in the address of the user's page in the Admin Console.)"
            }
            Self::Local => "The directory on this machine whose files go to Box.",
            Self::Folder => {
                "The number at the end of the folder's address: \
                 https://app.box.com/folder/123456789. A service account sees a folder only when \
                 its login is invited: open the folder on Box, Share, invite it as Editor."
            }
        }
    }
}

/// What the sign-in still needs, in the order of the questions.
pub(crate) fn of_sign_in(draft: &Draft) -> Vec<Need> {
    let needed: &[(Need, bool)] = match draft.method {
        Method::Ccg => &[
            (Need::ClientId, draft.client_id.is_none()),
            (Need::ClientSecret, draft.secret.is_none()),
            (Need::Subject, draft.subject.is_none()),
        ],
        Method::OAuth2 => &[
            (Need::ClientId, draft.client_id.is_none()),
            (Need::ClientSecret, draft.secret.is_none()),
        ],
        Method::Jwt => &[(Need::AppFile, draft.app_file.is_none())],
        Method::DeveloperToken => &[(Need::DeveloperToken, draft.secret.is_none())],
    };
    missing(needed)
}

/// What the mirror still needs.
pub(crate) fn of_mirror(draft: &Draft) -> Vec<Need> {
    missing(&[
        (Need::Local, draft.local.is_none()),
        (Need::Folder, draft.folder.is_none()),
    ])
}

fn missing(needed: &[(Need, bool)]) -> Vec<Need> {
    let missing = needed.iter().filter(|(_, is_missing)| *is_missing);
    missing.map(|(need, _)| *need).collect()
}

/// All that a sign-in can be wrong in, for whoever wants to correct it.
pub(crate) fn to_correct(method: Method) -> &'static [Need] {
    match method {
        Method::Ccg => &[Need::ClientId, Need::ClientSecret, Need::Subject],
        Method::OAuth2 => &[Need::ClientId, Need::ClientSecret],
        Method::Jwt => &[Need::AppFile],
        Method::DeveloperToken => &[Need::DeveloperToken],
    }
}

/// Everything that is missing at once, for somebody who cannot be asked.
pub(crate) fn told(missing: &[Need]) -> String {
    let mut text =
        "error: without a terminal nobody can be asked, and this is missing:\n".to_owned();
    for need in missing {
        text.push_str(&format!("\n  {}\n", need.flags()));
        text.push_str(&wrapped(need.place(), "      "));
    }
    text
}

/// Words in lines of at most 78 characters, each line behind `indent`.
fn wrapped(words: &str, indent: &str) -> String {
    const WIDTH: usize = 78;
    let mut text = String::new();
    let mut line = String::new();
    for word in words.split(' ') {
        let width = indent.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && width > WIDTH {
            text.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    format!("{text}{indent}{line}\n")
}

/// How an app is made, for who has none yet.
pub(crate) fn recipe(method: Method) -> &'static str {
    match method {
        Method::Ccg => {
            "No app yet? Developer Console (https://app.box.com/developers/console), Create \
             Platform App, Platform App, Server Authentication (with Client Credentials Grant). \
             Then Configuration, Application Scopes: Write all files and folders stored in Box; \
             Authorization, Review and Submit. An admin authorises it: Admin Console, \
             Integrations (or Apps), Platform Apps Manager, Server Authentication Apps, Add \
             Platform App."
        }
        Method::Jwt => {
            "No app yet? Developer Console (https://app.box.com/developers/console), Create \
             Platform App, Platform App, Server Authentication (with JWT). Then Configuration, \
             Application Scopes: Write all files and folders stored in Box; Authorization, Review \
             and Submit. An admin authorises it: Admin Console, Integrations (or Apps), Platform \
             Apps Manager, Server Authentication Apps, Add Platform App."
        }
        Method::OAuth2 => {
            "No app yet? Developer Console (https://app.box.com/developers/console), Create \
             Platform App, Platform App, User Authentication (OAuth 2.0). Then Configuration, \
             OAuth 2.0 Redirect URIs: http://127.0.0.1:8459/callback (or --redirect-uri); \
             Application Scopes: Write all files and folders stored in Box."
        }
        Method::DeveloperToken => {
            "A developer token dies after 60 minutes and cannot be renewed: it is for trying \
             things."
        }
    }
}
