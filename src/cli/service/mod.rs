//! `boxup service`: the files of a service manager, and getting them to where they work.

pub(super) mod args;
mod files;
mod install;
mod launchd;
mod plan;
mod standing;
mod systemd;
mod times;
mod tools;

use crate::cli::output::Output;
use crate::cli::service::args::{Manager, Scope, ServiceArgs, ServiceCommand};
use crate::cli::service::install::{Done, Site};
use crate::cli::service::plan::{Home, Plan, STATE, Written};
use crate::cli::service::standing::Installed;
use crate::cli::wording::printable_path;
use crate::cli::{Place, exit, problems};
use crate::config::{self, Environment};
use serde_json::Value;
use std::path::{Component, Path, PathBuf};

/// Runs it and returns the exit code.
pub(super) async fn run(command: ServiceCommand, place: &Place, output: &mut Output) -> u8 {
    match command {
        ServiceCommand::Print(args) => match plan(&args, place, output).await {
            Ok((_, files)) => {
                output.say(&plan::shown(&files));
                exit::OK
            }
            Err(code) => code,
        },
        ServiceCommand::Install(args) => {
            if let Some(code) = elsewhere(&args.service.scope, output) {
                return code;
            }
            let (plan, files) = match plan(&args.service, place, output).await {
                Ok(planned) => planned,
                Err(code) => return code,
            };
            let done = match Site::new(&args.service.scope, place, args.root.as_deref()) {
                Ok(site) => site.install(&plan, &files).await,
                Err(why) => why.into(),
            };
            ended(&done, output)
        }
        ServiceCommand::Uninstall(scope) => {
            if let Some(code) = elsewhere(&scope, output) {
                return code;
            }
            let done = match Site::new(&scope, place, None) {
                Ok(site) => site.uninstall().await,
                Err(why) => why.into(),
            };
            ended(&done, output)
        }
        ServiceCommand::Status { scope, json } => match elsewhere(&scope, output) {
            Some(code) => code,
            None => status(&scope, place, json, output).await,
        },
    }
}

async fn status(scope: &Scope, place: &Place, json: bool, output: &mut Output) -> u8 {
    let found = match Site::new(scope, place, None) {
        Ok(site) => site.status().await,
        Err(why) => return ended(&why.into(), output),
    };
    let runs = found.as_ref().is_some_and(Installed::runs);
    let code = if runs { exit::OK } else { exit::UNREACHABLE };
    output.say(&match (&found, json) {
        (found, true) => format!("{}\n", standing::object(found.as_ref(), code)),
        (Some(found), false) => found.text(),
        (None, false) => {
            let (sudo, flag) = match scope.user {
                true => ("", " --user"),
                false => ("sudo ", ""),
            };
            format!("not installed: {sudo}boxup service install{flag} does that\n")
        }
    });
    code
}

/// For launchd there are files only.
fn elsewhere(scope: &Scope, output: &mut Output) -> Option<u8> {
    if scope.manager == Manager::Systemd {
        return None;
    }
    let flag = if scope.user { " --user" } else { "" };
    output.complain(&format!(
        "error: boxup does not drive launchd: `boxup service print --manager launchd{flag}` \
         prints what it takes, and how it is loaded and removed with launchctl\n"
    ));
    Some(exit::USAGE)
}

fn ended(done: &Done, output: &mut Output) -> u8 {
    output.say(&done.said);
    for sentence in &done.failed {
        output.complain(&format!("error: {sentence}\n"));
    }
    match done.failed.is_empty() {
        true => exit::OK,
        false => exit::STATE,
    }
}

async fn plan(
    args: &ServiceArgs,
    place: &Place,
    output: &mut Output,
) -> Result<(Plan, Vec<Written>), u8> {
    let refused = |why: String, output: &mut Output| {
        output.complain(&format!("error: {why}\n"));
        exit::USAGE
    };
    let plan = draft(args, place).map_err(|why| refused(why, output))?;
    if let (Some(when), Manager::Systemd) = (&plan.timer, args.scope.manager) {
        let checked = times::check(when, &place.environment).await;
        checked.map_err(|why| refused(why, output))?;
    }
    if args.scope.manager == Manager::Launchd {
        let files = plan.launchd().map_err(|why| refused(why, output))?;
        return Ok((plan, files));
    }
    let plan = as_configured(plan, place, output);
    let files = plan.systemd().map_err(|why| refused(why, output))?;
    if let Some(doubt) = plan.doubt() {
        output.complain(&format!("warning: {doubt}\n"));
    }
    Ok((plan, files))
}

