//! How much of a sweep is to be done: a sample, or what the environment asks for.

use super::scenario::Scenario;

/// What to do about one scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extent {
    /// A sample, as in every run of the tests.
    Sample,
    /// Every place whose number leaves this remainder.
    Share { part: usize, of: usize },
    /// Another scenario was asked for.
    Nothing,
}

impl Extent {
    /// What `BOXUP_SWEEP` says about the scenario.
    pub(super) fn of(scenario: Scenario) -> Extent {
        match std::env::var("BOXUP_SWEEP") {
            Ok(asked) => Extent::parse(&asked, scenario),
            Err(_) => Extent::Sample,
        }
    }

    fn parse(asked: &str, scenario: Scenario) -> Extent {
        let (name, share) = asked.split_once(':').unwrap_or((asked, "1/1"));
        let (part, of) = share
            .split_once('/')
            .and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)))
            .filter(|(part, of)| (1..=*of).contains(part))
            .unwrap_or_else(|| panic!("BOXUP_SWEEP: no share like 2/4: {share:?}"));
        let known = Scenario::ALL.iter().any(|known| known.name() == name);
        assert!(known || name == "all", "BOXUP_SWEEP: no scenario {name:?}");
        match name == "all" || name == scenario.name() {
            true => Extent::Share { part, of },
            false => Extent::Nothing,
        }
    }
}

/// What the sample is drawn with.
pub(super) fn seed() -> u64 {
    let asked = std::env::var("BOXUP_SWEEP_SEED").ok();
    let number = asked.map(|seed| seed.parse().expect("BOXUP_SWEEP_SEED is a number"));
    number.unwrap_or(20_260_427)
}

#[test]
fn the_environment_asks_for_scenarios_and_shares_of_them() {
    let share = |part, of| Extent::Share { part, of };
    for (asked, expected) in [
        ("all", share(1, 1)),
        ("all:3/4", share(3, 4)),
        ("tree", share(1, 1)),
        ("tree:2/4", share(2, 4)),
        ("first", Extent::Nothing),
    ] {
        assert_eq!(Extent::parse(asked, Scenario::Tree), expected, "{asked}");
    }
}
