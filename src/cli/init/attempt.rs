//! Trying what is known so far, and what to do when Box says no.

use crate::agent::setup::{Failed, Guest};
use crate::cli::init::flags::Method;
use crate::cli::init::needs;
use crate::cli::init::place::Candidate;
use crate::cli::init::{Session, Stop, render};
use crate::cli::output::Output;
use crate::cli::wording::{printable, printable_path};
use crate::cli::{exit, failure, login, problems};
use crate::config::{self, Config, ConfigError};
use crate::model::trouble::Trouble;
use crate::remote::lessons::finding;

/// Why something could not be tried to the end.
pub(super) enum Refusal {
    /// The disk.
    Stop(Stop),
    /// The configuration, before Box was asked.
    Config(ConfigError),
    /// Box, or the way there.
    Box(Failed),
    /// A folder that cannot be used, in words.
    Folder(String),
}

/// What a person wants after that.
pub(super) enum Wish {
    /// Try it again.
    Again,
    /// Change something first.
    Change,
    /// Go on all the same.
    Anyway,
}

impl Refusal {
    /// Says it, and returns the exit code that goes with it.
    pub(super) fn tell(self, output: &mut Output) -> Result<u8, Stop> {
        Ok(match self {
            Self::Stop(stop) => return Err(stop),
            Self::Config(error) => {
                output.complain(&problems::text(&error));
                exit::CONFIG
            }
            Self::Box(Failed::Fatal(fatal)) => failure::fatal(&fatal, false, output),
            Self::Box(Failed::Trouble(trouble)) => failure::trouble(&trouble, false, output),
            Self::Box(Failed::Taken(what)) | Self::Folder(what) => {
                output.complain(&format!("error: {what}\n"));
                exit::UNAUTHORIZED
            }
        })
    }
}

