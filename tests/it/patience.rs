//! Who says nothing, reads nothing or is very slow is given up in time, and the rest
//! goes on. The program's clock goes twenty times as fast meanwhile.

use crate::rig::{Act, Child, Finished, Plot, Rig, Run, each_at_once};
use std::time::Duration;

/// A minute of the program's in three seconds.
const HURRY: &str = "+0 x20";

fn in_a_hurry(rig: &Rig, args: &[&str]) -> Option<Finished> {
    Some(Child::start(rig.command_at(HURRY, args)?).finish())
}

const ONCE: [&str; 3] = ["sync", "--once", "--json"];

#[test]
fn a_connection_that_goes_dead_is_given_up_and_what_it_carried_arrives_once() {
    let requests = [
        "POST /oauth2/token",
        "GET /2.0/folders/",
        "OPTIONS /2.0/files/content",
        "POST /api/2.0/files/content",
        "POST /2.0/folders",
    ];
    // As after a resume, or behind a router that has forgotten the connection.
    let acts = [Act::Deaf, Act::Mute, Act::Doze(Duration::from_secs(1))];
    let cases = acts
        .iter()
        .flat_map(|act| requests.map(|to| (to, act.clone())));
    each_at_once(&cases.collect::<Vec<_>>(), |(to, act)| {
        let (rig, middle) = Rig::behind();
        // More than fits into what the systems keep on the way.
        rig.write("a.bin", "x".repeat(12_000_000))
            .write("sub/b.txt", "b");
        middle.plot(Plot::once(to, act.clone()));
        let Some(finished) = in_a_hurry(&rig, &ONCE) else {
            return;
        };
        let run = Run::of(finished);
        run.expect_code(0);
        assert_eq!(middle.struck(), 1, "{run}");
        rig.expect_same_as_disk();
        for path in ["a.bin", "sub/b.txt"] {
            assert_eq!(rig.entry(path).versions, 1, "{run}");
        }
    });
}

/// Nothing but a login page, for ever.
#[test]
fn a_minute_of_login_pages_ends_a_run_with_69() {
    let (rig, middle) = Rig::behind();
    rig.write("a.txt", "a");
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\
                Connection: close\r\n\r\n<html></html>";
    middle.plot(Plot::always("HTTP/1.1", Act::Say(page.into())));
    let Some(finished) = in_a_hurry(&rig, &ONCE) else {
        return;
    };
    let run = Run::of(finished);
    run.expect_code(69).expect(&[]);
    assert!(middle.struck() > 3, "{run}");
    assert_eq!(rig.cloud.total_requests(), 0);
}

/// Four windows long, at exactly what Box allows.
#[test]
fn at_full_speed_box_refuses_nothing() {
    let rig = Rig::with(|builder| builder.rate_window(Duration::from_millis(2_800)));
    let rig = rig.configured(|config| {
        config.limits = vec![
            "uploads_per_minute = 30".into(),
            "requests_per_minute = 70".into(),
        ];
    });
    rig.cloud.set_rate_limits(Some(30), Some(70));
    for number in 0..80 {
        rig.write(&format!("f{number}"), format!("{number}"));
    }
    // What Box counts as a minute is a little shorter.
    let Some(finished) = in_a_hurry(&rig, &ONCE) else {
        return;
    };
    let run = Run::of(finished);
    run.expect_code(0).expect(&[("uploaded", 80)]);
    let all = rig.cloud.requests();
    let refused = all.iter().filter(|request| request.status == Some(429));
    assert_eq!(refused.count(), 0, "{run}");
}
