//! Tokens: renewed once, by one, without anybody noticing.

use crate::rig::Rig;
use box_emulator::Fault;
use std::time::Duration;

fn many(rig: &Rig, count: usize) {
    for number in 0..count {
        rig.write(&format!("f{number}"), format!("{number}"));
    }
}

#[test]
fn a_token_that_expires_in_the_middle_is_renewed_once_and_nothing_is_lost() {
    let rig = Rig::new();
    many(&rig, 60);
    // One upload finds out; what runs beside it must not renew for itself.
    for operation in [
        "post_files_content",
        "options_files_content",
        "get_folders_id",
    ] {
        rig.cloud
            .inject(Fault::on(operation).skip(0).expired_token());
    }
    rig.once_ok().expect(&[("uploaded", 60)]);
    rig.expect_same_as_disk();
    assert!(
        rig.calls("post_oauth2_token") <= 4,
        "{}",
        rig.calls("post_oauth2_token")
    );
}

#[test]
fn eight_workers_that_are_refused_at_once_renew_once() {
    let rig = Rig::new();
    many(&rig, 40);
    let hold = box_emulator::Effect::HoldBefore;
    rig.cloud
        .inject(Fault::on("post_files_content").times(8).effect(hold));
    let run = rig.begin();
    let all_wait = rig
        .cloud
        .wait_for(|cloud| cloud.held() == 8, crate::rig::PATIENCE);
    assert!(all_wait, "{} wait", rig.cloud.held());
    rig.cloud.expire_tokens();
    rig.cloud.release_holds();
    let run = crate::rig::Run::of(run.finish());
    run.expect_code(0);
    run.expect(&[("uploaded", 40)]);
    assert_eq!(rig.calls("post_oauth2_token"), 2);
    assert_eq!(rig.cloud.count_status("post_files_content", 401), 8);
    rig.expect_same_as_disk();
}

#[test]
fn tokens_that_live_a_second_are_enough() {
    let rig = Rig::with(|builder| builder.token_ttl(Duration::from_secs(1)));
    many(&rig, 30);
    let slow = Duration::from_millis(120);
    rig.cloud
        .inject(Fault::on("options_files_content").forever().delay(slow));
    rig.cloud
        .inject(Fault::on("post_files_content").times(4).delay(10 * slow));
    rig.once_ok().expect(&[("uploaded", 30)]);
    rig.expect_same_as_disk();
    assert!(rig.calls("post_oauth2_token") >= 2);
}

#[test]
fn a_token_that_is_refused_again_right_after_its_renewal_ends_the_run() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.txt", "b");
    rig.cloud
        .inject(Fault::on("post_files_content").forever().expired_token());
    let run = rig.once();
    run.expect_code(77);
    assert!(rig.cloud.count_status("post_files_content", 401) <= 4);
    assert_eq!(run.count("pending"), 2, "{run}");
    rig.cloud.clear_faults();
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn the_token_endpoint_may_stumble() {
    for fault in [
        Fault::on("post_oauth2_token").status(503, "temporarily_unavailable"),
        Fault::on("post_oauth2_token").drop_before(),
        Fault::on("post_oauth2_token").drop_after(),
        Fault::on("post_oauth2_token").effect(box_emulator::Effect::Html { status: 502 }),
        Fault::on("post_oauth2_token").effect(box_emulator::Effect::TruncatedJson),
    ] {
        let rig = Rig::new();
        rig.cloud.inject(fault.clone());
        rig.write("a.txt", "a");
        let run = rig.once();
        assert_eq!(run.code, 0, "{fault:?}: {run}");
        rig.expect_same_as_disk();
    }
}

#[test]
fn a_user_of_the_enterprise_can_be_acted_for() {
    let mut rig = Rig::new();
    let user = rig.cloud.colleague_id();
    let folder = rig
        .cloud
        .foreign_folder("Theirs", box_emulator::Access::None);
    rig.config.replace(
        "enterprise_id = \"877840855\"",
        &format!("user_id = \"{user}\""),
    );
    let rig = rig.folder_id(&folder);
    rig.write("a.txt", "a").once_ok();
    rig.expect_box_in(&folder, ["a.txt: a"]);
}
