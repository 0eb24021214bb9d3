//! What was typed without an option: captures, commands, or a filter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::args::Args;

/// Endings of captures' names, and of those of compressed ones.
const ENDINGS: [&str; 4] = ["pcap", "pcapng", "cap", "dmp"];
const COMPRESSED: [&str; 4] = ["gz", "zst", "xz", "lz4"];

/// Words that filter expressions begin with (pcap-filter(7)): a folder called `src` is none of it.
const FILTER_WORDS: &[&str] = &[
    "not",
    "src",
    "dst",
    "host",
    "net",
    "mask",
    "gateway",
    "port",
    "portrange",
    "proto",
    "protochain",
    "less",
    "greater",
    "ether",
    "link",
    "ip",
    "ip6",
    "arp",
    "rarp",
    "tcp",
    "udp",
    "sctp",
    "icmp",
    "icmp6",
    "igmp",
    "pim",
    "vrrp",
    "carp",
    "ah",
    "esp",
    "broadcast",
    "multicast",
    "inbound",
    "outbound",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "vxlan",
    "wlan",
    "len",
    "ifname",
    "llc",
    "stp",
];

/// Takes the captures that words begin with; what is left is a filter. A word is a capture when it is called like one, or when it is a
/// file or a folder and no filter begins so.
pub(super) fn take_captures(words: &mut Vec<OsString>) -> Vec<PathBuf> {
    let captures = words.iter().take_while(|word| is_capture(word)).count();
    words.drain(..captures).map(PathBuf::from).collect()
}

fn is_capture(word: &OsString) -> bool {
    let path = Path::new(word);
    is_called_like_one(path) || path.exists() && word.to_str().is_none_or(|word| !FILTER_WORDS.contains(&word))
}

/// Whether a name ends like a capture's.
pub(super) fn is_called_like_one(path: &Path) -> bool {
    let ending = |path: &Path, endings: &[&str]| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    // A rotated file's number stands behind its name: trace.pcap12.
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let numbered = name.trim_end_matches(|sign: char| sign.is_ascii_digit()).ends_with(".pcap");
    let stem = path.file_stem().map(Path::new);
    numbered || ending(path, &ENDINGS) || ending(path, &COMPRESSED) && stem.is_some_and(|stem| ending(stem, &ENDINGS))
}

/// What to say of a single word that is neither a command nor a file, and no filter either.
pub(super) fn unknown(word: &str) -> String {
    let commands = Args::command();
    let names = commands.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let nearest = names
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, name)) => format!("'{word}' is no command and no file, and no filter; did you mean {name}?"),
        None => format!("'{word}' is no command and no file, and no filter (tcpcheck --help)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(words: &[&str]) -> (Vec<PathBuf>, Vec<OsString>) {
        let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
        (take_captures(&mut words), words)
    }

    #[test]
    fn captures_come_first_and_the_filter_behind_them() {
        let (files, filter) = taken(&["a.pcap", "dir/b.pcapng.zst", "c.pcap12", "tcp", "port", "80"]);
        assert_eq!(files, ["a.pcap", "dir/b.pcapng.zst", "c.pcap12"].map(PathBuf::from));
        assert_eq!(filter, ["tcp", "port", "80"]);
    }

    #[test]
    fn a_file_of_any_name_is_a_capture_unless_its_name_is_a_filter() {
        assert_eq!(taken(&["Cargo.toml"]).0, [PathBuf::from("Cargo.toml")]);
        assert_eq!(taken(&["fixtures"]).0, [PathBuf::from("fixtures")]);
        assert!(
            taken(&["src"]).0.is_empty() && taken(&["tcp"]).0.is_empty() && taken(&["host", "a.pcap"]).0.is_empty()
        );
    }

    #[test]
    fn the_command_that_was_meant_is_named() {
        assert!(
            unknown("chek").ends_with("did you mean check?") && unknown("raport").ends_with("did you mean report?")
        );
        assert!(unknown("xyzzy").contains("--help"));
    }
}
