//! The end of a program that has found itself in error. A thread that panics takes what it
//! watched or sent with it; a process that lived on would look well and do nothing. So it
//! ends, and whoever started it starts it again: what was under way is in the mapping as an
//! intent, as after any other sudden end.

use crate::cli::wording::printable;
use crate::cli::{exit, logging};
use std::panic::{PanicHookInfo, set_hook};

/// From now on a panic in any thread ends the process with exit code 70, after one line on
/// standard error.
pub fn end_on_panic() {
    set_hook(Box::new(|panic| {
        // Nobody may be listening; the exit code tells it as well.
        logging::last_words(&words(panic));
        std::process::exit(i32::from(exit::SOFTWARE));
    }));
}

fn words(panic: &PanicHookInfo<'_>) -> String {
    let said = panic.payload_as_str().unwrap_or("no words");
    let place = panic.location().map(ToString::to_string);
    line(said, place.as_deref())
}

fn line(said: &str, place: Option<&str>) -> String {
    let place = place.unwrap_or("an unknown place");
    format!(
        "error: boxup found a mistake in itself and has ended ({} at {}, version {}): please \
         report this line; start it again, it goes on where it was\n",
        printable(said),
        printable(place),
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn it_is_one_line_whatever_was_said() {
        let told = line("index 3\nof \x1b[2J", Some("src/a.rs:1:2"));
        assert_eq!(told.matches('\n').count(), 1, "{told}");
        assert!(
            !told.contains('\x1b') && told.contains("src/a.rs:1:2"),
            "{told}"
        );
        assert!(line("x", None).contains("an unknown place"));
    }
}
