//! How a run stands, in a few lines that never wrap. Pure.

use crate::agent::meter::{Figures, Running, Wait};
use crate::cli::progress::columns::{columns, head, plain, tail};
use crate::cli::screen::Line;
use crate::cli::wording::{bytes, count, duration};
use std::time::Duration;

/// What is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The figures.
    pub(super) figures: Figures,
    /// Bytes a second lately; `None` when it is too early to tell.
    pub(super) rate: Option<u64>,
    /// How long it will take, if that can be told.
    pub(super) left: Option<Duration>,
    /// The host that has not been heard of for a while.
    pub(super) silent: Option<String>,
    /// With colours.
    pub(super) colour: bool,
}

/// A file this large has a line of its own.
const LARGE: u64 = 1_000_000;
/// So many of them do.
const MOST: usize = 4;
const YELLOW: &str = "\x1b[33m";

/// The lines for a terminal of so many columns and rows; none when there is nothing to
/// tell.
pub(super) fn frame(view: &View, width: usize, height: usize) -> Vec<Line> {
    // The last column is left alone: some terminals wrap when it is written.
    let width = width.saturating_sub(1);
    let figures = &view.figures;
    let mut lines = Vec::new();
    if figures.files.1 > figures.files.0 || figures.is_looking && figures.files.1 > 0 {
        lines.push(line(&summary(view, width), "", width));
        let mut large: Vec<&Running> = figures.running.iter().collect();
        large.retain(|file| file.size >= LARGE);
        large.sort_by(|a, b| (b.size, &a.name).cmp(&(a.size, &b.name)));
        for file in large.into_iter().take(MOST) {
            lines.push(line(&bar(file, width), "", width));
        }
    }
    if let Some(words) = waiting(view) {
        let colour = if view.colour { YELLOW } else { "" };
        lines.push(line(&format!("  {words}"), colour, width));
    }
    lines.truncate(height);
    lines
}

fn line(text: &str, colour: &str, width: usize) -> Line {
    let text = head(&plain(text), width);
    let columns = columns(&text);
    let text = match colour {
        "" => text,
        colour => format!("{colour}{text}\x1b[0m"),
    };
    Line { text, columns }
}

/// As many of the figures as there is room for, the most telling first.
fn summary(view: &View, width: usize) -> String {
    let Figures {
        files,
        bytes: (sent, all),
        is_looking,
        ..
    } = &view.figures;
    let more = if *is_looking { "+" } else { "" };
    let noun = if files.1 == 1 { "file" } else { "files" };
    let mut text = format!("  {} of {}{more} {noun}", count(files.0), count(files.1));
    let parts = [
        Some(format!("{} of {}{more}", bytes(*sent), bytes(*all))),
        view.rate
            .filter(|rate| *rate > 0)
            .map(|rate| format!("{}/s", bytes(rate))),
        view.left
            .filter(|left| left.as_secs() > 0)
            .map(|left| format!("{} left", whole(left))),
    ];
    for part in parts.into_iter().flatten() {
        if columns(&text) + 3 + columns(&part) > width {
            break;
        }
        text.push_str("   ");
        text.push_str(&part);
    }
    text
}

fn bar(file: &Running, width: usize) -> String {
    let length = (width / 4).clamp(6, 20);
    let size = u128::from(file.size.max(1));
    let moved = u128::from(file.moved.min(file.size));
    let part = |of: usize| usize::try_from(moved * of as u128 / size).unwrap_or(of);
    let (done, percent) = (part(length), part(100));
    let tip = if done < length { ">" } else { "" };
    let full = "=".repeat(done);
    let empty = " ".repeat(length - done - tip.len());
    let before = format!("  [{full}{tip}{empty}] {percent:>3} %  ");
    let room = width.saturating_sub(columns(&before));
    format!("{before}{}", tail(&plain(&file.name), room))
}

fn waiting(view: &View) -> Option<String> {
    let words = match (&view.figures.wait, &view.silent) {
        (Some(Wait::Asked(left)), _) => {
            let left = Duration::from_secs(left.as_secs() + 1);
            format!("waiting: Box asks for {}", whole(left))
        }
        (Some(Wait::NoAnswer(heard)), _) => format!("waiting: no answer from Box: {heard}"),
        (None, Some(host)) => format!("waiting: no answer from {host}"),
        (Some(Wait::Rate(what, number)), _) => {
            format!(
                "waiting: {} {what} a minute are allowed",
                count((*number).into())
            )
        }
        (Some(Wait::Bandwidth(rate)), _) => {
            format!("waiting: bandwidth limit, {}/s", bytes(*rate))
        }
        (None, None) if view.figures.is_looking => "scanning".to_owned(),
        (None, None) => return None,
    };
    Some(words)
}

