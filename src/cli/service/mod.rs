//! `boxup service`: the files of a service manager, and getting them to where they work.

pub(super) mod args;
mod install;
mod launchd;
mod plan;
mod standing;
mod systemd;

use crate::cli::output::Output;
use crate::cli::service::args::{Manager, Scope, ServiceArgs, ServiceCommand};
use crate::cli::service::install::Site;
use crate::cli::service::plan::{Home, Plan, Written};
use crate::cli::service::standing::Installed;
use crate::cli::wording::printable_path;
use crate::cli::{Place, exit, problems};
use crate::config;
use std::path::{Path, PathBuf};

/// Runs it and returns the exit code.
pub(super) fn run(command: ServiceCommand, place: &Place, output: &mut Output) -> u8 {
    match command {
        ServiceCommand::Print(args) => match plan(&args, place, output) {
            Ok((_, files)) => {
                output.say(&plan::shown(&files));
                exit::OK
            }
            Err(code) => code,
        },
        ServiceCommand::Install(args) => {
            let (plan, files) = match plan(&args.service, place, output) {
                Ok(planned) => planned,
                Err(code) => return code,
            };
            if let Some(code) = elsewhere(&args.service.scope, output) {
                return code;
            }
            let site = Site::new(&args.service.scope, place, args.root.as_deref());
            ended(site.install(&plan, &files), output)
        }
        ServiceCommand::Uninstall(scope) => match elsewhere(&scope, output) {
            Some(code) => code,
            None => ended(Site::new(&scope, place, None).uninstall(), output),
        },
        ServiceCommand::Status { scope, json } => match elsewhere(&scope, output) {
            Some(code) => code,
            None => {
                let found = Site::new(&scope, place, None).status();
                let runs = found.as_ref().is_some_and(Installed::runs);
                let code = if runs { exit::OK } else { exit::UNREACHABLE };
                output.say(&match (&found, json) {
                    (found, true) => format!("{}\n", standing::object(found.as_ref(), code)),
                    (Some(found), false) => found.text(),
                    (None, false) => {
                        let flag = if scope.user { " --user" } else { "" };
                        format!("not installed: boxup service install{flag} does that\n")
                    }
                });
                code
            }
        },
    }
}

/// For launchd there are files only.
fn elsewhere(scope: &Scope, output: &mut Output) -> Option<u8> {
    if scope.manager == Manager::Systemd {
        return None;
    }
    output.complain(
        "error: boxup does not drive launchd: write what `boxup service print` prints into \
         ~/Library/LaunchAgents (or /Library/LaunchDaemons), then run launchctl bootstrap\n",
    );
    Some(exit::USAGE)
}

fn ended(done: Result<String, String>, output: &mut Output) -> u8 {
    match done {
        Ok(text) => {
            output.say(&text);
            exit::OK
        }
        Err(sentence) => {
            output.complain(&format!("error: {sentence}\n"));
            exit::STATE
        }
    }
}

fn plan(
    args: &ServiceArgs,
    place: &Place,
    output: &mut Output,
) -> Result<(Plan, Vec<Written>), u8> {
    let planned = draft(args, place).and_then(|plan| {
        let plan = as_configured(plan, place, output);
        let files = match args.scope.manager {
            Manager::Systemd => plan.systemd()?,
            Manager::Launchd => plan.launchd()?,
        };
        Ok((plan, files))
    });
    planned.map_err(|sentence| {
        output.complain(&format!("error: {sentence}\n"));
        exit::USAGE
    })
}

/// What the command line says; the error is a sentence.
fn draft(args: &ServiceArgs, place: &Place) -> Result<Plan, String> {
    let program = match &args.program {
        Some(program) => std::path::absolute(program),
        None => std::env::current_exe(),
    };
    let program = program.map_err(|error| {
        format!("it cannot be told where this program is: {error}; name it with --program")
    })?;
    let is_user = args.scope.user;
    let config = match (&place.path, is_user) {
        (Some(named), _) => Some(std::path::absolute(named).unwrap_or_else(|_| named.clone())),
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
        config,
        is_user,
        timer: args.timer.clone(),
        home: Home::Unknown,
        tmp_is_mirrored: false,
        other_state: None,
        home_dir: place.environment.absolute_path("HOME").map(Path::to_owned),
        user_units: user_units(place),
    })
}

/// The same with what the configuration says, if there is one that can be read.
fn as_configured(plan: Plan, place: &Place, output: &mut Output) -> Plan {
    let config = plan.config.clone().filter(|_| !plan.is_user);
    let Some(config) = config.filter(|config| place.path.is_some() || config.exists()) else {
        return plan;
    };
    // As the service will see it.
    let environment = place.environment.clone();
    let environment = environment.with("STATE_DIRECTORY", "/var/lib/boxup");
    match config::load_local(&config, &environment) {
        Ok(local) => plan.serving(&local.mirrors, &local.state_dir),
        Err(error) => {
            output.complain(&format!(
                "{}warning: the unit is made without knowing the mirrors: it may read below \
                 /home, and see no mirror below /tmp\n",
                problems::text(&error)
            ));
            plan
        }
    }
}

/// Where systemd looks for the units of a user.
fn user_units(place: &Place) -> Option<PathBuf> {
    let env = &place.environment;
    let config = env.absolute_path("XDG_CONFIG_HOME").map(Path::to_owned);
    let config = config.or_else(|| Some(env.absolute_path("HOME")?.join(".config")));
    config.map(|dir| dir.join("systemd/user"))
}
