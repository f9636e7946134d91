"""The checks of what moves, goes into the trash, comes back and is copied."""

from box_sdk_gen import (
    AddShareLinkToFileSharedLink,
    AddShareLinkToFileSharedLinkAccessField,
    CopyFileParent,
    CopyFolderParent,
    PromoteFileVersionType,
    RestoreFileFromTrashParent,
    UpdateFileByIdParent,
    UpdateFolderByIdParent,
    create_null,
)

from sdk_box import WHEN, check, refused, sha1


def names(box, folder):
    return [entry.name for entry in box.client.folders.get_folder_items(folder).entries]


@check
def rename_keeps_the_file(box):
    file = box.put("name.txt", b"1")
    update = box.client.files.update_file_by_id
    renamed = update(file.id, name="NAME.txt", if_match=file.etag)
    assert (renamed.id, renamed.name, renamed.etag) == (file.id, "NAME.txt", "1")
    assert renamed.sequence_id == "1" and renamed.content_modified_at == WHEN
    assert renamed.file_version.id == file.file_version.id
    refused(412, "precondition_failed", lambda: update(file.id, name="x.txt", if_match="0"))
    taken = box.put("taken name.txt", b"2")
    info = refused(409, "item_name_in_use", lambda: update(file.id, name="TAKEN name.txt"))
    assert info.body["context_info"]["conflicts"]["id"] == taken.id
    refused(400, "item_name_invalid", lambda: update(file.id, name="a\\b"))
    refused(400, "item_name_too_long", lambda: update(file.id, name="x" * 256))
    refused(404, "not_found", lambda: update("4711", name="x", if_match="0"))


@check
def file_move_with_a_new_name(box):
    target = box.make("move target", box.folder)
    file = box.put("mover.txt", b"1")
    parent = UpdateFileByIdParent(id=target)
    moved = box.client.files.update_file_by_id(
        file.id, name="moved.txt", parent=parent, if_match="77"
    )
    assert (moved.id, moved.name, moved.parent.id) == (file.id, "moved.txt", target)
    crumbs = [crumb.id for crumb in moved.path_collection.entries]
    assert crumbs == ["0", box.folder, target]
    assert moved.etag == "1" and names(box, target) == ["moved.txt"]


@check
def folder_move_and_case_rename(box):
    target = box.make("folder target", box.folder)
    folder = box.make("mover", box.folder)
    inside = box.make("inside", folder)
    update = box.client.folders.update_folder_by_id
    renamed = update(folder, name="MOVER", if_match="0")
    assert (renamed.id, renamed.name, renamed.etag) == (folder, "MOVER", "1")
    moved = update(folder, parent=UpdateFolderByIdParent(id=target), if_match="0")
    assert (moved.parent.id, moved.etag) == (target, "2")
    below = box.client.folders.get_folder_by_id(inside)
    crumbs = [crumb.id for crumb in below.path_collection.entries]
    assert crumbs == ["0", box.folder, target, folder] and below.etag == "0"
    cycle = lambda: update(target, parent=UpdateFolderByIdParent(id=inside))
    refused(400, "cyclical_folder_structure", cycle)
    taken = box.make("mover", box.folder)
    back = lambda: update(folder, parent=UpdateFolderByIdParent(id=box.folder))
    info = refused(409, "item_name_in_use", back)
    assert info.body["context_info"]["conflicts"][0]["id"] == taken


@check
def shared_link_survives(box):
    file = box.put("shared.txt", b"1")
    links = box.client.shared_links_files
    link = AddShareLinkToFileSharedLink(access=AddShareLinkToFileSharedLinkAccessField.COMPANY)
    shared = links.add_share_link_to_file(file.id, "shared_link", shared_link=link)
    url = shared.shared_link.url
    assert shared.shared_link.effective_access.value == "company"
    box.client.files.update_file_by_id(file.id, name="still shared.txt")
    box.put_version(file.id, "still shared.txt", b"2")
    got = links.get_shared_link_for_file(file.id, "shared_link").shared_link
    assert got.url == url and got.download_count == 0
    gone = links.remove_shared_link_from_file(
        file.id, "shared_link", shared_link=create_null()
    )
    assert gone.shared_link is None
    tagged = box.client.files.update_file_by_id(file.id, tags=["a"], fields=["tags"])
    assert tagged.tags == ["a"]


def in_trash(box, **page):
    return box.client.trashed_items.get_trashed_items(limit=1000, **page).entries


@check
def trash_list(box):
    folder = box.make("thrown away", box.folder)
    file = box.put("thrown away.txt", b"1")
    box.client.folders.delete_folder_by_id(folder, recursive=True)
    box.client.files.delete_file_by_id(file.id, if_match="0")
    listed = {(entry.type.value, entry.id) for entry in in_trash(box)}
    assert {("folder", folder), ("file", file.id)} <= listed, listed
    marked = {(entry.type.value, entry.id) for entry in in_trash(box, usemarker=True)}
    assert marked == listed
    odd = lambda: in_trash(box, usemarker=True, offset=1)
    refused(400, "bad_request", odd)
    box.client.trashed_folders.delete_trashed_folder_by_id(folder)
    box.client.trashed_files.delete_trashed_file_by_id(file.id)
    left = {entry.id for entry in in_trash(box)}
    assert folder not in left and file.id not in left


