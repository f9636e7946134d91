//! Somebody at a terminal who can be asked.
//!
//! Each question waits in a thread of its own, so that a signal can end the program
//! meanwhile. Questions go to standard error: what stands on standard output is the
//! result.

use crate::cli::output::Output;
use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, Password, Select};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{IsTerminal, stderr, stdin};

/// Lines of a list on the screen at once.
const LINES: usize = 15;
/// How often nothing at all is taken for an answer.
const TRIES: usize = 3;

/// Somebody who can be asked. The terminal is as it was when this is dropped.
pub(crate) struct Person {
    before: Option<Termios>,
}

/// The person wants no more of it, or is gone.
#[derive(Debug)]
pub(crate) struct Left;

impl Person {
    /// Whoever sits at the terminal, if there is one on both sides.
    pub(crate) fn at_terminal() -> Option<Self> {
        let is_there = stdin().is_terminal() && stderr().is_terminal();
        is_there.then(|| Self {
            before: tcgetattr(stdin()).ok(),
        })
    }

    /// Says something before a question.
    pub(crate) fn tell(&self, text: &str) {
        Output::standard().complain(text);
    }

    /// One out of several, with the arrow keys.
    pub(crate) async fn choose(
        &self,
        question: &str,
        items: Vec<String>,
        first: usize,
    ) -> Result<usize, Left> {
        let question = question.to_owned();
        ask(move |theme| {
            Select::with_theme(theme)
                .with_prompt(question)
                .items(items)
                .default(first)
                .max_length(LINES)
                .interact()
        })
        .await
    }

    /// A line of text; `check` turns it into what is meant, or says what is wrong.
    pub(crate) async fn text<T>(
        &self,
        question: &str,
        offer: Option<String>,
        check: impl Fn(&str) -> Result<T, String> + Clone + Send + 'static,
    ) -> Result<T, Left> {
        let question = question.to_owned();
        let judge = check.clone();
        let text = ask(move |theme| {
            let input = Input::<String>::with_theme(theme)
                .with_prompt(question)
                .validate_with(|text: &String| judge(text.trim()).map(drop));
            match offer {
                Some(offer) => input.default(offer).interact_text(),
                None => input.interact_text(),
            }
        })
        .await?;
        check(text.trim()).map_err(|_| Left)
    }

    /// Something that must not be seen.
    pub(crate) async fn secret(&self, question: &str) -> Result<SecretString, Left> {
        for _ in 0..TRIES {
            let question = question.to_owned();
            let text = ask(move |theme| {
                // An empty answer may be a terminal that is gone: it would be asked forever.
                Password::with_theme(theme)
                    .with_prompt(question)
                    .allow_empty_password(true)
                    .interact()
            });
            let text = zeroize::Zeroizing::new(text.await?);
            if !text.trim().is_empty() {
                return Ok(SecretString::from(text.trim()));
            }
        }
        Err(Left)
    }

    /// Yes or no.
    pub(crate) async fn agrees(&self, question: &str, default: bool) -> Result<bool, Left> {
        let question = question.to_owned();
        ask(move |theme| {
            Confirm::with_theme(theme)
                .with_prompt(question)
                .default(default)
                .interact()
        })
        .await
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // A question that was cut off has hidden the cursor, or what is typed.
        drop(Term::stderr().show_cursor());
        if let Some(before) = &self.before {
            // Nothing else could be done about it.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

async fn ask<T: Send + 'static>(
    question: impl FnOnce(&ColorfulTheme) -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, Left> {
    let asked = tokio::task::spawn_blocking(move || question(&ColorfulTheme::default()));
    match asked.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(Left),
    }
}
