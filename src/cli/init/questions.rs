//! Asking for what is missing, one after the other; where nobody can be asked, telling
//! all of it at once.

use crate::cli::exit;
use crate::cli::init::draft::{self, Secret};
use crate::cli::init::flags::{InitArgs, Method, digits};
use crate::cli::init::needs::{self, Need, told};
use crate::cli::init::person::{Left, Person};
use crate::cli::init::{Session, Stop};
use crate::cli::wording::{printable, printable_path};
use crate::config::{Environment, Subject};
use secrecy::SecretString;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No secret is longer.
const LONGEST_LINE: u64 = 16 << 10;

impl Session<'_> {
    /// Asks how to sign in, unless something says so.
    pub(super) async fn choose_method(&mut self) -> Result<(), Stop> {
        let Some(person) = &self.person else {
            return Ok(());
        };
        if needs::of_sign_in(&self.draft).is_empty() {
            return Ok(());
        }
        person.tell(&format!(
            "This makes {}. Ctrl-C gives up; nothing is written before the end.\n\n",
            printable_path(&self.place.file)
        ));
        if !says_method(&self.args) {
            const WAYS: [(Method, &str); 4] = [
                (Method::Ccg, "ID and secret of an app (the usual way)"),
                (Method::Jwt, "key file of an app (JWT)"),
                (
                    Method::OAuth2,
                    "a person's own sign-in, once, in a browser (OAuth 2.0)",
                ),
                (
                    Method::DeveloperToken,
                    "a developer token (60 minutes, to try things)",
                ),
            ];
            let ways = WAYS.map(|(_, what)| what.to_owned()).into();
            let chosen = person
                .choose("How does boxup sign in to Box?", ways, 0)
                .await?;
            self.draft.method = WAYS[chosen].0;
            let taken = self.draft.take_secret(&self.args, self.secrets);
            if let Err(why) = taken {
                person.tell(&format!("error: {why}\n"));
                return Err(Stop::Code(exit::USAGE));
            }
        }
        person.tell(&format!("{}\n", needs::recipe(self.draft.method)));
        Ok(())
    }

    /// Everything that the sign-in needs.
    pub(super) async fn fill_sign_in(&mut self) -> Result<(), Stop> {
        if self.args.client_secret_stdin && self.draft.secret.is_none() {
            self.draft.secret = self.secret_from_stdin().await?;
        }
        if self.person.is_none() {
            let mut missing = needs::of_sign_in(&self.draft);
            missing.extend(needs::of_mirror(&self.draft));
            if missing.is_empty() {
                return Ok(());
            }
            self.output.complain(&told(&missing));
            return Err(Stop::Code(exit::USAGE));
        }
        for need in needs::of_sign_in(&self.draft) {
            self.ask(need).await?;
        }
        Ok(())
    }

    async fn secret_from_stdin(&mut self) -> Result<Option<Secret>, Stop> {
        if self.person.is_some() {
            // A terminal would show what is typed; asked in the usual way it does not.
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(|| {
            let mut text = Zeroizing::new(String::with_capacity(4 << 10));
            let read = stdin().lock().take(LONGEST_LINE).read_to_string(&mut text);
            read.map(|_| SecretString::from(text.lines().next().unwrap_or_default().trim()))
        });
        match read.await {
            Ok(Ok(secret)) => Ok(Some(Secret::Inline(secret))),
            Ok(Err(_)) | Err(_) => {
                self.output
                    .complain("error: what comes from standard input is not text\n");
                Err(Stop::Code(exit::USAGE))
            }
        }
    }

    /// The directory, and a name where it has none.
    pub(super) async fn fill_local(&mut self) -> Result<(), Stop> {
        if self.draft.local.is_none() {
            self.ask(Need::Local).await?;
        }
        if let (None, Some(person)) = (self.draft.mirror_name(), &self.person) {
            let name = |text: &str| match text.is_empty() {
                true => Err("it is empty".to_owned()),
                false => Ok(text.to_owned()),
            };
            let question = "Name of the mirror";
            self.draft.name = Some(person.text(question, None, name).await?);
        }
        let local = self.draft.local.as_deref().unwrap_or_default();
        if !Path::new(local).is_dir() {
            self.output.complain(&format!(
                "note: {} is not there yet: make it before the first sync\n",
                printable(local)
            ));
        }
        Ok(())
    }

    /// Asks for one value, with a word about where it stands.
    pub(super) async fn ask(&mut self, need: Need) -> Result<(), Stop> {
        let Some(person) = &self.person else {
            return Err(Stop::Code(exit::USAGE));
        };
        person.tell(&format!("\n{}\n", need.place()));
        let question = need.question();
        let draft = &mut self.draft;
        match need {
            Need::ClientId => draft.client_id = Some(person.text(question, None, word).await?),
            Need::ClientSecret | Need::DeveloperToken => {
                draft.secret = Some(Secret::Inline(person.secret(question).await?));
            }
            Need::AppFile => draft.app_file = Some(app_file(person, self.env).await?),
            Need::Subject => {
                let id = person.text(question, None, digits).await?;
                draft.subject = Some(Subject::Enterprise(id));
            }
            Need::Local => draft.local = Some(local(person, self.env).await?),
            Need::Folder => draft.folder = Some(super::pick::typed(person).await?),
        }
        Ok(())
    }
}

/// Whether it need not be asked how to sign in.
fn says_method(args: &InitArgs) -> bool {
    args.method.is_some()
        || args.client_id.is_some()
        || args.config_file.is_some()
        || args.enterprise_id.is_some()
        || args.user_id.is_some()
        || args.redirect_uri.is_some()
        || args.client_secret_file.is_some()
        || args.client_secret_command.is_some()
        || args.client_secret_stdin
}

fn word(text: &str) -> Result<String, String> {
    match text.is_empty() || text.contains(char::is_whitespace) {
        true => Err("it is one word, without spaces".to_owned()),
        false => Ok(text.to_owned()),
    }
}

async fn app_file(person: &Person, env: &Environment) -> Result<String, Left> {
    let home = env.absolute_path("HOME").map(Path::to_owned);
    let check = move |text: &str| {
        let path = expanded(text, home.as_deref());
        match path.is_file() {
            true => draft::absolute(&path),
            false => Err("there is no such file".to_owned()),
        }
    };
    person.text(Need::AppFile.question(), None, check).await
}

async fn local(person: &Person, env: &Environment) -> Result<String, Left> {
    let home = env.absolute_path("HOME").map(Path::to_owned);
    let here = std::env::current_dir().ok();
    let here = here.and_then(|here| here.into_os_string().into_string().ok());
    let check = move |text: &str| {
        let path = expanded(text, home.as_deref());
        match path.exists() {
            true => draft::directory(&path),
            false => Err("there is no such directory".to_owned()),
        }
    };
    person.text(Need::Local.question(), here, check).await
}

/// What a shell would have made of it.
fn expanded(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(&rest[1..]),
        _ => PathBuf::from(text),
    }
}
