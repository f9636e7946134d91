//! `boxup init`: from an app's credentials to a configuration that has been tried.
//!
//! `flags` and `questions` fill a `draft`, `render` makes it the text of `sync.toml`,
//! `attempt` tries it at Box, `pick` finds the folder, `place` puts the file where it
//! belongs. Nothing is written before all of it is known.

mod attempt;
mod draft;
pub(crate) mod flags;
mod folder;
mod needs;
mod person;
mod pick;
mod place;
mod plain;
mod questions;
mod render;

use crate::agent::setup::Guest;
use crate::cli::exit;
use crate::cli::init::draft::{Draft, Folder};
use crate::cli::init::flags::{InitArgs, Method};
use crate::cli::init::person::{Left, Person};
use crate::cli::init::place::Place;
use crate::cli::output::{Looks, Output};
use crate::cli::progress::columns::columns;
use crate::cli::wording::{printable, printable_path, shell_path};
use crate::config::{Environment, SECRET_VARIABLES};
use std::io::{self, ErrorKind};
use std::path::Path;
use tokio::sync::mpsc;

const VISIBLE: &str = "\
error: what stands on a command line can be read by everybody on this machine (ps) and
often lands in the shell's history, so boxup takes no secret there, and has not used this
one. Give it in one of these ways, best a new one:
  boxup init                               asks for it in a terminal, hidden
  BOXUP_CLIENT_SECRET                      in the environment (BOXUP_DEVELOPER_TOKEN for a token)
  --client-secret-file FILE                is read on every start, and not copied
  --client-secret-command COMMAND          is run on every start: a password manager, say
  --client-secret-stdin                    takes one line of standard input
";

/// Why it ends before its end.
#[derive(Debug)]
enum Stop {
    /// The person left.
    Left,
    /// All is said; this is the exit code.
    Code(u8),
}

impl From<Left> for Stop {
    fn from(_: Left) -> Self {
        Self::Left
    }
}

/// One run.
struct Session<'a> {
    args: InitArgs,
    /// The environment without the variables that hold secrets: what the file says is
    /// what is tried.
    env: &'a Environment,
    /// The environment with them.
    secrets: &'a Environment,
    place: Place,
    draft: Draft,
    person: Option<Person>,
    output: Output,
    /// Whether Box is asked.
    is_tried: bool,
    /// Whether a file that is there may go.
    may_replace: bool,
    is_written: bool,
}

/// Runs it and returns the exit code.
pub(crate) async fn run(
    args: InitArgs,
    path: Option<&Path>,
    env: &Environment,
    looks: Looks,
    mut stop: mpsc::Receiver<()>,
) -> u8 {
    let plain: Environment = env.without(&SECRET_VARIABLES).collect();
    let mut output = Output::standard();
    if args.client_secret.is_some() || args.developer_token.is_some() {
        output.complain(VISIBLE);
        return exit::USAGE;
    }
    let Some(place) = Place::choose(path, env) else {
        output.complain(
            "error: there is no place for sync.toml: neither $XDG_CONFIG_HOME nor $HOME is set; \
             name one: --config FILE\n",
        );
        return exit::CONFIG;
    };
    let draft = match Draft::new(&args, env) {
        Ok(draft) => draft,
        Err(why) => {
            output.complain(&format!("error: {why}\n"));
            return exit::USAGE;
        }
    };
    let mut session = Session {
        is_tried: !args.no_check,
        may_replace: args.force,
        is_written: false,
        person: Person::at_terminal(looks),
        env: &plain,
        secrets: env,
        args,
        place,
        draft,
        output,
    };
    let ended = tokio::select! {
        ended = session.work() => ended,
        Some(()) = stop.recv() => {
            crate::config::give_up();
            Err(Stop::Left)
        }
    };
    match ended {
        Ok(()) => exit::OK,
        Err(Stop::Code(code)) => code,
        Err(Stop::Left) => session.leave(),
    }
}

