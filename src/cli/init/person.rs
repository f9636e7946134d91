//! Somebody at a terminal who can be asked.
//!
//! Each question waits in a thread of its own, so that a signal can end the program
//! meanwhile. Questions go to standard error: what stands on standard output is the
//! result. On a terminal that cannot be drawn on they are plain lines.

use crate::cli::init::plain::Lines;
use crate::cli::output::{Looks, Output};
use crate::cli::progress::columns::{columns, head};
use crate::cli::screen;
use dialoguer::console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Input, Password, Select};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{self, ErrorKind, IsTerminal, StderrLock, StdinLock, Write, stderr, stdin};
use zeroize::Zeroizing;

/// Lines of a list on the screen at once.
const LINES: usize = 15;
/// What stands around a question and before what can be chosen takes so many columns.
const MARKS: usize = 5;
/// How often nothing at all is taken for an answer.
const TRIES: usize = 3;

/// Somebody who can be asked. The terminal is as it was when this is dropped.
pub(crate) struct Person {
    before: Option<Termios>,
    way: Way,
}

/// How questions look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Coloured,
    Drawn,
    Plain,
}

/// The person wants no more of it, or is gone.
#[derive(Debug)]
pub(crate) struct Left;

impl Person {
    /// Whoever sits at the terminal, if there is one on both sides.
    pub(crate) fn at_terminal(looks: Looks) -> Option<Self> {
        let is_there = stdin().is_terminal() && stderr().is_terminal();
        is_there.then(|| Self {
            before: tcgetattr(stdin()).ok(),
            way: match (looks.redraw, looks.colours(true)) {
                (false, _) => Way::Plain,
                (true, true) => Way::Coloured,
                (true, false) => Way::Drawn,
            },
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
        if self.way == Way::Plain {
            return plainly(move |mut lines| lines.choose(&question, &items, first)).await;
        }
        // A line that wraps would not be cleared away.
        let room = screen::columns().saturating_sub(MARKS);
        let lines = items.iter().map(|item| fitting(item, room));
        let (lines, prompt) = (lines.collect::<Vec<_>>(), fitting(&question, room));
        let chosen = self.ask(move |theme| {
            Select::with_theme(theme)
                .with_prompt(prompt)
                .items(lines)
                .default(first)
                .max_length(LINES)
                .report(false)
                .interact()
        });
        let chosen = chosen.await?;
        let item = items.get(chosen).map_or("", String::as_str);
        self.tell(&format!("✔ {question} · {item}\n"));
        Ok(chosen)
    }

    /// A line of text; `check` turns it into what is meant, or says what is wrong.
    pub(crate) async fn text<T: Send + 'static>(
        &self,
        question: &str,
        offer: Option<String>,
        check: impl Fn(&str) -> Result<T, String> + Clone + Send + 'static,
    ) -> Result<T, Left> {
        let question = question.to_owned();
        if self.way == Way::Plain {
            return plainly(move |mut lines| lines.text(&question, offer.as_deref(), check)).await;
        }
        let judge = check.clone();
        let text = self
            .ask(move |theme| {
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
            let is_plain = self.way == Way::Plain;
            let text = self.ask(move |theme| {
                if is_plain {
                    return Ok(unseen(&question)?);
                }
                // An empty answer may be a terminal that is gone: it would be asked forever.
                Password::with_theme(theme)
                    .with_prompt(question)
                    .allow_empty_password(true)
                    .interact()
            });
            let text = Zeroizing::new(text.await?);
            if !text.trim().is_empty() {
                return Ok(SecretString::from(text.trim()));
            }
        }
        Err(Left)
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Theme) -> dialoguer::Result<T> + Send + 'static,
    ) -> Result<T, Left> {
        let way = self.way;
        waited_for(move || match way {
            Way::Coloured => question(&ColorfulTheme::default()),
            Way::Drawn | Way::Plain => question(&SimpleTheme),
        })
        .await
    }

    /// Yes or no.
    pub(crate) async fn agrees(&self, question: &str, default: bool) -> Result<bool, Left> {
        let question = question.to_owned();
        if self.way == Way::Plain {
            return plainly(move |mut lines| lines.agrees(&question, default)).await;
        }
        self.ask(move |theme| {
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
        if self.way != Way::Plain {
            drop(Term::stderr().show_cursor());
        }
        if let Some(before) = &self.before {
            // Nothing else could be done about it.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}

/// The terminal as plain lines.
type Typed = Lines<StdinLock<'static>, StderrLock<'static>>;

async fn plainly<T: Send + 'static>(
    question: impl FnOnce(Typed) -> io::Result<T> + Send + 'static,
) -> Result<T, Left> {
    waited_for(move || {
        question(Lines {
            from: stdin().lock(),
            to: stderr().lock(),
        })
    })
    .await
}

async fn waited_for<T: Send + 'static, E: Send + 'static>(
    question: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Left> {
    match tokio::task::spawn_blocking(question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(Left),
    }
}

/// A line that the terminal does not show while it is typed. Where it cannot be told to,
/// nothing is asked.
fn unseen(question: &str) -> io::Result<String> {
    let before = tcgetattr(stdin())?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(stdin(), OptionalActions::Now, &hidden)?;
    let mut typed = String::with_capacity(4 << 10);
    let read = write!(stderr(), "{question}: ").and_then(|()| stdin().read_line(&mut typed));
    tcsetattr(stdin(), OptionalActions::Now, &before)?;
    match read? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(typed),
    }
}

/// As much of it as a line holds.
fn fitting(text: &str, room: usize) -> String {
    match columns(text) <= room {
        true => text.to_owned(),
        false => format!("{}...", head(text, room.saturating_sub(3))),
    }
}
