//! Questions in plain lines, for a terminal on which nothing can be drawn, and for whoever
//! has one read aloud: what can be chosen is numbered, and every answer is a line.

use std::io::{self, BufRead, Error, ErrorKind, Write};

/// A mistake is told, and asked about again, so many times.
const TRIES: usize = 10;

/// Where answers come from, and where questions go.
pub(super) struct Lines<R, W> {
    /// What is typed.
    pub(super) from: R,
    /// What is read.
    pub(super) to: W,
}

impl<R: BufRead, W: Write> Lines<R, W> {
    /// One out of several, by its number; `first` for an empty line.
    pub(super) fn choose(
        &mut self,
        question: &str,
        items: &[String],
        first: usize,
    ) -> io::Result<usize> {
        writeln!(self.to, "{question}")?;
        for (number, item) in items.iter().enumerate() {
            writeln!(self.to, "  {:>2}  {item}", number + 1)?;
        }
        let most = items.len();
        let offer = (first + 1).to_string();
        self.text("Number", Some(&offer), |text| {
            let number = text.parse().ok();
            let index = number.and_then(|number: usize| number.checked_sub(1));
            match index.filter(|index| *index < most) {
                Some(index) => Ok(index),
                None => Err(format!("a number from 1 to {most} is needed")),
            }
        })
    }

    /// A line that `check` takes; the offer for an empty one.
    pub(super) fn text<T>(
        &mut self,
        question: &str,
        offer: Option<&str>,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> io::Result<T> {
        let offered = offer.map_or_else(String::new, |offer| format!(" [{offer}]"));
        for _ in 0..TRIES {
            write!(self.to, "{question}{offered}: ")?;
            self.to.flush()?;
            let line = self.line()?;
            let answer = match (line.trim(), offer) {
                ("", Some(offer)) => offer,
                (text, _) => text,
            };
            match check(answer) {
                Ok(meant) => return Ok(meant),
                Err(why) => writeln!(self.to, "error: {why}")?,
            }
        }
        Err(ErrorKind::InvalidInput.into())
    }

    /// Yes or no; `default` for an empty line.
    pub(super) fn agrees(&mut self, question: &str, default: bool) -> io::Result<bool> {
        let offer = if default { "yes" } else { "no" };
        self.text(question, Some(offer), |text| {
            match text.to_ascii_lowercase().as_str() {
                "y" | "yes" => Ok(true),
                "n" | "no" => Ok(false),
                _ => Err("yes or no is needed".to_owned()),
            }
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.from.read_line(&mut line)? {
            0 => Err(Error::from(ErrorKind::UnexpectedEof)),
            _ => Ok(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    fn asked<T>(
        typed: &str,
        ask: impl FnOnce(&mut Lines<&[u8], &mut Vec<u8>>) -> std::io::Result<T>,
    ) -> (Option<T>, String) {
        let mut told = Vec::new();
        let mut lines = Lines {
            from: typed.as_bytes(),
            to: &mut told,
        };
        let answer = ask(&mut lines).ok();
        (answer, String::from_utf8(told).unwrap())
    }

    #[test]
    fn what_can_be_chosen_is_numbered() {
        let items = ["one".to_owned(), "two".to_owned()];
        for (typed, answer) in [
            ("2\n", Some(1)),
            ("\n", Some(0)),
            ("0\n3\ntwo\n-1\n 2 \n", Some(1)),
            ("3\n", None),
            ("", None),
            (&"x\n".repeat(100), None),
        ] {
            let (found, told) = asked(typed, |lines| lines.choose("Which?", &items, 0));
            assert_eq!(found, answer, "{typed:?}");
            let begins = "Which?\n   1  one\n   2  two\nNumber [1]: ";
            assert!(told.starts_with(begins) && !told.contains('\x1b'), "{told}");
        }
    }

    #[test]
    fn a_mistake_is_told_and_asked_about_again() {
        let check = |text: &str| match text {
            "good" => Ok(7),
            other => Err(format!("{other:?} is not good")),
        };
        let (found, told) = asked("bad\n good \n", |lines| lines.text("What", None, check));
        assert_eq!(found, Some(7));
        assert_eq!(told, "What: error: \"bad\" is not good\nWhat: ");
        for (typed, default, answer) in [
            ("\n", false, Some(false)),
            ("\n", true, Some(true)),
            ("Y\n", false, Some(true)),
            ("maybe\nno\n", true, Some(false)),
            ("maybe\n", true, None),
        ] {
            let (found, _) = asked(typed, |lines| lines.agrees("Sure?", default));
            assert_eq!(found, answer, "{typed:?}");
        }
    }
}
