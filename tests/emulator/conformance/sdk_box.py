"""What the checks of the SDK share: a client, a folder, a way to expect refusals."""

import hashlib
import io
import uuid
from datetime import datetime, timezone

from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxCCGAuth,
    BoxClient,
    BoxDeveloperTokenAuth,
    CCGConfig,
    CreateFolderParent,
    NetworkSession,
    PreflightFileUploadCheckParent,
    UploadFileAttributes,
    UploadFileAttributesParentField,
    UploadFileVersionAttributes,
)

CHECKS = []
WHEN = datetime(2024, 5, 1, 10, 0, 0, tzinfo=timezone.utc)


def check(function):
    CHECKS.append(function)
    return function


def sha1(content):
    return hashlib.sha1(content).hexdigest()


def refused(status, code, call):
    """The call must fail with this status and code; returns the body."""
    try:
        call()
    except BoxAPIError as error:
        info = error.response_info
        assert info.status_code == status, f"{info.status_code} instead of {status}"
        assert info.code == code, f"{info.code} instead of {code}"
        return info
    raise AssertionError(f"not refused, {status} {code} expected")


class Skipped(Exception):
    """What the check needs is not there."""


def session(base):
    """The SDK's way to an emulator."""
    urls = BaseUrls(
        base_url=base, upload_url=base + "/api", oauth_2_url=base + "/api/oauth2"
    )
    return NetworkSession(base_urls=urls)


class Box:
    """A client and the folder that the checks share."""

    def __init__(self, options):
        self.options = options
        self.client = self.connect(options.client_secret)
        self.folder = self.make("sdk " + uuid.uuid4().hex)

    def connect(self, secret):
        config = CCGConfig(
            client_id=self.options.client_id,
            client_secret=secret,
            enterprise_id=self.options.enterprise_id,
        )
        return BoxClient(BoxCCGAuth(config), network_session=session(self.options.base))

    def with_token(self, token):
        auth = BoxDeveloperTokenAuth(token=token.access_token)
        return BoxClient(auth, network_session=session(self.options.base))

    def make(self, name, parent="0"):
        return self.client.folders.create_folder(name, CreateFolderParent(id=parent)).id

    def put(self, name, content, **more):
        attributes = UploadFileAttributes(
            name=name,
            parent=UploadFileAttributesParentField(id=self.folder),
            content_created_at=WHEN,
            content_modified_at=WHEN,
        )
        files = self.client.uploads.upload_file(attributes, io.BytesIO(content), **more)
        return files.entries[0]

    def put_version(self, file_id, name, content, **more):
        attributes = UploadFileVersionAttributes(name=name)
        files = self.client.uploads.upload_file_version(
            file_id, attributes, io.BytesIO(content), **more
        )
        return files.entries[0]

    def preflight(self, name, size, parent=None):
        parent = PreflightFileUploadCheckParent(id=parent or self.folder)
        return self.client.uploads.preflight_file_upload_check(
            name=name, size=size, parent=parent
        )
