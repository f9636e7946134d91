//! What happens is told, each thing once, and whoever takes the log stops nothing.

use crate::rig::Rig;

#[test]
fn lines_tell_how_long_it_took_and_by_which_request() {
    let rig = Rig::new();
    rig.write("new.txt", "new").write("sub/b.txt", "b");
    let run = rig.once();
    for path in ["new.txt", "sub", "sub/b.txt"] {
        let event = run.event(path);
        assert!(event["duration_ms"].is_u64(), "{event}");
        let id = event["request_id"].as_str().unwrap_or_default();
        assert_eq!(id.len(), 24, "{event}");
    }
    let ids = ["new.txt", "sub/b.txt"].map(|path| run.event(path)["request_id"].clone());
    assert_ne!(ids[0], ids[1], "{run}");
}
