//! Contents: a redirect to a URL that needs no token, then the bytes.

use std::collections::HashMap;

use super::{Ctx, Outcome};
use crate::spool::Blob;
use crate::wire::{ApiError, Content, Reply};
use crate::world::Kind;

/// Box's URLs live for a quarter of an hour.
const LIFE: i64 = 15 * 60;

/// The download URLs handed out.
#[derive(Default)]
pub(crate) struct Downloads {
    open: HashMap<String, (Blob, i64)>,
}

/// `get_files_id_content`
pub(crate) fn get_files_id_content(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::File)?;
    ctx.need(id, |rights| rights.download)?;
    let file = ctx.item(id)?.file();
    let revisions = file.map_or(&[][..], |file| &file.revisions);
    let revision = match ctx.call.param("version") {
        None => revisions.last(),
        Some(version) => revisions
            .iter()
            .find(|revision| revision.id.to_string() == version),
    };
    let revision = revision.ok_or_else(|| ApiError::known(404, "not_found"))?;
    let blob = revision.blob.clone();
    let key = ctx.state.ids.hex(48);
    let location = match ctx.call.header("host") {
        Some("api.box.com") => format!("https://dl.boxcloud.com/dl/content/{key}"),
        Some(host) => format!("http://{host}/dl/content/{key}"),
        None => format!("/dl/content/{key}"),
    };
    let until = ctx.now + LIFE;
    ctx.state
        .downloads
        .open
        .retain(|_, (_, end)| *end > ctx.now);
    ctx.state.downloads.open.insert(key, (blob, until));
    Ok(Reply::empty(302).header("location", &location))
}

/// What `dl.boxcloud.com` does: the URL itself is the authorisation.
pub(crate) fn dl_boxcloud_content(ctx: &mut Ctx<'_>) -> Outcome {
    // On the loopback both hosts are one, and clients may keep the header.
    let elsewhere = ctx.call.header("host") == Some("dl.boxcloud.com");
    if elsewhere && ctx.call.header("authorization").is_some() {
        ctx.remark("the access token was sent to the download host");
    }
    let open = ctx.state.downloads.open.get(ctx.call.hole(0));
    let found = open.filter(|(_, until)| *until > ctx.now);
    let (blob, _) = found.ok_or_else(|| ApiError::known(404, "not_found"))?;
    let (blob, size) = (blob.clone(), blob.size);
    let Some(range) = ctx.call.header("range") else {
        return Ok(part(200, blob, 0, size));
    };
    match parse_range(range, size) {
        Some((from, to)) => {
            let told = format!("bytes {from}-{}/{size}", to - 1);
            Ok(part(206, blob, from, to).header("content-range", &told))
        }
        None => Ok(Reply::empty(416).header("content-range", &format!("bytes */{size}"))),
    }
}

fn part(status: u16, blob: Blob, from: u64, to: u64) -> Reply {
    let mut reply = Reply::empty(status).header("accept-ranges", "bytes");
    reply.content = Content::Stored { blob, from, to };
    reply
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n`, as a half-open range.
fn parse_range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from, to) {
        ("", last) => (size.saturating_sub(last.parse().ok()?), size),
        (first, "") => (first.parse().ok()?, size),
        (first, last) => {
            let last: u64 = last.parse().ok()?;
            (first.parse().ok()?, last.saturating_add(1).min(size))
        }
    };
    (from < to).then_some((from, to))
}
