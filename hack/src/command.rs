//! Commands that run to their end: their output, or an error that shows why they failed.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use crate::{Error, Result};

/// How many of the last lines of a failed program are shown.
pub const TAIL_LINES: usize = 20;

/// Runs `command` and returns its standard output. Ends with [`Error::Command`] on a non-zero status.
pub fn output(command: &mut Command) -> Result<String> {
    output_of_input(command, "")
}

/// The same with `input` as its standard input.
pub fn output_of_input(command: &mut Command, input: &str) -> Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| start_error(command, source))?;
    let mut pipe = child.stdin.take();
    let done = thread::scope(|scope| {
        // A program that ends without reading its input says so by its exit status.
        scope.spawn(move || pipe.as_mut().map(|pipe| pipe.write_all(input.as_bytes())));
        child
            .wait_with_output()
            .map_err(Error::io(|| format!("run {}", line(command))))
    })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let text = if done.stderr.is_empty() {
        &done.stdout
    } else {
        &done.stderr
    };
    Err(Error::Command {
        command: line(command),
        status: done.status.to_string(),
        output: tail(&String::from_utf8_lossy(text)),
    })
}

/// Whether `command` runs and ends with status zero; its output is dropped.
#[must_use]
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The error for a program that could not be started: a missing one is named with how to get it.
#[must_use]
pub fn start_error(command: &Command, source: io::Error) -> Error {
    let tool = command.get_program().to_string_lossy().into_owned();
    match (source.kind(), hint(&tool)) {
        (io::ErrorKind::NotFound, Some(hint)) => Error::MissingTool { tool, hint },
        _ => Error::Io {
            what: format!("run {tool}"),
            source,
        },
    }
}

fn hint(tool: &str) -> Option<&'static str> {
    match tool {
        "go" => Some("install Go 1.26 or newer (https://go.dev/dl/)"),
        "cargo" => Some("install Rust with rustup (https://rustup.rs/)"),
        "python3" => Some(
            "install Python 3.9 or newer with pip (Debian: apt-get install python3 python3-pip)",
        ),
        "setpriv" | "setsid" => Some("install util-linux (Debian: apt-get install util-linux)"),
        "tar" => Some("install tar (Debian: apt-get install tar)"),
        _ => None,
    }
}

/// The command as a person would type it, for messages.
#[must_use]
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The last [`TAIL_LINES`] lines of `text`.
#[must_use]
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_shows_its_last_lines_of_error_output() {
        let mut command = Command::new("sh");
        command.args(["-c", "seq 1 100 >&2; exit 3"]);
        let message = output(&mut command).unwrap_err().to_string();
        assert!(message.contains("exit status: 3"), "{message}");
        assert!(
            message.ends_with("99\n100") && !message.contains("\n80\n"),
            "{message}"
        );
    }

    #[test]
    fn a_command_reads_its_input() {
        assert_eq!(
            output_of_input(&mut Command::new("cat"), "orders").unwrap(),
            "orders"
        );
    }

    #[test]
    fn a_missing_tool_is_named_with_how_to_get_it() {
        let missing = start_error(&Command::new("go"), io::ErrorKind::NotFound.into());
        assert_eq!(
            missing.to_string(),
            "go is not on the PATH; install Go 1.26 or newer (https://go.dev/dl/)"
        );
    }

    #[test]
    fn a_tail_of_a_short_text_is_the_text() {
        assert_eq!(tail("one\ntwo\n"), "one\ntwo");
        assert_eq!(tail(""), "");
    }
}