impl Session<'_> {
    /// Signs in with what is known. `None` when it is not to be tried.
    pub(super) async fn sign_in(&mut self) -> Result<Option<Guest>, Stop> {
        // Without a terminal nobody can consent; boxup login comes later.
        let is_later = self.draft.method == Method::OAuth2 && self.person.is_none();
        if !self.is_tried || is_later {
            return Ok(None);
        }
        loop {
            let refusal = match self.attempt().await {
                Ok(guest) => {
                    self.greet(&guest);
                    return Ok(Some(guest));
                }
                Err(refusal) => refusal,
            };
            if self.draft.method == Method::OAuth2 && is_nobody(&refusal) {
                match self.log_in().await? {
                    true => continue,
                    false => return Ok(None),
                }
            }
            match self.after(refusal, "Correct a value").await? {
                Wish::Again => {}
                Wish::Change => self.correct().await?,
                Wish::Anyway => {
                    self.is_tried = false;
                    return Ok(None);
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Guest, Refusal> {
        let (_, config) = self.loaded()?;
        if self.person.is_some() {
            self.output.complain("\nAsking Box …\n");
        }
        Guest::welcome(&config).await.map_err(Refusal::Box)
    }

    /// The draft as a file, and what that says.
    fn loaded(&mut self) -> Result<(Candidate, Config), Refusal> {
        let staged = self.place.stage(&render::file(&self.draft));
        let candidate = staged.map_err(|error| Refusal::Stop(self.unwritable(&error)))?;
        match config::load(&candidate.path, self.env) {
            Ok(loaded) => Ok((candidate, loaded.config)),
            Err(error) => Err(Refusal::Config(self.named(error))),
        }
    }

    /// The finished file, read once more as every command will read it.
    pub(super) fn checked(&mut self) -> Result<Candidate, Stop> {
        let staged = self.place.stage(&render::file(&self.draft));
        let candidate = staged.map_err(|error| self.unwritable(&error))?;
        match config::load(&candidate.path, self.env) {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    self.output.complain(&format!("warning: {warning}\n"));
                }
            }
            Err(error) => {
                let text = problems::text(&self.named(error));
                self.output.complain(&text);
                if self.is_tried {
                    return Err(Stop::Code(exit::CONFIG));
                }
                self.output
                    .complain("It is written all the same: it was not to be checked.\n");
            }
        }
        Ok(candidate)
    }

    /// Mistakes belong to the file that will be there.
    fn named(&self, error: ConfigError) -> ConfigError {
        ConfigError {
            file: Some(self.place.file.clone()),
            ..error
        }
    }

    fn greet(&mut self, guest: &Guest) {
        let account = &guest.account;
        let (name, login) = (printable(&account.name), printable(&account.login));
        let enterprise = account.enterprise.as_ref().map(|(id, name)| {
            let name = printable(name);
            match name.is_empty() {
                true => format!(" of enterprise {id}"),
                false => format!(" of {name} (enterprise {id})"),
            }
        });
        let enterprise = enterprise.unwrap_or_default();
        let kind = match guest.is_service_account() {
            true => "the app's service account",
            false => "a user",
        };
        self.output.relate(&format!(
            "Signed in as {name}, {kind}{enterprise}:\n  {login}\n"
        ));
        if let Some(status) = account.status.as_ref().filter(|word| *word != "active") {
            let status = printable(status);
            self.output.complain(&format!(
                "warning: the account's status is {status}: uploads will not work\n"
            ));
        }
    }

    /// Says what is wrong; asks what to do about it where somebody can be asked.
    pub(super) async fn after(&mut self, refusal: Refusal, change: &str) -> Result<Wish, Stop> {
        let may_write = matches!(refusal, Refusal::Box(_) | Refusal::Folder(_));
        let code = refusal.tell(&mut self.output)?;
        let Some(person) = &self.person else {
            let otherwise = match may_write {
                true => "; --no-check writes it without asking Box",
                false => "",
            };
            let file = printable_path(&self.place.file);
            self.output
                .complain(&format!("{file} was not written{otherwise}.\n"));
            return Err(Stop::Code(code));
        };
        let mut items = vec![change.to_owned(), "Try it again".to_owned()];
        items.push("Give up".to_owned());
        if may_write {
            items.push("Go on all the same, without asking Box".to_owned());
        }
        match person.choose("What now?", items, 0).await? {
            0 => Ok(Wish::Change),
            1 => Ok(Wish::Again),
            3 => Ok(Wish::Anyway),
            _ => {
                self.output.complain("Nothing was written.\n");
                Err(Stop::Code(code))
            }
        }
    }

    async fn correct(&mut self) -> Result<(), Stop> {
        let all = needs::to_correct(self.draft.method);
        let one = match (all, &self.person) {
            ([one], _) | ([one, ..], None) => *one,
            (_, Some(person)) => {
                let names = all.iter().map(|need| need.question().to_owned()).collect();
                all[person.choose("Which one?", names, 0).await?]
            }
            ([], None) => return Ok(()),
        };
        self.ask(one).await
    }

    /// Offers to sign a person in; says whether it happened.
    async fn log_in(&mut self) -> Result<bool, Stop> {
        let Some(person) = &self.person else {
            return Ok(false);
        };
        let items = [
            "Now, in a browser on this machine",
            "Now, in a browser on another machine (an address is copied back and forth)",
            "Later, with boxup login",
        ];
        let items = items.map(str::to_owned).into();
        let chosen = person.choose("Sign in to Box?", items, 0).await?;
        if chosen == 2 {
            return Ok(false);
        }
        let config = match self.loaded() {
            Ok((_, config)) => config,
            Err(refusal) => {
                let code = refusal.tell(&mut self.output)?;
                return Err(Stop::Code(code));
            }
        };
        let output = Output::standard();
        // Whether it worked shows when Box is asked again.
        login::login(&config, self.env, chosen == 0, output).await;
        Ok(true)
    }
}

/// Nobody has logged in yet. A login that is another app's, or cannot be read, is another
/// matter: a new one would take its place.
fn is_nobody(refusal: &Refusal) -> bool {
    let Refusal::Box(Failed::Trouble(Trouble::Unauthorized(said))) = refusal else {
        return false;
    };
    said.lesson.is_some() && said.lesson == finding("not_logged_in")
}
