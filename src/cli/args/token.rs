//! Which token.

use clap::Args as ClapArgs;

/// Which token.
#[derive(Debug, ClapArgs)]
pub(crate) struct TokenArgs {
    /// Print one JSON object: access_token, expires_in, token_type, restricted_to.
    #[arg(long)]
    pub(crate) json: bool,

    /// A token that may do less, such as item_upload; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,

    /// … and only in the folder with this ID.
    #[arg(long, value_name = "ID", requires = "scopes", value_parser = folder_id)]
    pub(crate) folder: Option<String>,
}

fn folder_id(text: &str) -> Result<String, String> {
    let is_id = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match is_id {
        true => Ok(text.to_owned()),
        false => Err("a folder's ID is the number at the end of its web address".to_owned()),
    }
}
