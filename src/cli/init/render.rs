//! The text of `sync.toml`: short, with a comment where somebody would wonder.

use crate::cli::init::draft::{Draft, Folder, Secret};
use crate::cli::init::flags::Method;
use crate::cli::wording::printable;
use crate::config::Subject;
use secrecy::ExposeSecret;
use std::fmt::Write;
use zeroize::Zeroizing;

const HEAD: &str = "\
# boxup: which folders go to Box, and how. Written by boxup init.
#
#     boxup doctor
#     boxup sync --once --dry-run
#
# sync.example.toml explains every key. Relative paths start from the directory of this
# file. ~ is not expanded.
";

const INLINE: &str = "\
#
# This file holds a secret and must not be readable by others: chmod 600
";

const MIRROR: &str = "
# One [[mirror]] for each folder.
[[mirror]]
";

const OPTIONS: &str = "\
# What stays at home, in the grammar of .gitignore:
# exclude = [\"*.tmp\", \"cache/\"]
# A name that is on Box already, that boxup never saw, with other content: \"new_version\"
# puts ours on top, \"park\" leaves theirs alone and reports it, \"keep_both\" puts ours
# beside it.
# on_existing = \"new_version\"
# Somebody changed the copy on Box since our last upload: \"park\", \"new_version\" or
# \"keep_both\".
# on_remote_change = \"park\"
# A file is deleted here: \"keep\" leaves Box's copy where it is, \"trash\" puts it into
# Box's trash; more than max_deletes in one pass wait for boxup approve.
# on_local_delete = \"keep\"
# max_deletes = \"10%\"

# [watch]
# A file must have been quiet this long before it is sent.
# settle = \"2s\"
# How often everything is looked at, whatever the watcher said.
# rescan = \"1h\"
";

/// The whole file. What is not known yet stands in it as something harmless, so that the
/// sign-in can be tried before the rest is asked for.
pub(crate) fn file(draft: &Draft) -> Zeroizing<String> {
    // With room for all of it: text that grows leaves copies behind.
    let mut out = Zeroizing::new(String::with_capacity(16 << 10));
    out.push_str(HEAD);
    if matches!(draft.secret, Some(Secret::Inline(_))) {
        out.push_str(INLINE);
    }
    auth(&mut out, draft);
    mirror(&mut out, draft);
    if !draft.endpoints.is_empty() {
        comment(&mut out, "\n# Where Box is.\n[endpoints]");
        for (name, url) in &draft.endpoints {
            key(&mut out, name, url);
        }
    }
    out
}

fn auth(out: &mut String, draft: &Draft) {
    comment(out, "\n[auth]");
    comment(out, about(draft.method));
    key(out, "method", draft.method.word());
    if let Some(id) = &draft.client_id {
        comment(
            out,
            "# Developer Console (https://app.box.com/developers/console), your app, Configuration,\n\
             # OAuth 2.0 Credentials.",
        );
        key(out, "client_id", id);
    }
    secret(out, draft);
    if let Some(file) = &draft.app_file {
        comment(
            out,
            "# Developer Console, your app, Configuration, Add and Manage Public Keys, Generate a\n\
             # Public/Private Keypair.",
        );
        key(out, "config_file", file);
    }
    subject(out, draft);
    if let Some(user) = &draft.as_user {
        comment(out, "# Every call is made in the name of this user.");
        key(out, "as_user", user);
    }
    if let Some(address) = &draft.redirect_uri {
        comment(
            out,
            "# As it stands in the app: Developer Console, your app, Configuration, OAuth 2.0\n\
             # Redirect URIs.",
        );
        key(out, "redirect_uri", address);
    }
}

fn about(method: Method) -> &'static str {
    match method {
        Method::Ccg => "# A Box app with Server Authentication (Client Credentials Grant).",
        Method::Jwt => "# A Box app with Server Authentication (JWT).",
        Method::OAuth2 => "# A person who signs in once: boxup login",
        Method::DeveloperToken => "# A token that lives 60 minutes, for trying things.",
    }
}

fn secret(out: &mut String, draft: &Draft) {
    let is_token = draft.method == Method::DeveloperToken;
    let (name, variable) = match is_token {
        true => ("developer_token", "BOXUP_DEVELOPER_TOKEN"),
        false => ("client_secret", "BOXUP_CLIENT_SECRET"),
    };
    match &draft.secret {
        None => return,
        Some(Secret::Inline(secret)) => key(out, name, secret.expose_secret()),
        Some(Secret::File(file)) => key(out, &format!("{name}_file"), file),
        Some(Secret::Command(command)) => key(out, &format!("{name}_command"), command),
    }
    comment(out, &format!("# ${variable} wins over it."));
}