/// What is counted down has no use for tenths.
fn whole(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => duration(span),
    }
}

#[cfg(test)]
mod tests {
    use super::{View, frame};
    use crate::agent::meter::{Figures, Running, Wait};
    use std::time::Duration;

    fn running(name: &str, size: u64, moved: u64) -> Running {
        let name = name.to_owned();
        Running { name, size, moved }
    }

    fn busy() -> View {
        let figures = Figures {
            files: (1_204, 3_310),
            bytes: (1_250_000_000, 8_400_000_000),
            running: vec![
                running("m/small.txt", 10, 5),
                running("m/archive/2026/video.mp4", 100_000_000, 42_000_000),
                running(
                    "m/報告書/第一四半期の売上高と利益の詳細.xlsx",
                    2_000_000,
                    2_000_000,
                ),
            ],
            ..Figures::default()
        };
        View {
            figures,
            rate: Some(10_300_000),
            left: Some(Duration::from_secs(680)),
            ..View::default()
        }
    }

    fn text(view: &View, width: usize) -> Vec<String> {
        let lines = frame(view, width, 24);
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn all_figures_at_eighty_columns_and_the_most_telling_at_forty() {
        assert_eq!(
            text(&busy(), 80),
            [
                "  1,204 of 3,310 files   1.2 GB of 8.4 GB   10.3 MB/s   11m 20s left",
                "  [=======>           ]  42 %  m/archive/2026/video.mp4",
                "  [===================] 100 %  m/報告書/第一四半期の売上高と利益の詳細.xlsx",
            ]
        );
        assert_eq!(
            text(&busy(), 40),
            [
                "  1,204 of 3,310 files",
                "  [===>     ]  42 %  .../2026/video.mp4",
                "  [=========] 100 %  ...利益の詳細.xlsx",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_nor_higher_than_it() {
        let mut view = busy();
        view.figures
            .running
            .push(running(&"👩\u{200d}🚀".repeat(80), 5_000_000, 1));
        view.figures
            .running
            .push(running("m/a\nb\x1b[2J\r", 6_000_000, 1));
        view.figures.wait = Some(Wait::NoAnswer("é".repeat(300)));
        view.colour = true;
        for width in 0..200 {
            for line in frame(&view, width, 24) {
                assert!(line.columns < width.max(1), "{width}: {line:?}");
                let moves = line.text.replace("\x1b[33m", "").replace("\x1b[0m", "");
                assert!(!moves.chars().any(char::is_control), "{line:?}");
            }
        }
        assert_eq!(frame(&view, 80, 24).len(), 6);
        assert_eq!(frame(&view, 80, 3).len(), 3);
    }

    #[test]
    fn what_is_waited_for_has_a_line() {
        let asked = |seconds| Some(Wait::Asked(Duration::from_secs_f64(seconds)));
        let silent = || Some("upload.box.com".to_owned());
        for (wait, silent, is_looking, expected) in [
            (asked(11.2), None, false, Some("waiting: Box asks for 12 s")),
            (
                asked(200.0),
                silent(),
                false,
                Some("waiting: Box asks for 3m 21s"),
            ),
            (
                Some(Wait::NoAnswer("cannot connect".to_owned())),
                None,
                true,
                Some("waiting: no answer from Box: cannot connect"),
            ),
            (
                None,
                silent(),
                true,
                Some("waiting: no answer from upload.box.com"),
            ),
            (
                Some(Wait::Rate("uploads", 240)),
                None,
                true,
                Some("waiting: 240 uploads a minute are allowed"),
            ),
            (
                Some(Wait::Bandwidth(2_000_000)),
                None,
                false,
                Some("waiting: bandwidth limit, 2.0 MB/s"),
            ),
            (None, None, true, Some("scanning")),
            (None, None, false, None),
        ] {
            let mut view = busy();
            (view.figures.wait, view.silent, view.figures.is_looking) = (wait, silent, is_looking);
            let lines = text(&view, 80);
            let found = lines.get(3).map(|line| line.trim());
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn without_anything_to_do_there_is_nothing() {
        let mut view = busy();
        view.figures.files = (7, 7);
        view.figures.running.clear();
        assert_eq!(text(&view, 80), [""; 0]);
        view.figures.is_looking = true;
        view.figures.files = (0, 0);
        assert_eq!(text(&view, 80), ["  scanning"]);
    }
}
