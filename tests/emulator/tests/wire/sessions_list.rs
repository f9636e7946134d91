//! How far a session is, and the list of its parts.

use serde_json::json;

use crate::chunked::{Opened, PART, client, content, small};
use crate::client::{Answer, Client};

fn page(client: &Client, session: &Opened, query: &str) -> Answer {
    client.session("GET", &format!("{}/parts{query}", session.id))
}

#[test]
fn lists_are_paged_by_entries() {
    let client = client();
    let bytes = content(4 * PART + 1);
    let session = client.open("a", bytes.len());
    let empty = page(&client, &session, "").ok(200);
    let order = json!([{"by": "type", "direction": "ASC"}]);
    let expected = json!({
        "entries": [], "total_count": 0, "limit": 1000, "offset": 0, "order": order,
    });
    assert_eq!(empty, expected);
    let mut all = Vec::new();
    for index in [3, 0, 4, 1] {
        let part = &bytes[index * PART..bytes.len().min((index + 1) * PART)];
        all.push(client.put(&session, index * PART, part).ok(200)["part"].clone());
    }
    all.sort_by_key(|part| part["offset"].as_u64());
    for (query, offset, limit, entries) in [
        ("", 0, 1000, &all[..]),
        ("?limit=2", 0, 2, &all[..2]),
        ("?offset=1&limit=2", 1, 2, &all[1..3]),
        ("?offset=3&limit=2", 3, 2, &all[3..]),
        ("?offset=4", 4, 1000, &[]),
        ("?offset=10000", 10_000, 1000, &[]),
        ("?limit=1001", 0, 1000, &all),
    ] {
        let page = page(&client, &session, query).ok(200);
        let expected = json!({
            "entries": entries, "total_count": 4, "limit": limit, "offset": offset, "order": order,
        });
        assert_eq!(page, expected, "{query}");
    }
    for query in [
        "?offset=10001",
        "?offset=-1",
        "?limit=x",
        "?limit=",
        "?offset=1.5",
    ] {
        page(&client, &session, query).refused(400, "bad_request");
    }
    assert_eq!(client.emulator.sessions()[0].listings, 8);
}

#[test]
fn a_page_has_a_thousand_parts_at_most() {
    let client = Client::with(small().part_size(1).start().unwrap());
    let session = client.open("a", 1001);
    for offset in 0..1001 {
        client.put(&session, offset, b"x").ok(200);
    }
    let first = page(&client, &session, "?limit=5000").ok(200);
    assert_eq!(
        (&first["limit"], &first["total_count"]),
        (&json!(1000), &json!(1001))
    );
    assert_eq!(first["entries"].as_array().unwrap().len(), 1000);
    let rest = page(&client, &session, "?offset=1000").ok(200);
    assert_eq!(rest["entries"][0]["offset"], 1000);
    assert_eq!(rest["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn the_status_counts_what_is_digested() {
    let client = client();
    let bytes = content(3 * PART);
    let session = client.open("a", bytes.len());
    // Parts that come early wait for those before them.
    for (index, processed) in [(1, 0), (0, 2), (2, 3)] {
        let at = index * PART;
        client.put(&session, at, &bytes[at..at + PART]).ok(200);
        let mut expected = session.object.clone();
        expected["num_parts_processed"] = json!(processed);
        assert_eq!(client.session("GET", &session.id).ok(200), expected);
    }
}