fn subject(out: &mut String, draft: &Draft) {
    match &draft.subject {
        None => {}
        Some(Subject::Enterprise(id)) => {
            comment(
                out,
                "# The app's service account: Developer Console, your app, General Settings, App Info.",
            );
            key(out, "enterprise_id", id);
        }
        Some(Subject::User(id)) => {
            comment(
                out,
                "# One user: the number in the address of the user's page in the Admin Console.",
            );
            key(out, "user_id", id);
        }
    }
}

fn mirror(out: &mut String, draft: &Draft) {
    out.push_str(MIRROR);
    if let Some(name) = draft.mirror_name() {
        key(out, "name", name);
    }
    key(out, "local", draft.local.as_deref().unwrap_or("/nowhere"));
    match &draft.folder {
        Some(Folder::Path(path)) => {
            comment(
                out,
                "# From the account's top folder, created where missing.",
            );
            key(out, "folder_path", path);
        }
        Some(Folder::Id(id, name)) => {
            let name = name.as_ref().map(|name| format!(" ({})", printable(name)));
            let name = name.unwrap_or_default();
            comment(out, &format!("# https://app.box.com/folder/{id}{name}"));
            key(out, "folder_id", id);
        }
        None => key(out, "folder_id", "0"),
    }
    out.push_str(OPTIONS);
}

fn comment(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn key(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(" = \"");
    for c in value.chars() {
        escaped(out, c);
    }
    out.push_str("\"\n");
}

/// As a basic string of TOML has it.
fn escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04X}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::file;
    use crate::cli::init::draft::{Draft, Folder, Secret};
    use crate::cli::init::flags::Method;
    use crate::config::Subject;
    use toml::Table;

    fn draft(method: Method) -> Draft {
        Draft {
            method,
            client_id: None,
            secret: None,
            subject: None,
            app_file: None,
            as_user: None,
            redirect_uri: None,
            local: Some("/srv/reports".into()),
            name: None,
            folder: Some(Folder::Id("123".into(), None)),
            endpoints: Vec::new(),
        }
    }

    #[test]
    fn odd_values_come_back_as_they_were() {
        let odd = "a\"b\\c\u{7f}\u{1}\n\té→'''\"\"\"#";
        let mut draft = draft(Method::Ccg);
        draft.client_id = Some(odd.into());
        draft.secret = Some(Secret::Command(odd.into()));
        draft.local = Some(format!("/srv/{odd}"));
        draft.folder = Some(Folder::Id("1".into(), Some("x\n[auth]".into())));
        let table: Table = file(&draft).parse().unwrap();
        let auth = &table["auth"];
        assert_eq!(auth["client_id"].as_str(), Some(odd));
        assert_eq!(auth["client_secret_command"].as_str(), Some(odd));
        let mirror = &table["mirror"][0];
        assert_eq!(mirror["local"].as_str(), Some(&*format!("/srv/{odd}")));
        assert_eq!(mirror["name"].as_str(), Some(odd));
        assert_eq!(mirror["folder_id"].as_str(), Some("1"));
    }

    #[test]
    fn every_method_writes_its_own_keys_and_no_others() {
        let keys = |draft: &Draft| -> Vec<String> {
            let table: Table = file(draft).parse().unwrap();
            let auth = table["auth"].as_table().unwrap();
            auth.keys().cloned().collect()
        };
        let mut jwt = draft(Method::Jwt);
        jwt.app_file = Some("/etc/boxup/box.json".into());
        jwt.subject = Some(Subject::User("17".into()));
        assert_eq!(keys(&jwt), ["config_file", "method", "user_id"]);
        let mut person = draft(Method::OAuth2);
        person.client_id = Some("app".into());
        person.secret = Some(Secret::File("/etc/boxup/secret".into()));
        person.redirect_uri = Some("http://127.0.0.1:1/x".into());
        let expected = ["client_id", "client_secret_file", "method", "redirect_uri"];
        assert_eq!(keys(&person), expected);
        let mut token = draft(Method::DeveloperToken);
        token.secret = Some(Secret::Inline("t".into()));
        token.as_user = Some("5".into());
        assert_eq!(keys(&token), ["as_user", "developer_token", "method"]);
    }

    #[test]
    fn only_a_file_with_a_secret_says_that_it_holds_one() {
        let mut draft = draft(Method::Ccg);
        draft.secret = Some(Secret::File("/x".into()));
        assert!(!file(&draft).contains("holds a secret"));
        draft.secret = Some(Secret::Inline("x".into()));
        assert!(file(&draft).contains("holds a secret"));
    }
}
