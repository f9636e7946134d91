//! Which mirrors to leave alone, and for how long.

use clap::Args as ClapArgs;
use std::time::Duration;

/// Which mirrors to leave alone, and for how long.
#[derive(Debug, ClapArgs)]
pub(crate) struct PauseArgs {
    /// The mirrors' names; none: all of them.
    #[arg(value_name = "MIRROR")]
    pub(crate) mirrors: Vec<String>,

    /// Go on by itself after this long, such as 90s, 30m or 2h; without it, `boxup resume`
    /// ends it.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub(crate) span: Option<Duration>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which mirrors to go on with.
#[derive(Debug, ClapArgs)]
pub(crate) struct ResumeArgs {
    /// The mirrors' names; none: all of them.
    #[arg(value_name = "MIRROR")]
    pub(crate) mirrors: Vec<String>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// More than this is no pause any more.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

fn span(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match span {
        Duration::ZERO => Err("a pause lasts longer than nothing".to_owned()),
        span if span > LONGEST => Err(
            "that is more than ten years: leave --for out, and it lasts until resumed".to_owned(),
        ),
        span => Ok(span),
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn a_pause_lasts_longer_than_nothing_and_not_for_ever() {
        assert_eq!(span("2h"), Ok(Duration::from_secs(7_200)));
        for bad in ["", "0s", "soon", "-1s", "11y", "20000000000y"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
