#!/usr/bin/env python3
"""Box's official Python SDK against a running emulator.

    cargo run --example box_emulator -- --port 8400
    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python sdk.py http://127.0.0.1:8400

Credentials are the emulator's defaults, or --client-id, --client-secret and
--enterprise-id. The checks of JWT need --jwt URL of an emulator with `--app jwt`,
--jwt-key FILE with the private key, --jwt-key-id and, in SDK_PASSPHRASE, its
passphrase; those of OAuth 2.0 need --oauth URL of one with `--app oauth2`.
Prints one line per check, exits 1 if one fails.
"""

import argparse
import base64
import hashlib
import html.parser
import io
import json
import os
import random
import sys
import traceback
import urllib.error
import urllib.parse
import urllib.request

from box_sdk_gen import (
    BoxClient,
    BoxJWTAuth,
    BoxOAuth,
    CreateFolderParent,
    GetAuthorizeUrlOptions,
    JWTConfig,
    JwtAlgorithm,
    OAuthConfig,
    UpdateFileByIdLock,
    UpdateFileByIdParent,
    UpdateFolderByIdParent,
    UploadFileAttributes,
    UploadFileAttributesParentField,
    UploadWithPreflightCheckAttributes,
    UploadWithPreflightCheckAttributesParentField,
)

import sdk_moves  # noqa: F401, it adds its checks
from sdk_box import CHECKS, WHEN, Box, Skipped, check, refused, session, sha1


@check
def users_me(box):
    me = box.client.users.get_user_me()
    assert me.login.endswith("@boxdevedition.com"), me.login
    assert me.space_amount > 0 and me.max_upload_size > 0 and me.status.value == "active"
    only = box.client.users.get_user_me(fields=["enterprise"])
    assert only.enterprise.id == box.options.enterprise_id and only.login is None


@check
def wrong_secret(box):
    stranger = box.connect("no such secret")
    refused(400, None, stranger.users.get_user_me)


@check
def root_folder(box):
    root = box.client.folders.get_folder_by_id("0")
    assert (root.id, root.name, root.etag, root.parent) == ("0", "All Files", None, None)
    assert root.item_collection.limit == 100


@check
def folder_create_get_update_delete(box):
    made = box.client.folders.create_folder("Sub", CreateFolderParent(id=box.folder))
    assert (made.etag, made.sequence_id, made.size) == ("0", "0", 0)
    assert made.item_collection.total_count == 0 and made.item_status.value == "active"
    got = box.client.folders.get_folder_by_id(made.id, fields=["permissions", "name"])
    assert got.permissions.can_upload and got.name == "Sub" and got.size is None
    renamed = box.client.folders.update_folder_by_id(made.id, name="Renamed", if_match="0")
    assert renamed.name == "Renamed" and renamed.etag == "1"
    other = box.make("Other", box.folder)
    moved = box.client.folders.update_folder_by_id(
        made.id, parent=UpdateFolderByIdParent(id=other)
    )
    assert moved.parent.id == other
    refused(
        403,
        "operation_limit_exceeded",
        lambda: box.client.folders.update_folder_by_id(
            made.id, name="Both", parent=UpdateFolderByIdParent(id=box.folder)
        ),
    )
    delete = box.client.folders.delete_folder_by_id
    refused(400, "folder_not_empty", lambda: delete(other))
    refused(412, "precondition_failed", lambda: delete(other, if_match="77", recursive=True))
    delete(other, recursive=True)
    refused(404, "trashed", lambda: box.client.folders.get_folder_by_id(made.id))


@check
def folder_conflict_is_an_array(box):
    made = box.make("Photos", box.folder)
    info = refused(409, "item_name_in_use", lambda: box.make("photos", box.folder))
    conflicts = info.body["context_info"]["conflicts"]
    assert conflicts[0]["id"] == made and conflicts[0]["name"] == "Photos"


@check
def invalid_names(box):
    info = refused(400, "item_name_invalid", lambda: box.make("a/b", box.folder))
    assert isinstance(info.body["context_info"], str)
    refused(400, "item_name_too_long", lambda: box.make("x" * 256, box.folder))
    refused(400, "item_name_invalid", lambda: box.put("trailing ", b""))


