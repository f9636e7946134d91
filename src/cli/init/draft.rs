//! A configuration in the making: what is known so far.

use crate::cli::init::flags::{InitArgs, Method};
use crate::config::{Environment, Subject};
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// What is known so far.
pub(crate) struct Draft {
    /// How to sign in.
    pub(crate) method: Method,
    /// The app's ID.
    pub(crate) client_id: Option<String>,
    /// The app's secret, or the developer token.
    pub(crate) secret: Option<Secret>,
    /// Whom to act as.
    pub(crate) subject: Option<Subject>,
    /// The JSON file with an app's key.
    pub(crate) app_file: Option<String>,
    /// In whose name every call is made.
    pub(crate) as_user: Option<String>,
    /// Where Box sends a browser.
    pub(crate) redirect_uri: Option<String>,
    /// The directory, absolute.
    pub(crate) local: Option<String>,
    /// The mirror's name, if it is not the directory's.
    pub(crate) name: Option<String>,
    /// The folder on Box.
    pub(crate) folder: Option<Folder>,
    /// Other places than Box.
    pub(crate) endpoints: Vec<(String, String)>,
}

/// Where the secret is.
pub(crate) enum Secret {
    /// In the configuration.
    Inline(SecretString),
    /// In a file.
    File(String),
    /// Printed by a command.
    Command(String),
}

/// The folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    /// An existing one, with its name where that is known.
    Id(String, Option<String>),
    /// From the account's top folder down.
    Path(String),
}

impl Draft {
    /// What flags and environment say; the error is a sentence.
    pub(crate) fn new(args: &InitArgs, env: &Environment) -> Result<Self, String> {
        let method = match (args.method, &args.config_file) {
            (Some(method), _) => method,
            (None, Some(_)) => Method::Jwt,
            (None, None) => Method::Ccg,
        };
        if let Some(flag) = misfit(args, method) {
            return Err(format!(
                "{flag} is not used with --method {}",
                method.word()
            ));
        }
        let enterprise = args.enterprise_id.clone().map(Subject::Enterprise);
        let user = args.user_id.clone().map(Subject::User);
        let by_id = args.folder_id.clone().map(|id| Folder::Id(id, None));
        let by_path = args.folder_path.clone().map(Folder::Path);
        let app_file = args.config_file.as_deref().map(absolute).transpose()?;
        Ok(Self {
            method,
            client_id: args.client_id.clone(),
            secret: secret(args, method, env)?,
            subject: enterprise.or(user),
            app_file,
            as_user: args.as_user.clone(),
            redirect_uri: args.redirect_uri.clone(),
            local: args.local.as_deref().map(directory).transpose()?,
            name: args.name.clone(),
            folder: by_id.or(by_path),
            endpoints: args.endpoints.clone(),
        })
    }

    /// Looks for the secret of a method that was chosen meanwhile.
    pub(crate) fn take_secret(&mut self, args: &InitArgs, env: &Environment) -> Result<(), String> {
        self.secret = secret(args, self.method, env)?;
        Ok(())
    }

    /// The mirror's name: its own, or the directory's.
    pub(crate) fn mirror_name(&self) -> Option<&str> {
        let of_directory = || Path::new(self.local.as_ref()?).file_name()?.to_str();
        self.name.as_deref().or_else(of_directory)
    }
}

/// A directory, absolute; the error says why it cannot be mirrored. It need not be there
/// yet.
pub(crate) fn directory(path: &Path) -> Result<String, String> {
    let whole = absolute(path)?;
    match std::fs::metadata(&whole) {
        Ok(found) if !found.is_dir() => Err(format!("{whole:?} is not a directory")),
        _ => Ok(whole),
    }
}

/// The path as a configuration can hold it.
pub(crate) fn absolute(path: &Path) -> Result<String, String> {
    let whole = std::path::absolute(path).map_err(|error| format!("{path:?}: {error}"))?;
    // `.` and doubled slashes go; `..` stays, as it may lead through a link.
    let plain: PathBuf = whole.components().collect();
    plain.into_os_string().into_string().map_err(|odd| {
        format!(
            "{odd:?} is not UTF-8, and sync.toml is: rename it, or give it a symbolic link with a \
             plain name"
        )
    })
}

fn secret(args: &InitArgs, method: Method, env: &Environment) -> Result<Option<Secret>, String> {
    if let Some(file) = &args.client_secret_file {
        return Ok(Some(Secret::File(absolute(file)?)));
    }
    if let Some(command) = &args.client_secret_command {
        return Ok(Some(Secret::Command(command.clone())));
    }
    let variable = match method {
        Method::Ccg | Method::OAuth2 => "BOXUP_CLIENT_SECRET",
        Method::DeveloperToken => "BOXUP_DEVELOPER_TOKEN",
        Method::Jwt => return Ok(None),
    };
    let value = env.get(variable).filter(|_| !args.client_secret_stdin);
    let text = value.map(|value| {
        value
            .to_str()
            .ok_or(format!("${variable} is not UTF-8 text"))
    });
    let text = text.transpose()?;
    Ok(text.map(|text| Secret::Inline(text.into())))
}

/// A flag that means nothing under this method.
fn misfit(args: &InitArgs, method: Method) -> Option<&'static str> {
    use Method::{Ccg, Jwt, OAuth2};
    let app: &[Method] = &[Ccg, OAuth2];
    let flags: [(&str, bool, &[Method]); 8] = [
        ("--client-id", args.client_id.is_some(), app),
        (
            "--client-secret-file",
            args.client_secret_file.is_some(),
            app,
        ),
        (
            "--client-secret-command",
            args.client_secret_command.is_some(),
            app,
        ),
        ("--client-secret-stdin", args.client_secret_stdin, app),
        ("--enterprise-id", args.enterprise_id.is_some(), &[Ccg, Jwt]),
        ("--user-id", args.user_id.is_some(), &[Ccg, Jwt]),
        ("--config-file", args.config_file.is_some(), &[Jwt]),
        ("--redirect-uri", args.redirect_uri.is_some(), &[OAuth2]),
    ];
    let misfit = flags
        .iter()
        .find(|(_, is_given, methods)| *is_given && !methods.contains(&method));
    misfit.map(|(flag, _, _)| *flag)
}
