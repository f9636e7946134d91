//! Answers that say something else than they should.

use serde_json::{Value, json};

use crate::wire::{Content, Reply};

/// Sets a field, wherever the pointer leads, or takes it out.
pub(super) fn set(reply: &mut Reply, at: &str, value: Option<&Value>) {
    let Content::Json(whole) = &mut reply.content else {
        return;
    };
    let Some((above, name)) = at.rsplit_once('/') else {
        return;
    };
    match whole.pointer_mut(above) {
        Some(Value::Object(fields)) => match value {
            Some(value) => {
                fields.insert(name.to_owned(), value.clone());
            }
            None => {
                fields.remove(name);
            }
        },
        Some(other) => {
            let (place, value) = (format!("/{name}"), value.cloned().unwrap_or_default());
            if let Some(inside) = other.pointer_mut(&place) {
                *inside = value;
            }
        }
        None => {}
    }
}

/// Gives every URL another scheme, host and port; the path stays.
pub(super) fn lead_elsewhere(reply: &mut Reply, origin: &str) {
    if let Content::Json(whole) = &mut reply.content {
        redirect_all(whole, origin);
    }
    for (name, value) in &mut reply.headers {
        if name == "location" {
            move_to(value, origin);
        }
    }
}

fn redirect_all(value: &mut Value, origin: &str) {
    match value {
        Value::String(text) => move_to(text, origin),
        Value::Array(all) => all.iter_mut().for_each(|one| redirect_all(one, origin)),
        Value::Object(all) => all.values_mut().for_each(|one| redirect_all(one, origin)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn move_to(url: &mut String, origin: &str) {
    let rest = ["https://", "http://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let Some(rest) = rest else {
        return;
    };
    let path = rest.find('/').and_then(|at| rest.get(at..));
    *url = format!("{origin}{}", path.unwrap_or_default());
}

/// Puts useless bytes into a JSON object, before all else.
pub(super) fn bloat(reply: &mut Reply, bytes: u64) {
    let whole = match &reply.content {
        Content::Json(Value::Object(fields)) if !fields.is_empty() => json!(fields).to_string(),
        _ => "{\"-\":0}".to_owned(),
    };
    reply.content = Content::Bloated {
        bytes,
        rest: format!("\",{}", whole.trim_start_matches('{')),
    };
}

/// Adds useless headers.
pub(super) fn add_headers(reply: &mut Reply, count: u32) {
    let useless = (0..count).map(|number| (format!("x-useless-{number}"), "-".to_owned()));
    reply.headers.extend(useless);
}

/// Tells another SHA-1.
pub(super) fn wrong_sha1(reply: &mut Reply) {
    alter(reply, |item| {
        let wrong = json!("f".repeat(40));
        for place in ["/sha1", "/file_version/sha1"] {
            if let Some(sha1) = item.pointer_mut(place) {
                *sha1 = wrong.clone();
            }
        }
    });
}

/// Tells another size.
pub(super) fn wrong_size(reply: &mut Reply) {
    alter(reply, |item| {
        if let Some(size) = item.get_mut("size") {
            *size = json!(size.as_u64().unwrap_or_default() + 1);
        }
    });
}

/// Tells another name.
pub(super) fn wrong_name(reply: &mut Reply) {
    alter(reply, |item| {
        if let Some(name) = item.get_mut("name") {
            *name = json!(format!("{} (1)", name.as_str().unwrap_or_default()));
        }
    });
}

/// Changes the item in a reply: alone, in a list of one, or a part's record.
fn alter(reply: &mut Reply, change: fn(&mut Value)) {
    if let Content::Json(value) = &mut reply.content {
        let inside = ["/entries/0", "/part"];
        let place = inside
            .into_iter()
            .find(|place| value.pointer(place).is_some());
        if let Some(item) = value.pointer_mut(place.unwrap_or_default()) {
            change(item);
        }
    }
}
