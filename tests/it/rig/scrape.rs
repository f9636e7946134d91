//! A monitoring system of a few lines: it asks, and reads what it is told strictly.

use super::{Rig, Service, Visit, until, visit};
use std::collections::BTreeMap;

/// A service that tells its figures.
pub(crate) struct Monitored {
    /// The service.
    pub(crate) service: Service,
    /// Where it listens, without a path.
    pub(crate) url: String,
}

/// Where the service says that it listens, the last time that it said so.
pub(crate) fn told_address(service: &Service) -> Option<String> {
    let said = service.stderr();
    let line = said
        .lines()
        .rfind(|line| line.contains("metrics: http://"))?;
    let url = &line[line.find("http://")?..];
    Some(url.split("/metrics").next()?.to_owned())
}

impl Monitored {
    /// The service on a port that is free, by a configuration that names port 0.
    #[track_caller]
    pub(crate) fn start(rig: &Rig) -> Monitored {
        let service = Service::start_command(rig, rig.command(&["sync", "--json", "-v"]));
        let mut url = None;
        until("it says where it listens", || {
            url = told_address(&service);
            url.is_some()
        });
        let url = url.unwrap_or_default();
        Monitored { service, url }
    }

    /// Opens one of its pages.
    pub(crate) fn visit(&self, path: &str) -> Visit {
        visit(&format!("{}{path}", self.url))
    }

    /// Its figures.
    #[track_caller]
    pub(crate) fn page(&self) -> Page {
        let visit = self.visit("/metrics");
        assert_eq!(visit.status, 200, "{visit:?}");
        Page::read(visit.page)
    }
}

/// Figures.
#[derive(Debug)]
pub(crate) struct Page {
    /// As they came.
    pub(crate) text: String,
    /// By name and labels, as they stand in the text.
    values: BTreeMap<String, f64>,
}

impl Page {
    /// Reads them, and complains about what does not belong there.
    #[track_caller]
    pub(crate) fn read(text: String) -> Page {
        let mut values = BTreeMap::new();
        let mut kind = ("", "");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                kind = rest.split_once(' ').expect("a name and its type");
                continue;
            }
            if line.starts_with("# HELP ") {
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let name = series.split('{').next().unwrap_or_default();
            assert!(name.starts_with(kind.0), "{line:?} is not of {kind:?}");
            if kind.1 == "counter" {
                assert!(name.ends_with("_total"), "{line:?}");
            }
            let value = value.parse().expect("a number");
            let before = values.insert(series.to_owned(), value);
            assert!(before.is_none(), "told twice: {line:?}");
        }
        Page { text, values }
    }

    /// The value of a series, written as it stands in the text.
    pub(crate) fn get(&self, series: &str) -> Option<f64> {
        self.values.get(series).copied()
    }

    /// The same where it must be there.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        let value = self.get(series);
        value.unwrap_or_else(|| panic!("no {series} in\n{}", self.text))
    }

    /// All series of a name, with the values of their labels.
    pub(crate) fn all(&self, name: &str) -> BTreeMap<Vec<String>, f64> {
        let of = |series: &str| {
            let labels = series.strip_prefix(name)?.strip_prefix('{')?;
            let values = labels.split('"').skip(1).step_by(2).map(str::to_owned);
            Some(values.collect())
        };
        let all = self.values.iter();
        all.filter_map(|(series, value)| Some((of(series)?, *value)))
            .collect()
    }
}