@check
def deleted_things_are_refused(box):
    folder = box.make("gone", box.folder)
    box.client.folders.delete_folder_by_id(folder)
    file = box.put("gone.txt", b"1")
    box.client.files.delete_file_by_id(file.id)
    size = 20 * 1024 * 1024
    for call in (
        lambda: box.client.files.delete_file_by_id(file.id),
        lambda: box.client.files.update_file_by_id(file.id, name="x"),
        lambda: box.put_version(file.id, "gone.txt", b"2"),
        lambda: box.client.chunked_uploads.create_file_upload_session_for_existing_file(
            file.id, size
        ),
        lambda: box.client.folders.delete_folder_by_id(folder),
        lambda: box.client.folders.get_folder_items(folder),
        lambda: box.make("below", folder),
        lambda: box.preflight("a", 1, parent=folder),
        lambda: box.client.chunked_uploads.create_file_upload_session(folder, size, "a"),
        lambda: box.client.files.copy_file(file.id, CopyFileParent(id=box.folder)),
    ):
        refused(404, "trashed", call)


@check
def restore(box):
    folder = box.make("restored", box.folder)
    inside = box.make("inside", folder)
    box.client.folders.delete_folder_by_id(folder, recursive=True)
    trashed = box.client.trashed_folders
    gone = trashed.get_trashed_folder_by_id(folder)
    assert gone.item_status.value == "trashed" and gone.parent.id == box.folder
    assert gone.path_collection.entries[0].name == "Trash"
    refused(404, "not_found", lambda: trashed.get_trashed_folder_by_id(inside))
    taken = box.make("RESTORED", box.folder)
    info = refused(409, "item_name_in_use", lambda: trashed.restore_folder_from_trash(folder))
    assert info.body["context_info"]["conflicts"][0]["id"] == taken
    back = trashed.restore_folder_from_trash(folder, name="restored 2")
    assert (back.id, back.name, back.parent.id) == (folder, "restored 2", box.folder)
    assert names(box, folder) == ["inside"]
    refused(404, "not_trashed", lambda: trashed.restore_folder_from_trash(folder))


@check
def restore_elsewhere(box):
    """The parent counts only when the old one is gone."""
    home = box.make("old home", box.folder)
    other = box.make("new home", box.folder)
    file = box.put("homeless.txt", b"1")
    box.client.files.update_file_by_id(file.id, parent=UpdateFileByIdParent(id=home))
    restore = box.client.trashed_files.restore_file_from_trash
    parent = RestoreFileFromTrashParent(id=other)
    box.client.files.delete_file_by_id(file.id)
    assert restore(file.id, parent=parent).parent.id == home
    box.client.files.delete_file_by_id(file.id)
    box.client.folders.delete_folder_by_id(home)
    box.client.trashed_folders.delete_trashed_folder_by_id(home)
    back = restore(file.id, parent=parent)
    assert (back.id, back.parent.id) == (file.id, other)


@check
def version_deleted_restored_promoted(box):
    file = box.put("history.txt", b"one")
    first = file.file_version.id
    box.put_version(file.id, "history.txt", b"two")
    versions = box.client.file_versions
    one = versions.get_file_version_by_id(file.id, first)
    assert (one.sha_1, one.size, one.trashed_at) == (sha1(b"one"), 3, None)
    versions.delete_file_version_by_id(file.id, first)
    gone = versions.get_file_versions(file.id).entries[0]
    assert gone.id == first and gone.purged_at > gone.trashed_at
    back = versions.update_file_version_by_id(file.id, first, trashed_at=create_null())
    assert back.trashed_at is None
    newest = versions.promote_file_version(
        file.id, id=first, type=PromoteFileVersionType.FILE_VERSION
    )
    assert newest.id != first and newest.sha_1 == sha1(b"one")
    got = box.client.files.get_file_by_id(file.id)
    assert (got.file_version.id, got.etag) == (newest.id, "2")
    assert versions.get_file_versions(file.id).total_count == 2


@check
def copies(box):
    target = box.make("copies", box.folder)
    file = box.put("copied.txt", b"copy me")
    copy = box.client.files.copy_file
    made = copy(file.id, CopyFileParent(id=target), name="copy.txt")
    assert (made.name, made.sha_1, made.etag) == ("copy.txt", sha1(b"copy me"), "0")
    assert made.id != file.id and made.content_modified_at == WHEN
    here = lambda: copy(file.id, CopyFileParent(id=box.folder))
    info = refused(409, "item_name_in_use", here)
    assert info.body["context_info"]["conflicts"]["id"] == file.id
    folders = box.client.folders
    whole = folders.copy_folder(target, CopyFolderParent(id=box.folder), name="copies 2")
    assert names(box, whole.id) == ["copy.txt"] and whole.id != target
    again = lambda: folders.copy_folder(target, CopyFolderParent(id=box.folder))
    refused(409, "item_name_in_use", again)
