//! Choosing a folder among those that the account can see.

use crate::agent::setup::{Failed, Guest, folder_name};
use crate::cli::init::draft::Folder;
use crate::cli::init::flags::{folder_id, folder_path};
use crate::cli::init::person::{Left, Person};
use crate::cli::wording::printable;
use crate::model::ids::FolderId;
use crate::remote::browse::Sight;

/// A line of the list.
enum Line {
    Use,
    Open(Sight),
    Up,
    New,
    Type,
    Own,
    Again,
}

/// Lets the person walk through the folders. `name` is offered for a new one.
pub(super) async fn pick(
    person: &Person,
    guest: &Guest,
    name: &str,
) -> Result<Result<Folder, Failed>, Left> {
    let mut way: Vec<Sight> = Vec::new();
    loop {
        let folders = match guest.folders_in(&here(&way)).await {
            Ok(folders) => folders,
            Err(failed) => return Ok(Err(failed)),
        };
        let is_lost = way.is_empty() && folders.is_empty() && guest.is_service_account();
        if is_lost {
            person.tell(&invitation(guest));
        }
        let lines = lines(&way, folders, is_lost);
        let words = lines.iter().map(|line| words(line, &way, guest)).collect();
        let chosen = person.choose(&question(&way), words, 0).await?;
        match lines.into_iter().nth(chosen) {
            None | Some(Line::Again) => {}
            Some(Line::Use) => return Ok(Ok(taken(&way))),
            Some(Line::Open(sight)) => way.push(sight),
            Some(Line::Up) => drop(way.pop()),
            Some(Line::Type) => return Ok(Ok(typed(person).await?)),
            Some(Line::Own) => {
                let offer = Some(format!("/{name}"));
                let path = person.text("Path", offer, folder_path).await?;
                return Ok(Ok(Folder::Path(path)));
            }
            Some(Line::New) => {
                let offer = Some(name.to_owned());
                let name = person.text("Name of the new folder", offer, folder_name);
                match guest.make(&name.await?, &here(&way)).await {
                    Ok(made) => way.push(made),
                    Err(failed) => return Ok(Err(failed)),
                }
            }
        }
    }
}

/// An ID, an address or a path, for who knows it.
pub(super) async fn typed(person: &Person) -> Result<Folder, Left> {
    let check = |text: &str| match text.starts_with('/') {
        true => folder_path(text).map(Folder::Path),
        false => folder_id(text).map(|id| Folder::Id(id, None)),
    };
    person
        .text("Folder ID, web address, or /path", None, check)
        .await
}

fn here(way: &[Sight]) -> FolderId {
    way.last()
        .map_or_else(FolderId::root, |last| last.id.clone())
}

fn taken(way: &[Sight]) -> Folder {
    let name = way.last().map(|last| printable(last.name.as_str()));
    Folder::Id(here(way).to_string(), name)
}

fn lines(way: &[Sight], folders: Vec<Sight>, is_lost: bool) -> Vec<Line> {
    let may_write = way.last().is_none_or(|last| last.can_upload != Some(false));
    let mut lines = Vec::new();
    if is_lost {
        lines.extend([Line::Again, Line::Type, Line::Own]);
        return lines;
    }
    if !way.is_empty() {
        if may_write {
            lines.push(Line::Use);
        }
        lines.push(Line::Up);
    }
    lines.extend(folders.into_iter().map(Line::Open));
    if may_write {
        lines.push(Line::New);
    }
    lines.push(Line::Type);
    if way.is_empty() {
        lines.extend([Line::Again, Line::Use]);
    }
    lines
}

fn words(line: &Line, way: &[Sight], guest: &Guest) -> String {
    match (line, way.last()) {
        (Line::Use, Some(last)) => format!("✓ use this folder: {}", printable(last.name.as_str())),
        (Line::Use, None) => "✓ use the account's top folder itself".to_owned(),
        (Line::Up, _) => "..".to_owned(),
        (Line::Open(sight), _) => {
            let name = printable(sight.name.as_str());
            match sight.can_upload {
                Some(false) => format!("{name}/   (look only: it takes the role Editor)"),
                _ if guest.is_service_account() && guest.owns(sight) => {
                    format!("{name}/   (the app's own: people do not see it)")
                }
                _ => format!("{name}/"),
            }
        }
        (Line::New, _) => "+ a new folder here".to_owned(),
        (Line::Type, _) => "… type an ID, a web address or a path".to_owned(),
        (Line::Own, _) => "+ a folder of the app's own, unseen by people".to_owned(),
        (Line::Again, _) => "↻ look again".to_owned(),
    }
}

fn question(way: &[Sight]) -> String {
    let names = way.iter().map(|sight| printable(sight.name.as_str()));
    let path: Vec<String> = std::iter::once("All Files".to_owned())
        .chain(names)
        .collect();
    let look_only = way
        .last()
        .is_some_and(|last| last.can_upload == Some(false));
    let note = if look_only { " (look only)" } else { "" };
    format!("Where to on Box? {}{note}", path.join(" / "))
}

/// A service account sees nothing that it was not invited to.
fn invitation(guest: &Guest) -> String {
    let login = printable(&guest.account.login);
    format!(
        "\nThe app's service account sees no folder yet. On Box (https://app.box.com), as the \
         folder's owner:\n  \
         1. open the folder that the files are to go to\n  \
         2. choose Share, and invite {login}\n  \
         3. with the role Editor\n\
         Then come back here and look again.\n"
    )
}
