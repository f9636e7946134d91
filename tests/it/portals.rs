//! Somebody else answers in Box's place: login pages of hotels, redirects, addresses of
//! strangers. Nothing of it is success, and nothing goes to strangers.

use crate::rig::{Act, Middle, Plot, Rig, each, until};
use box_emulator::Fault;

const PAGE: &str = "<html><head><title>Welcome</title></head><body>Log in</body></html>";

fn answer(head: &str) -> Vec<u8> {
    let length = PAGE.len();
    format!(
        "HTTP/1.1 {head}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{PAGE}"
    )
    .into_bytes()
}

/// What hotels and trains say to everything.
fn portals() -> [Vec<u8>; 3] {
    [
        answer("200 OK"),
        answer("302 Found\r\nLocation: http://192.0.2.1/login"),
        answer("511 Network Authentication Required"),
    ]
}

#[track_caller]
fn stand_in_the_way(middle: &Middle, to: &'static str, portal: &[u8]) {
    middle.plot(Plot::always(to, Act::Say(portal.to_vec())));
}

#[test]
fn a_login_page_is_no_answer_and_the_service_goes_on_when_it_is_gone() {
    // From the start, and where the token was had before.
    let cases = portals();
    let cases = cases
        .iter()
        .flat_map(|portal| [("HTTP/1.1", portal), (" /2.0/", portal)]);
    each(&cases.collect::<Vec<_>>(), |(to, portal)| {
        let (rig, middle) = Rig::behind();
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        stand_in_the_way(&middle, to, portal);
        let dry = rig.sync(&["--once", "--dry-run"]);
        dry.expect_code(69);
        let before = middle.struck();
        let service = rig.start();
        until("it tries again", || middle.struck() >= before + 3);
        let status = service.status(&rig);
        assert_eq!(status["mirrors"][0]["last_pass"], serde_json::Value::Null);
        assert_eq!(rig.writes(), 0);
        middle.relent();
        service.wait_ok(&rig);
        rig.expect_same_as_disk();
        service.end();
    });
}

#[test]
fn no_redirect_is_followed_whatever_it_is_called() {
    let operations = [
        "post_oauth2_token",
        "get_users_me",
        "get_folders_id",
        "get_folders_id_items",
        "options_files_content",
        "post_files_content",
        "post_folders",
    ];
    let cases = operations
        .iter()
        .flat_map(|operation| [301, 303, 307].map(|status| (*operation, status)));
    each(&cases.collect::<Vec<_>>(), |(operation, status)| {
        let elsewhere = Rig::new();
        let rig = Rig::new();
        rig.write("sub/a.txt", "a");
        let to = format!("http://localhost:{}/2.0/users/me", elsewhere.cloud.port());
        let fault = Fault::on(operation).status(*status, "moved");
        rig.cloud.inject(fault.header("location", &to));
        let run = rig.once_ok();
        assert_eq!(rig.cloud.faults_left(), 0, "{run}");
        assert_eq!(elsewhere.cloud.total_requests(), 0, "{run}");
        rig.expect_same_as_disk();
    });
}

#[test]
fn content_goes_to_no_strangers_address() {
    let addresses = [
        "http://192.0.2.1/api/2.0",
        "http://upload.box.com/api/2.0",
        "https://upload.box.com.evil.test/api/2.0",
        "https://upload-box.com/api/2.0",
        "https://me@upload.box.com/api/2.0",
        "ftp://upload.box.com/api/2.0",
        "//upload.box.com/api/2.0",
    ];
    each(&addresses, |address| {
        let rig = Rig::with(|builder| builder.upload_base(*address));
        rig.write("a.txt", "a");
        for _ in 0..2 {
            let run = rig.once();
            run.expect_code(1);
            let event = run.expect_event("a.txt", "parked foreign_upload_url");
            assert!(event["message"].to_string().contains("address"), "{event}");
        }
        assert_eq!(rig.writes(), 0);
        rig.expect_box([]);
    });
}