impl Session<'_> {
    async fn work(&mut self) -> Result<(), Stop> {
        self.claim().await?;
        self.choose_method().await?;
        self.fill_sign_in().await?;
        let guest = self.sign_in().await?;
        self.fill_local().await?;
        self.find_folder(guest.as_ref()).await?;
        self.write(guest.as_ref())
    }

    /// A finished configuration is never replaced unasked.
    async fn claim(&mut self) -> Result<(), Stop> {
        if !self.place.is_taken() || self.may_replace {
            return Ok(());
        }
        let file = printable_path(&self.place.file);
        let Some(person) = &self.person else {
            self.output.complain(&format!(
                "error: {file} exists already and stays as it is; --force replaces it and keeps \
                 the old one as {file}.bak\n"
            ));
            return Err(Stop::Code(exit::CONFIG));
        };
        person.tell(&format!("{file} exists already.\n"));
        if !person.agrees("Replace it (a copy is kept)?", false).await? {
            self.output.complain("It stays as it is.\n");
            return Err(Stop::Code(exit::INCOMPLETE));
        }
        self.may_replace = true;
        Ok(())
    }

    fn write(&mut self, guest: Option<&Guest>) -> Result<(), Stop> {
        let candidate = self.checked()?;
        let settled = self.place.settle(candidate, self.may_replace);
        let kept = settled.map_err(|error| self.unwritable(&error))?;
        self.is_written = true;
        if let Some(kept) = kept {
            let kept = printable_path(&kept);
            self.output
                .complain(&format!("The old one is kept as {kept}.\n"));
        }
        let needs_login = guest.is_none() && self.draft.method == Method::OAuth2;
        if guest.is_none() && !needs_login {
            self.output
                .complain("It was not tried at Box: boxup whoami shows whether it signs in.\n");
        }
        self.output.relate(&self.farewell());
        self.output.say(&self.steps(needs_login));
        Ok(())
    }

    fn unwritable(&mut self, error: &io::Error) -> Stop {
        let file = printable_path(&self.place.file);
        let why = match error.kind() {
            ErrorKind::AlreadyExists => {
                "somebody else has just written it; --force replaces it".to_owned()
            }
            _ => format!("{error}; name another place with --config FILE"),
        };
        self.output
            .complain(&format!("error: {file} cannot be written: {why}\n"));
        Stop::Code(exit::CONFIG)
    }

    fn farewell(&self) -> String {
        let file = printable_path(&self.place.file);
        let local = printable(self.draft.local.as_deref().unwrap_or_default());
        let to = match &self.draft.folder {
            Some(Folder::Id(id, Some(name))) => format!("folder {id} ({})", printable(name)),
            Some(Folder::Id(id, None)) => format!("folder {id}"),
            Some(Folder::Path(path)) => printable(path),
            None => String::new(),
        };
        format!("Wrote {file}, for your eyes only:\n  {local} → {to}\n\nNext:\n")
    }

    /// What to do next; each command as it can be copied, however long it is.
    fn steps(&self, needs_login: bool) -> String {
        let mut steps = vec![
            ("doctor", "is everything in order?"),
            ("sync --once --dry-run", "what would be sent?"),
            ("sync --once", "send it"),
        ];
        if needs_login {
            steps.insert(0, ("login", "sign in to Box in a browser"));
        }
        let config = match self.place.is_default {
            true => String::new(),
            false => format!(" --config {}", shell_path(&self.place.file)),
        };
        let beside = |(step, what): &_| format!("  boxup{config} {step:<23} {what}\n");
        let room = self.output.columns().unwrap_or(usize::MAX);
        let lines: Vec<String> = match steps.iter().all(|step| columns(&beside(step)) <= room) {
            true => steps.iter().map(beside).collect(),
            false => {
                let below = |(step, what): &_| format!("  {what}\n    boxup{config} {step}\n");
                steps.iter().map(below).collect()
            }
        };
        lines.concat()
    }

    fn leave(&mut self) -> u8 {
        // Back to how the terminal was, before anything more is said.
        let was_asked = self.person.take().is_some();
        let line = if was_asked { "\n" } else { "" };
        let what = match self.is_written {
            true => "",
            false => ": nothing was written",
        };
        self.output.complain(&format!("{line}Interrupted{what}.\n"));
        exit::INCOMPLETE
    }
}
