//! Every metric is explained, the dashboard and the alerts ask for nothing else, and
//! Prometheus' own tool has nothing to say against any of it.

use crate::metrics::monitored_rig;
use crate::rig::{Monitored, not_run};
use box_emulator::Fault;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn shipped(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words in a text that are a metric's name, without what a histogram's series add.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    let words =
        words.filter(|word| word.starts_with("boxup_") || *word == "process_start_time_seconds");
    let plain = |word: &str| {
        let series = ["_bucket", "_sum", "_count"];
        let bare = series.iter().find_map(|end| word.strip_suffix(end));
        bare.unwrap_or(word).to_owned()
    };
    words.map(plain).collect()
}

/// A page with everything on it that there can be.
fn full_page() -> String {
    let rig = monitored_rig();
    let rig = rig.configured(|config| config.limits.push("bandwidth = \"1 GiB/s\"".into()));
    let rig = rig.configured(|config| config.mirrors[0][0] = r#"name = "a \"b\\c é""#.into());
    rig.write("a.txt", "a");
    rig.cloud
        .inject(Fault::on("post_files_content").status(503, "unavailable"));
    let monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    let page = monitored.page();
    monitored.service.end();
    let odd = r#"boxup_parked{mirror="a \"b\\c é"} 0"#;
    assert!(page.text.lines().any(|line| line == odd), "{}", page.text);
    page.text
}

fn told(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|rest| Some(rest.split_once(' ')?.0.to_owned()))
        .collect()
}

#[test]
fn what_is_told_is_explained_and_nothing_else_is_asked_for() {
    let page = full_page();
    let told = told(&page);
    assert!(told.len() > 20, "{told:?}");
    let guide = shipped("docs/monitoring.md");
    let table = guide.lines().filter(|line| line.starts_with("| `"));
    let cells = table.filter_map(|line| line.split('`').nth(1));
    let explained = names(&cells.collect::<Vec<_>>().join(" "));
    assert_eq!(explained, told, "docs/monitoring.md against what is told");
    for file in ["examples/grafana.json", "examples/alerts.yml"] {
        let asked = names(&shipped(file));
        assert!(!asked.is_empty(), "{file}");
        let unknown: Vec<_> = asked.difference(&told).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

#[test]
fn the_dashboard_can_be_imported() {
    let board: Value = serde_json::from_str(&shipped("examples/grafana.json")).expect("JSON");
    assert_eq!(board["__inputs"][0]["pluginId"], "prometheus");
    let source = format!(
        "${{{}}}",
        board["__inputs"][0]["name"].as_str().expect("a name")
    );
    assert!(board["uid"].is_string() && board["title"] == "boxup");
    assert!(
        board["schemaVersion"]
            .as_u64()
            .is_some_and(|version| version >= 36)
    );
    let panels = board["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "{panel}");
        let at = &panel["gridPos"];
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| at[key].as_u64().expect("a place"));
        assert!(x + w <= 24, "{panel}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(places.insert(cell), "it lies over another: {panel}");
        }
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(
            panel["datasource"]["uid"],
            Value::from(source.as_str()),
            "{panel}"
        );
        let targets = panel["targets"].as_array().expect("it asks for something");
        for target in targets {
            let asked = target["expr"].as_str().expect("an expression");
            assert!(!names(asked).is_empty(), "{asked}");
        }
    }
    assert!(panels.len() >= 9);
}

/// `promtool` with these arguments and this input; `None` where there is none.
fn promtool(args: &[&str], input: &str) -> Option<String> {
    let child = Command::new("promtool")
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take().expect("it listens");
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    Some(said)
}

#[test]
fn prometheus_own_tool_is_content() {
    let Some(said) = promtool(&["check", "metrics"], &full_page()) else {
        return not_run_without_promtool();
    };
    assert_eq!(said, "");
    let said = promtool(&["check", "rules", "examples/alerts.yml"], "").unwrap_or_default();
    assert!(
        said.contains("rules found") && !said.contains("FAILED"),
        "{said}"
    );
}

#[test]
fn the_alerts_fire_when_they_should_and_only_then() {
    let args = ["test", "rules", "tests/it/alerts/rules.yml"];
    match promtool(&args, "") {
        Some(said) => assert!(said.contains("SUCCESS"), "{said}"),
        None => not_run_without_promtool(),
    }
}

/// It comes with Prometheus, which no test should need: not even in CI is that a failure.
fn not_run_without_promtool() {
    if std::env::var_os("CI").is_none() {
        not_run("there is no promtool on this machine");
    }
}
