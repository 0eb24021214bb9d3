//! Text that may be taller than the terminal: shown through `$PAGER`, or `less -R`.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::report::Style;
use terminal_size::{Height, terminal_size};

/// Writes text to standard output, through a pager if that is a terminal with fewer lines.
pub(super) fn show(text: &[u8]) -> io::Result<()> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let taller = || terminal_size().is_some_and(|(_, Height(height))| lines >= height.into());
    if io::stdout().is_terminal() && taller() && paged(text) {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text)?;
    stdout.flush()
}

/// Writes a manual page to standard output; to a terminal as `man` shows it, where there is one.
pub(super) fn show_manual(page: &[u8]) -> io::Result<()> {
    let mut man = Command::new("man");
    man.args(["-l", "-"]);
    if io::stdout().is_terminal() && fed(man, page) == Some(true) {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(page)?;
    stdout.flush()
}

/// What this program writes to a pipe, run again with the same words; none where it failed, and has said why.
pub(super) fn of_another(style: Style) -> io::Result<Option<Vec<u8>>> {
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).env_remove("CLICOLOR_FORCE");
    // It writes to no terminal, and colours as if it did.
    again.env(if style.is_on() { "CLICOLOR_FORCE" } else { "NO_COLOR" }, "1");
    if let Some(columns) = style.columns() {
        again.env("COLUMNS", columns.to_string());
    }
    let output = again.stderr(Stdio::inherit()).output()?;
    Ok(output.status.success().then_some(output.stdout))
}

/// Whether a pager took the text.
fn paged(text: &[u8]) -> bool {
    let asked = std::env::var("PAGER").unwrap_or_else(|_| "less -R".to_owned());
    let mut words = asked.split_whitespace();
    let Some(program) = words.next() else { return false };
    let mut pager = Command::new(program);
    pager.args(words);
    if std::env::var_os("LESS").is_none() {
        // Without it, less shows a colour as the signs that make it.
        pager.env("LESS", "R");
    }
    fed(pager, text).is_some()
}

/// Gives a program the text: whether it ended well; none where it could not be started.
fn fed(mut pager: Command, text: &[u8]) -> Option<bool> {
    pager.stdin(Stdio::piped());
    // ^C is the pager's: it stops a search there. The pager itself starts with the system's own handling.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default());
    let mut pager = pager.spawn().ok()?;
    if let Some(mut stdin) = pager.stdin.take() {
        // Whoever has read enough closes the pager before it has read all.
        let _ = stdin.write_all(text);
    }
    Some(pager.wait().is_ok_and(|status| status.success()))
}
