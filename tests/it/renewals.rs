//! Tokens that live five seconds are enough for a mirror that takes far longer, whatever
//! they come from, and no more of them are asked for than that takes.

use crate::rig::{Rig, each};
use box_emulator::{Builder, Fault, RefreshRule};
use std::time::Duration;

const LIFE: Duration = Duration::from_secs(5);
/// Eight at a time, each taking this long, until three tokens and more have died.
const SLOW: Duration = Duration::from_millis(500);
const FILES: u32 = 280;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    ClientCredentials,
    Jwt,
    Login(RefreshRule),
}

fn rig(way: Way) -> Rig {
    let short = |builder: Builder| builder.token_ttl(LIFE);
    match way {
        Way::ClientCredentials => Rig::with(short),
        Way::Jwt => Rig::jwt(short).0,
        Way::Login(rule) => {
            let rig = Rig::oauth(|builder| short(builder).refresh_rule(rule));
            rig.login();
            rig
        }
    }
}

#[test]
fn a_mirror_outlives_its_tokens_whatever_they_come_from() {
    let ways = [
        Way::ClientCredentials,
        Way::Jwt,
        Way::Login(RefreshRule::RetireAtOnce),
        Way::Login(RefreshRule::RetireOnUse),
    ];
    each(&ways, |way| {
        let rig = rig(*way);
        for number in 0..FILES {
            rig.write(&format!("f{number}"), format!("{number}"));
        }
        rig.cloud
            .inject(Fault::on("post_files_content").forever().delay(SLOW));
        let run = rig.once_ok();
        run.expect(&[("uploaded", u64::from(FILES))]);
        rig.expect_same_as_disk();
        let elapsed = run.count("elapsed_ms");
        assert!(
            elapsed > 3 * 5_000,
            "it took {elapsed} ms: too short to tell anything"
        );
        let most = elapsed as f64 / (0.9 * 5_000.0) + 2.0;
        let asked = rig.calls("post_oauth2_token") as f64;
        assert!(asked >= 3.0 && asked <= most, "{asked} of at most {most}");
    });
}
