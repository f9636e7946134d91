//! Connections that break, at the first byte, at the last and in between.

use crate::rig::{Act, Cut, Plot, Rig, each};

const CUTS: [Cut; 4] = [Cut::At(0), Cut::At(1), Cut::Half, Cut::Last];

fn acts() -> impl Iterator<Item = Act> {
    let requests = CUTS.into_iter().map(Act::CutRequest);
    requests.chain(CUTS.into_iter().map(Act::CutAnswer))
}

#[test]
fn a_reset_at_any_byte_of_a_first_pass_costs_a_try_and_nothing_else() {
    let requests = [
        "POST /oauth2/token",
        "GET /2.0/folders/",
        "OPTIONS /2.0/files/content",
        "POST /api/2.0/files/content",
        "POST /2.0/folders",
    ];
    let cases = acts().flat_map(|act| requests.map(|request| (request, act.clone())));
    each(&cases.collect::<Vec<_>>(), |(request, act)| {
        let (rig, middle) = Rig::behind();
        middle.plot(Plot::once(request, act.clone()));
        rig.write("a.bin", "x".repeat(300_000))
            .write("sub/b.txt", "b");
        let run = rig.once_ok();
        assert_eq!(middle.struck(), 1, "{run}");
        assert_eq!(run.count("uploaded") + run.count("adopted"), 2, "{run}");
        rig.expect_same_as_disk();
        for path in ["a.bin", "sub/b.txt"] {
            assert_eq!(rig.entry(path).versions, 1, "{run}");
        }
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    });
}

#[test]
fn a_reset_at_any_byte_of_a_new_version_leaves_one_version() {
    let requests = [("OPTIONS /2.0/files/"), ("POST /api/2.0/files/")];
    let cases = acts().flat_map(|act| requests.map(|request| (request, act.clone())));
    each(&cases.collect::<Vec<_>>(), |(request, act)| {
        let (rig, middle) = Rig::behind();
        rig.write("a.bin", "one").once_ok();
        middle.plot(Plot::once(request, act.clone()));
        let two = "2".repeat(300_000);
        rig.write("a.bin", &two);
        let run = rig.once_ok();
        assert_eq!(middle.struck(), 1, "{run}");
        rig.expect_versions("a.bin", &["one", &two]);
        rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
    });
}
