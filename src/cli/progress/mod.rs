//! Progress that a person likes to watch: a few lines at the bottom of the terminal.
//!
//! `frame` says what they are, `speed` how fast it goes and for how long, `columns` what
//! fits; all three are pure. The lines go through `cli/screen.rs`, as everything does.

pub(crate) mod columns;
mod frame;
mod speed;

use crate::agent::meter::{Figures, Gauge};
use crate::cli::progress::frame::frame;
use crate::cli::progress::speed::Speed;
use crate::cli::screen::{self, Line};
use std::time::Instant;

/// What is under way somewhere else, for whoever draws it among other things.
pub(crate) struct UnderWay(Speed);

impl UnderWay {
    /// Nothing seen yet; file content goes to `host`.
    pub(crate) fn new(host: String) -> Self {
        Self(Speed::new(host))
    }

    /// The lines for so many columns and rows; none when nothing is under way.
    pub(crate) fn lines(
        &mut self,
        figures: &Figures,
        now: Instant,
        (columns, rows): (usize, usize),
        colour: bool,
    ) -> Vec<Line> {
        let mut view = self.0.view(figures, now);
        view.colour = colour;
        // What is waited for is told by whoever draws the rest.
        (view.figures.wait, view.figures.is_looking) = (None, false);
        frame(&view, columns, rows)
    }
}

/// Draws figures as they come, until it is dropped.
struct Painter {
    speed: Speed,
    colour: bool,
}

/// A gauge that draws; `host` is where file content goes.
pub(crate) fn gauge(host: String, colour: bool) -> Gauge {
    let speed = Speed::new(host);
    let mut painter = Painter { speed, colour };
    Box::new(move |figures| painter.paint(figures))
}

impl Painter {
    fn paint(&mut self, figures: &Figures) {
        let mut view = self.speed.view(figures, Instant::now());
        view.colour = self.colour;
        screen::draw(frame(&view, screen::columns(), screen::rows()));
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        screen::draw(Vec::new());
    }
}