@check
def listing_by_offset(box):
    folder = box.make("Offset", box.folder)
    for number in range(5):
        box.make(f"f{number}", folder)
    page = box.client.folders.get_folder_items(folder, limit=2, offset=2)
    assert [entry.name for entry in page.entries] == ["f2", "f3"]
    assert (page.total_count, page.limit, page.offset) == (5, 2, 2)
    assert [order.by for order in page.order] == ["type", "name"]


@check
def listing_by_marker(box):
    folder = box.make("Marker", box.folder)
    for number in range(5):
        box.make(f"f{number}", folder)
    names, marker = [], None
    while True:
        page = box.client.folders.get_folder_items(
            folder, usemarker=True, limit=2, marker=marker, fields=["name"]
        )
        assert page.total_count is None
        names += [entry.name for entry in page.entries]
        marker = page.next_marker
        if not marker:
            break
    assert names == ["f0", "f1", "f2", "f3", "f4"]


@check
def listing_with_a_bad_marker(box):
    items = box.client.folders.get_folder_items
    refused(400, "bad_request", lambda: items(box.folder, usemarker=True, marker="zzz"))


@check
def upload(box):
    content = b"hello" * 1000
    file = box.put("new.txt", content, content_md_5=sha1(content))
    assert (file.name, file.size, file.sha_1) == ("new.txt", len(content), sha1(content))
    assert (file.etag, file.sequence_id) == ("0", "0")
    assert file.content_modified_at == WHEN and file.content_created_at == WHEN
    assert file.parent.id == box.folder and file.item_status.value == "active"
    assert [crumb.id for crumb in file.path_collection.entries] == ["0", box.folder]
    got = box.client.files.get_file_by_id(file.id)
    assert got.sha_1 == file.sha_1 and got.file_version.id == file.file_version.id


@check
def upload_of_nothing(box):
    assert box.put("empty", b"").size == 0


@check
def upload_with_a_wrong_digest(box):
    refused(400, "bad_digest", lambda: box.put("bad", b"x", content_md_5="0" * 40))


@check
def upload_conflict_is_an_object(box):
    file = box.put("Taken.txt", b"1")
    info = refused(409, "item_name_in_use", lambda: box.put("TAKEN.txt", b"2"))
    conflict = info.body["context_info"]["conflicts"]
    assert conflict["id"] == file.id and conflict["sha1"] == sha1(b"1")


@check
def preflight(box):
    answer = box.preflight("free.txt", 10)
    assert "upload_session_id=" in answer.upload_url and answer.upload_token is None
    file = box.put("preflight.txt", b"1")
    info = refused(409, "item_name_in_use", lambda: box.preflight("Preflight.TXT", 10))
    conflict = info.body["context_info"]["conflicts"]
    assert conflict["id"] == file.id and conflict["file_version"]["sha1"] == sha1(b"1")
    refused(404, "not_found", lambda: box.preflight("x", 1, parent="4711"))
    refused(400, "bad_request", lambda: box.preflight("x", -1))
    refused(403, "file_size_limit_exceeded", lambda: box.preflight("x", 10**13))


@check
def upload_with_preflight_check(box):
    attributes = UploadWithPreflightCheckAttributes(
        name="checked.txt",
        parent=UploadWithPreflightCheckAttributesParentField(id=box.folder),
        size=3,
    )
    files = box.client.uploads.upload_with_preflight_check(attributes, io.BytesIO(b"abc"))
    assert files.entries[0].sha_1 == sha1(b"abc")


@check
def versions(box):
    file = box.put("versions.txt", b"one")
    second = box.put_version(
        file.id, "versions.txt", b"two", if_match=file.etag, content_md_5=sha1(b"two")
    )
    assert second.id == file.id and second.etag == "1" and second.sha_1 == sha1(b"two")
    assert second.file_version.id != file.file_version.id
    stale = lambda: box.put_version(file.id, "versions.txt", b"no", if_match="0")
    refused(412, "precondition_failed", stale)
    third = box.put_version(file.id, "renamed.txt", b"three")
    assert third.name == "renamed.txt"
    past = box.client.file_versions.get_file_versions(file.id)
    assert [entry.sha_1 for entry in past.entries] == [sha1(b"two"), sha1(b"one")]
    assert past.total_count == 2 and past.entries[1].id == file.file_version.id


def some_bytes(size, seed):
    """No two parts of it are equal."""
    return random.Random(seed).randbytes(size)