/// What the command line says; the error is a sentence.
fn draft(args: &ServiceArgs, place: &Place) -> Result<Plan, String> {
    let program = match &args.program {
        Some(program) => std::path::absolute(program),
        None => std::env::current_exe(),
    };
    let program = straight(program.map_err(|error| {
        format!("it cannot be told where this program is: {error}; name it with --program")
    })?);
    let is_user = args.scope.user;
    let environment = &place.environment;
    // The service has not the variables of whoever installs it.
    let named = named(place);
    let config = match (named, is_user) {
        (Some(named), _) => {
            let whole = std::path::absolute(named).unwrap_or_else(|_| named.into());
            Some(straight(whole))
        }
        (None, false) => Some(PathBuf::from(config::SYSTEM)),
        (None, true) => None,
    };
    for path in [Some(&program), config.as_ref()].into_iter().flatten() {
        if path.to_str().is_some() {
            continue;
        }
        return Err(format!(
            "{} is no UTF-8 text, and a unit file is: rename it",
            printable_path(path)
        ));
    }
    Ok(Plan {
        program,
        found: config::locate(named, environment).ok(),
        config,
        is_user,
        timer: args.timer.clone(),
        home: Home::Unknown,
        needs_tmp: false,
        other_state: None,
        home_dir: environment.absolute_path("HOME").map(Path::to_owned),
        user_units: user_units(place),
    })
}

/// The configuration that somebody has named.
fn named(place: &Place) -> Option<&Path> {
    let path = place.path.as_deref();
    path.or_else(|| place.environment.path("BOXUP_CONFIG"))
}

/// The same with what the configuration says, if there is one that can be read.
fn as_configured(plan: Plan, place: &Place, output: &mut Output) -> Plan {
    let config = plan.config.clone().filter(|_| !plan.is_user);
    let Some(config) = config.filter(|config| named(place).is_some() || config.exists()) else {
        return plan;
    };
    // As the service will see it.
    let environment = place.environment.clone();
    let environment = environment.with("STATE_DIRECTORY", STATE);
    let mut files = vec![config.clone(), plan.program.clone()];
    match config::load_local(&config, &environment) {
        Ok(local) => {
            let trees = local.mirrors.iter().map(|mirror| mirror.local.clone());
            files.extend(named_files(&config, &environment));
            let plan = plan.serving(&with_real(trees.collect()), &straight(local.state_dir));
            plan.reading(&with_real(files))
        }
        Err(error) => {
            output.complain(&format!(
                "{}warning: the unit is made without knowing the mirrors: it may read below \
                 /home, and see no mirror below /tmp\n",
                problems::text(&error)
            ));
            plan.reading(&with_real(files))
        }
    }
}

/// A path without `..`, which systemd does not take: as far as it is there it is followed.
fn straight(path: PathBuf) -> PathBuf {
    let Some(at) = path
        .components()
        .position(|part| part == Component::ParentDir)
    else {
        return path;
    };
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let begin: PathBuf = path.components().take(at + 1).collect();
    // What `..` means where there is nothing, nobody can tell: it is left to be refused.
    begin.canonicalize().map_or(path.clone(), |begin| {
        straight(begin.join(path.components().skip(at + 1).collect::<PathBuf>()))
    })
}

/// Paths, and where they really lead.
fn with_real(mut paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let real = paths.iter().filter_map(|path| path.canonicalize().ok());
    let real: Vec<_> = real.collect();
    paths.extend(real);
    paths
}

/// The files that a configuration names: secrets, keys, certificates.
fn named_files(config: &Path, environment: &Environment) -> Vec<PathBuf> {
    let shown = config::show(config, environment);
    let settings = shown.map(|shown| shown.settings).unwrap_or_default();
    let base = config.parent().unwrap_or(Path::new("/"));
    let of_file = |setting: config::Setting| match setting.value {
        Value::String(path) if setting.key.ends_with("_file") => Some(base.join(path)),
        _ => None,
    };
    settings.into_iter().filter_map(of_file).collect()
}

/// Where systemd looks for the units of a user.
fn user_units(place: &Place) -> Option<PathBuf> {
    let env = &place.environment;
    let config = env.absolute_path("XDG_CONFIG_HOME").map(Path::to_owned);
    let config = config.or_else(|| Some(env.absolute_path("HOME")?.join(".config")));
    config.map(|dir| dir.join("systemd/user"))
}
