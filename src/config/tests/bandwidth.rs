//! `[limits] bandwidth`: every spelling that is right, and what is said about the others.

use super::mistakes::{check_file, check_more};
use super::{GOOD, good};
use crate::model::timetable::{Moment, Rate, Timetable};

fn table(written: &str) -> Timetable {
    let source = format!("{GOOD}[limits]\nbandwidth = {written}");
    good(&source).config.limits.bandwidth
}

fn at(table: &Timetable, weekday: u8, hour: u16) -> Rate {
    let minute = hour * 60;
    table.at(Moment { weekday, minute })
}

#[test]
fn a_rate_has_a_unit() {
    for (written, expected) in [
        ("10 MiB/s", Some(10_485_760)),
        ("10MiB/s", Some(10_485_760)),
        (" 1.5 mb/s ", Some(1_500_000)),
        ("500 KiB/s", Some(512_000)),
        ("2000 kB/s", Some(2_000_000)),
        ("4096 B/s", Some(4096)),
        ("1 GiB /s", Some(1_073_741_824)),
        ("1 GB/s", Some(1_000_000_000)),
        ("80 kbit/s", Some(10_000)),
        ("20 Mbit/s", Some(2_500_000)),
        ("1 Gbit/s", Some(125_000_000)),
        ("off", None),
        ("Unlimited", None),
    ] {
        let table = table(&format!("{written:?}"));
        assert_eq!(at(&table, 0, 0), expected, "{written}");
        assert!(table.hours.is_empty());
    }
}

#[test]
fn a_list_is_a_timetable() {
    let table = table(
        r#"["Fri 20:00-8:30 1 MB/s", "Sat,Sun 00:00-24:00 off", "Mon-Fri 08:00-18:00 2MB/s", "sun-mon 22:00-23:00 3 MB/s", "4 MB/s"]"#,
    );
    for (weekday, hour, expected) in [
        (0, 7, Some(4_000_000)),
        (0, 8, Some(2_000_000)),
        (0, 22, Some(3_000_000)),
        (1, 22, Some(4_000_000)),
        (4, 19, Some(4_000_000)),
        (4, 20, Some(1_000_000)),
        (5, 8, Some(1_000_000)),
        (5, 9, None),
        (6, 23, None),
    ] {
        assert_eq!(at(&table, weekday, hour), expected, "day {weekday}, {hour}");
    }
}

#[test]
fn without_a_rest_there_is_no_limit_in_it() {
    let table = table(r#"["08:00-18:00 2 MB/s"]"#);
    assert_eq!(
        (at(&table, 0, 8), at(&table, 0, 18)),
        (Some(2_000_000), None)
    );
}

#[test]
fn what_is_wrong_is_told_with_what_is_right() {
    for (written, remedy) in [
        ("5", "say in which unit: bandwidth = \"5 MiB/s\""),
        ("true", "write a rate: bandwidth = \"10 MiB/s\""),
        ("\"\"", "\"10 MiB/s\""),
        ("\"10\"", "\"10 MiB/s\""),
        ("\"10 MiB\"", "\"10 MiB/s\""),
        ("\"10 miles/s\"", "\"10 MiB/s\""),
        ("\"-1 MiB/s\"", "\"10 MiB/s\""),
        ("\"1e3 MiB/s\"", "\"10 MiB/s\""),
        ("\"1.2.3 MiB/s\"", "\"10 MiB/s\""),
        ("\"0 MiB/s\"", "\"off\" for no limit"),
        ("\"1023 B/s\"", "\"10 MiB/s\""),
        ("\"1025 GiB/s\"", "\"10 MiB/s\""),
        ("\"fast\"", "\"10 MiB/s\""),
        ("\"Mon-Fri 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"Mon\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"25:00-26:00 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"08:00-24:01 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"08:60-09:00 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"8-18:00 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"08:00 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"+8:00-18:00 2 MiB/s\"", "\"08:00-18:00 2 MiB/s\""),
        ("\"08:00-08:00 2 MiB/s\"", "\"00:00-24:00\""),
        ("\"Mo-Fr 08:00-18:00 2 MiB/s\"", "\"Mon-Fri\""),
        ("\"Mon Tue 08:00-18:00 2 MiB/s\"", "\"Mon-Fri\""),
        ("\"08:00-18:00\"", "\"10 MiB/s\""),
    ] {
        let more = format!("[limits]\nbandwidth = {written}");
        check_more(&more, "limits.bandwidth", 11, remedy);
    }
}

#[test]
fn each_line_of_a_list_is_named() {
    for (second, remedy) in [
        ("\"10 MiB\"", "\"10 MiB/s\""),
        ("7", "put it in quotes"),
        ("\"1 MiB/s\", \"2 MiB/s\"", "put the one without hours last"),
    ] {
        let list = format!("[\n  \"08:00-18:00 off\",\n  {second},\n]");
        let source = format!("{GOOD}[limits]\nbandwidth = {list}");
        let number = second.matches(',').count() + 1;
        let key = format!("limits.bandwidth[{number}]");
        check_file(&source, &key, Some(13), remedy);
    }
}