@check
def chunked_upload(box):
    """The SDK's own loop: session, parts one after the other, list, commit."""
    content = some_bytes(21 * 1024 * 1024 + 5, 1)
    file = box.client.chunked_uploads.upload_big_file(
        io.BytesIO(content), "big.bin", len(content), box.folder
    )
    assert (file.size, file.sha_1) == (len(content), sha1(content)), file
    assert box.client.files.get_file_by_id(file.id).etag == "0"


def chunked_version(box, file_id, content, **commit):
    """A version in parts, step by step as the SDK names them."""
    chunked = box.client.chunked_uploads
    session = chunked.create_file_upload_session_for_existing_file(file_id, len(content))
    assert session.total_parts == -(-len(content) // session.part_size), session
    for start in range(0, len(content), session.part_size):
        part = content[start : start + session.part_size]
        digest = base64.b64encode(hashlib.sha1(part).digest()).decode()
        last = start + len(part) - 1
        sent = chunked.upload_file_part_by_url(
            session.session_endpoints.upload_part,
            io.BytesIO(part),
            f"sha={digest}",
            f"bytes {start}-{last}/{len(content)}",
        )
        assert (sent.part.offset, sent.part.sha_1) == (start, sha1(part)), sent
    parts = chunked.get_file_upload_session_parts_by_url(
        session.session_endpoints.list_parts
    ).entries
    digest = base64.b64encode(hashlib.sha1(content).digest()).decode()
    return session, lambda: chunked.create_file_upload_session_commit_by_url(
        session.session_endpoints.commit, parts, f"sha={digest}", **commit
    )


@check
def chunked_version_and_its_precondition(box):
    old = box.put("versioned.bin", b"small")
    content = some_bytes(20 * 1024 * 1024, 2)
    _, commit = chunked_version(box, old.id, content, if_match="7")
    refused(412, "precondition_failed", commit)
    _, commit = chunked_version(box, old.id, content, if_match=old.etag)
    file = commit().entries[0]
    assert (file.id, file.sha_1) == (old.id, sha1(content)), file
    assert box.client.file_versions.get_file_versions(old.id).total_count == 1


@check
def chunked_upload_given_up(box):
    chunked = box.client.chunked_uploads
    session = chunked.create_file_upload_session(box.folder, 20 * 1024 * 1024, "gone.bin")
    chunked.delete_file_upload_session_by_url(session.session_endpoints.abort)
    refused(404, "not_found", lambda: chunked.get_file_upload_session_by_id(session.id))


@check
def chunked_upload_refusals(box):
    chunked = box.client.chunked_uploads
    small = lambda: chunked.create_file_upload_session(box.folder, 1000, "small.bin")
    refused(400, "file_size_too_small", small)
    box.put("taken.bin", b"x")
    size = 20 * 1024 * 1024
    taken = lambda: chunked.create_file_upload_session(box.folder, size, "taken.bin")
    info = refused(409, "item_name_in_use", taken)
    assert info.context_info["conflicts"]["name"] == "taken.bin", info.context_info
    lost = lambda: chunked.create_file_upload_session("999999999", size, "a.bin")
    refused(404, "invalid_parameter", lost)


@check
def download(box):
    content = bytes(range(256)) * 1000
    file = box.put("download.bin", content)
    downloads = box.client.downloads
    assert downloads.download_file(file.id).read() == content
    part = downloads.download_file(file.id, range="bytes=10-19").read()
    assert part == content[10:20]
    assert downloads.get_download_file_url(file.id).startswith(box.options.base)


@check
def file_update_and_lock(box):
    file = box.put("update.txt", b"1")
    renamed = box.client.files.update_file_by_id(
        file.id, name="updated.txt", description="d", if_match="0"
    )
    assert (renamed.name, renamed.description, renamed.etag) == ("updated.txt", "d", "1")
    other = box.make("Target", box.folder)
    moved = box.client.files.update_file_by_id(
        file.id, parent=UpdateFileByIdParent(id=other), if_match="0"
    )
    assert moved.parent.id == other
    lock = UpdateFileByIdLock(access="lock")
    locked = box.client.files.update_file_by_id(file.id, lock=lock, fields=["lock"])
    assert locked.lock.created_by.login.endswith("@boxdevedition.com")
    assert locked.name is None


@check
def trash_and_restore(box):
    file = box.put("trash.txt", b"1")
    box.client.files.delete_file_by_id(file.id)
    refused(404, "trashed", lambda: box.client.files.get_file_by_id(file.id))
    gone = box.client.trashed_files.get_trashed_file_by_id(file.id)
    assert gone.item_status.value == "trashed" and gone.purged_at > gone.trashed_at
    back = box.client.trashed_files.restore_file_from_trash(file.id)
    assert back.item_status.value == "active" and back.id == file.id
    purge = box.client.trashed_files.delete_trashed_file_by_id
    refused(404, "not_trashed", lambda: purge(file.id))
    box.client.files.delete_file_by_id(file.id)
    purge(file.id)
    refused(404, "not_found", lambda: box.client.files.get_file_by_id(file.id))


@check
def missing_and_malformed_ids(box):
    info = refused(404, "not_found", lambda: box.client.files.get_file_by_id("4711"))
    message = info.body["context_info"]["errors"][0]["message"]
    assert "'f_4711'" in message, message
    malformed = lambda: box.client.files.get_file_by_id("abc")
    refused(405, "method_not_allowed", malformed)


def upload_to(client, folder, name):
    attributes = UploadFileAttributes(
        name=name, parent=UploadFileAttributesParentField(id=folder)
    )
    return client.uploads.upload_file(attributes, io.BytesIO(b"1")).entries[0]


@check
def downscoped_token(box):
    inside = box.make("Inside", box.folder)
    file = box.put("outside.txt", b"1")
    url = f"https://api.box.com/2.0/folders/{inside}"
    auth = box.client.auth
    token = auth.downscope_token(
        ["item_upload", "base_upload"],
        resource=url,
        network_session=session(box.options.base),
    )
    assert token.refresh_token is None and token.token_type.value == "bearer"
    assert token.issued_token_type.endswith(":access_token")
    assert [entry.scope.value for entry in token.restricted_to] == ["item_upload", "base_upload"]
    assert token.restricted_to[0].object.id == inside
    small = box.with_token(token)
    made = upload_to(small, inside, "new.txt")
    assert small.folders.get_folder_items(inside).entries[0].id == made.id
    for call in (
        lambda: upload_to(small, box.folder, "no.txt"),
        lambda: small.folders.get_folder_by_id(box.folder),
        lambda: small.files.get_file_by_id(file.id),
        lambda: small.files.delete_file_by_id(made.id),
    ):
        refused(403, "insufficient_scope", call)
    missing = "https://api.box.com/2.0/folders/4711"
    refused(
        400,
        None,
        lambda: auth.downscope_token(
            ["item_upload"], resource=missing, network_session=session(box.options.base)
        ),
    )


def colleague_of(box):
    """The id of the emulator's other account, which comes after one's own."""
    return str(int(box.client.users.get_user_me().id) + 1)


@check
def as_user(box):
    colleague = colleague_of(box)
    other = box.client.with_as_user_header(colleague)
    assert other.users.get_user_me().id == colleague
    assert other.folders.get_folder_by_id("0").name == "All Files"
    refused(404, "not_found", lambda: other.folders.get_folder_by_id(box.folder))
    nobody = box.client.with_as_user_header("4711")
    info = refused(404, "not_found", nobody.users.get_user_me)
    assert info.body["message"] == "On-Behalf-Of User not found"
    assert info.body["context_info"]["invalid_user_id"]["id"] == "4711"
    itself = box.client.with_as_user_header(box.client.users.get_user_me().id)
    refused(403, "insufficient_scope", itself.users.get_user_me)


def jwt_config(options):
    """The app's file in the shape that Box's console hands out."""
    if not options.jwt:
        raise Skipped("no --jwt")
    with open(options.jwt_key, encoding="ascii") as file:
        key = file.read()
    assert "BEGIN ENCRYPTED PRIVATE KEY" in key
    app = {
        "clientID": options.client_id,
        "clientSecret": options.client_secret,
        "appAuth": {
            "publicKeyID": options.jwt_key_id,
            "privateKey": key,
            "passphrase": os.environ["SDK_PASSPHRASE"],
        },
    }
    text = json.dumps({"boxAppSettings": app, "enterpriseID": options.enterprise_id})
    return JWTConfig.from_config_json_string(text)


@check
def jwt(box):
    base = box.options.jwt
    for algorithm in (JwtAlgorithm.RS256, JwtAlgorithm.RS384, JwtAlgorithm.RS512):
        config = jwt_config(box.options)
        config.algorithm = algorithm
        client = BoxClient(BoxJWTAuth(config), network_session=session(base))
        me = client.users.get_user_me()
        assert me.login.endswith("@boxdevedition.com"), me.login
    colleague = str(int(me.id) + 1)
    user = BoxJWTAuth(jwt_config(box.options)).with_user_subject(colleague)
    client = BoxClient(user, network_session=session(base))
    assert client.users.get_user_me().id == colleague


@check
def jwt_refusals(box):
    def refusal(change, text):
        config = jwt_config(box.options)
        change(config)
        client = BoxClient(BoxJWTAuth(config), network_session=session(box.options.jwt))
        info = refused(400, None, client.users.get_user_me)
        assert text in info.body["error_description"], info.body

    refusal(lambda config: setattr(config, "jwt_key_id", "old"), "'kid' invalid")
    refusal(lambda config: setattr(config, "client_secret", "no"), "client credentials")
    refusal(lambda config: setattr(config, "enterprise_id", "1"), "'sub' claim")


class Inputs(html.parser.HTMLParser):
    """A page's form: where it goes and what is in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            assert attributes["method"] == "post"
            self.action = attributes["action"]
        if tag == "input":
            self.fields[attributes["name"]] = attributes["value"]


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def press(base, url, button):
    """Opens the authorize page and presses a button; returns the redirect's query."""
    with urllib.request.urlopen(url) as answer:
        assert answer.headers.get_content_type() == "text/html"
        form = Inputs(answer.read().decode())
    form.fields["consent"] = button
    body = urllib.parse.urlencode(form.fields).encode()
    try:
        urllib.request.build_opener(Stay).open(urllib.parse.urljoin(base, form.action), body)
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer.code
        location = urllib.parse.urlsplit(answer.headers["Location"])
        assert location._replace(query="").geturl() == "http://127.0.0.1:8459/callback"
        return dict(urllib.parse.parse_qsl(location.query))
    raise AssertionError("no redirect")


@check
def oauth(box):
    base = box.options.oauth
    if not base:
        raise Skipped("no --oauth")
    way = session(base)
    config = OAuthConfig(box.options.client_id, box.options.client_secret)
    auth = BoxOAuth(config)
    options = GetAuthorizeUrlOptions(
        redirect_uri="http://127.0.0.1:8459/callback", state="st ate"
    )
    url = auth.get_authorize_url(options=options).replace("https://account.box.com", base)
    denied = press(base, url, "deny")
    assert denied["error"] == "access_denied" and denied["state"] == "st ate"
    granted = press(base, url, "grant")
    assert granted["state"] == "st ate"
    code = lambda: auth.get_tokens_authorization_code_grant(
        granted["code"], network_session=way
    )
    first = code()
    client = BoxClient(auth, network_session=way)
    assert client.users.get_user_me().login == "colleague@example.com"
    second = auth.refresh_token(network_session=way)
    assert second.refresh_token != first.refresh_token
    client.users.get_user_me()
    refused(400, None, code)
    auth.token_storage.store(first)
    info = refused(400, None, lambda: auth.refresh_token(network_session=way))
    assert info.body["error_description"] == "Invalid refresh token"
    auth.token_storage.store(second)
    auth.revoke_token(network_session=way)
    info = refused(400, None, client.users.get_user_me)
    assert info.body["error"] == "invalid_grant"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", metavar="BASE_URL")
    parser.add_argument("--client-id", default="emulated-client")
    parser.add_argument("--client-secret", default="emulated-secret")
    parser.add_argument("--enterprise-id", default="877840855")
    parser.add_argument("--jwt", metavar="BASE_URL")
    parser.add_argument("--jwt-key", metavar="FILE")
    parser.add_argument("--jwt-key-id", default="sdk-key")
    parser.add_argument("--oauth", metavar="BASE_URL")
    options = parser.parse_args()
    options.base = options.base.rstrip("/")
    box = Box(options)
    failed = skipped = 0
    for function in CHECKS:
        try:
            function(box)
            print(f"ok      {function.__name__}")
        except Skipped as why:
            skipped += 1
            print(f"skipped {function.__name__}: {why}")
        except Exception:
            failed += 1
            print(f"FAILED  {function.__name__}")
            traceback.print_exc()
    box.client.folders.delete_folder_by_id(box.folder, recursive=True)
    passed = len(CHECKS) - failed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
