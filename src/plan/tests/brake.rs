//! What holds a mass delete.

use crate::plan::brake::{Load, MaxDeletes, holds};

fn load(would: u64, approved: u64, mapped: u64) -> Load {
    Load {
        would,
        approved,
        mapped,
        everything: false,
    }
}

#[test]
fn a_share_is_rounded_up_and_what_was_approved_does_not_count() {
    let tenth = MaxDeletes::Percent(10);
    for (given, limit, expected) in [
        (load(0, 0, 0), tenth, false),
        (load(1, 0, 3), tenth, false),
        (load(2, 0, 3), tenth, true),
        (load(2, 0, 11), tenth, false),
        (load(3, 0, 11), tenth, true),
        (load(10, 0, 100), tenth, false),
        (load(11, 0, 100), tenth, true),
        (load(11, 11, 100), tenth, false),
        (load(21, 11, 100), tenth, false),
        (load(22, 11, 100), tenth, true),
        (load(1, 0, 100), MaxDeletes::Percent(0), true),
        (load(99, 0, 100), MaxDeletes::Percent(100), false),
        (load(5, 0, 5_000), MaxDeletes::Number(5), false),
        (load(6, 0, 5_000), MaxDeletes::Number(5), true),
        (load(1, 0, 5_000), MaxDeletes::Number(0), true),
        (load(u64::MAX, 0, u64::MAX), MaxDeletes::Percent(100), false),
    ] {
        assert_eq!(holds(given, limit), expected, "{given:?} {limit:?}");
    }
}

#[test]
fn everything_at_once_is_always_asked_about() {
    let all = |would, approved| Load {
        everything: true,
        ..load(would, approved, would)
    };
    for limit in [MaxDeletes::Percent(100), MaxDeletes::Number(u64::MAX)] {
        assert!(holds(all(1, 0), limit));
        assert!(holds(all(9, 8), limit));
        assert!(!holds(all(9, 9), limit));
    }
}
