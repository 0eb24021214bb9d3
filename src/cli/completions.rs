//! `tcpcheck completions`: what a shell offers, with the words that the definition of the options does not hold.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use crate::rules::{Page, Rule};

use super::args::{Args, Format};

/// Stands for the interfaces, which only the shell knows when it asks.
const INTERFACES: &str = "TCPCHECK_INTERFACES";

/// The script for a shell.
pub(super) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_words(Args::command()), "tcpcheck", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => script.replace(INTERFACES, "any $(ls /sys/class/net 2>/dev/null || ifconfig -l 2>/dev/null)"),
        Shell::Zsh => script.replace(&format!("({INTERFACES})"), "_net_interfaces"),
        Shell::Fish => {
            let listed = [format!("\"{INTERFACES}\\t''\""), format!("\"{INTERFACES}\"")];
            let interfaces = "\"any (__fish_print_interfaces)\"";
            let script = listed.iter().fold(script, |script, words| script.replace(words.as_str(), interfaces));
            // What stands without an option is not in clap's script for fish.
            let explain = "complete -c tcpcheck -n \"__fish_tcpcheck_using_subcommand explain\" -a";
            format!("{script}{explain} \"{}\"\n", pages().join(" "))
        }
        _ => script.replace(INTERFACES, "any"),
    }
}

/// The options, with words for those that take more than their type says.
fn with_words(command: Command) -> Command {
    let listen = |arg: Arg| arg.value_parser(PossibleValuesParser::new([INTERFACES]));
    let rules = |arg: Arg| arg.value_parser(PossibleValuesParser::new(rules()));
    command
        .mut_arg("interface", listen)
        .mut_args(|arg| match arg.get_id().as_str() {
            "only" | "select" | "ignore" | "save_on" => rules(arg),
            _ => arg,
        })
        .mut_subcommand("ladder", |ladder| ladder.mut_arg("interface", listen))
        .mut_subcommand("check", |check| {
            check
                .mut_arg("interface", listen)
                .mut_arg("output", |arg| arg.value_parser(PossibleValuesParser::new(Format::names())))
        })
        .mut_subcommand("explain", |explain| {
            explain.mut_arg("words", |arg| arg.value_parser(PossibleValuesParser::new(pages())))
        })
}

/// Families, codes and slugs.
fn rules() -> Vec<&'static str> {
    let mut families: Vec<&str> = Rule::ALL.iter().filter_map(|rule| rule.code().get(..3)).collect();
    families.dedup();
    families.into_iter().chain(Rule::ALL.iter().flat_map(|rule| [rule.code(), rule.slug()])).collect()
}

/// What there are pages for, but for names that a shell takes for something else.
fn pages() -> Vec<&'static str> {
    let names = Page::all().iter().flat_map(|page| page.names.iter().take(2).copied());
    let plain = |name: &&str| name.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign));
    let mut names: Vec<&str> = names.filter(plain).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_know_interfaces_rules_formats_and_keys() {
        for (shell, interfaces) in [
            (Shell::Bash, "/sys/class/net"),
            (Shell::Zsh, ":_net_interfaces"),
            (Shell::Fish, "(__fish_print_interfaces)"),
        ] {
            let script = script(shell);
            assert!(
                !script.contains(INTERFACES),
                "{shell}: {}",
                &script[script.find(INTERFACES).unwrap_or(0)..][..200]
            );
            for word in [interfaces, "TC2", "TC203", "no-answer", "junit", "response", "CLOSE_WAIT", "parquet"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
