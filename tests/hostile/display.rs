//! Every text that misleads a terminal, a browser, a spreadsheet or a CI runner, in every place where a stranger's bytes come in, on
//! every way out.

use std::path::Path;
use std::process::Command;

use crate::testkit::file::{Record, block, enhanced_packet, section};
use crate::testkit::packet::{Packet, flags};

/// C0, C1, directions and what is not seen; ends of lines and commands to runners; formulas; markup.
const TEXTS: [&str; 4] = [
    "\u{1b}[31m\u{1b}]0;title\u{7}\t\u{7f}\u{8}\u{85}\u{9b}31m\u{90}\u{9c}\u{ad}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}gnp\u{2066}\
     \u{2067}\u{2068}\u{2069}\u{61c}\u{200e}\u{200f}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{e0041}\u{e007f}\u{fff9}\u{180e}",
    "\n::error file=x::pwned\r\n  ::set-output name=x::pwned\n##vso[task.setvariable]\u{2028}::error::x\u{2029}::error::x",
    "=cmd|' 'C'!A0",
    "@SUM(1+1)<script>alert(1)<!--|`a`*b*[x](javascript:x)",
];

/// Where a stranger's bytes come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    FileName,
    MissingFile,
    InterfaceAndComments,
    Payload,
    ServerName,
    PolicyKey,
    PolicyWords,
    BaselineName,
}

const PLACES: [Place; 8] = [
    Place::FileName,
    Place::MissingFile,
    Place::InterfaceAndComments,
    Place::Payload,
    Place::ServerName,
    Place::PolicyKey,
    Place::PolicyWords,
    Place::BaselineName,
];

/// Every way out, with what it is told of the capture's name; what is written goes to standard output or to `out`.
const VIEWS: [&[&str]; 36] = [
    &["-n", "-r", "FILE"],
    &["-vvv", "-e", "-XX", "-r", "FILE"],
    &["-r", "FILE", "--summary"],
    &["-r", "FILE", "--flows"],
    &["-r", "FILE", "--findings"],
    &["-r", "FILE", "--exchanges"],
    &["-n", "-r", "FILE", "--json"],
    &["-r", "FILE", "-w", "out.pcapng"],
    &["-r", "FILE", "--only", "TC2"],
    &["-r", "FILE", "tcp prt 80"],
    &["ladder", "-A", "-r", "FILE"],
    &["ladder", "-A", "-r", "FILE", "--format", "mermaid"],
    &["ladder", "-A", "-r", "FILE", "--format", "svg"],
    &["report", "-A", "FILE", "-o", "-"],
    &["report", "FILE", "--graph", "rtt", "-o", "-"],
    &["report", "FILE", "--graph", "time-sequence", "-o", "out.xpl"],
    &["explain", "-r", "FILE", "@5"],
    &["compare", "FILE", "FILE"],
    &["compare", "FILE", "FILE", "--json"],
    &["compare", "FILE", "FILE", "-o", "out.html"],
    &["compare", "FILE", "FILE", "--flow", "1"],
    &["export", "FILE", "--table", "flows"],
    &["export", "FILE", "--table", "packets", "--format", "tsv"],
    &["export", "FILE", "--table", "findings", "--format", "ndjson"],
    &["anonymize", "FILE", "-w", "out.pcap"],
    &["split", "FILE", "-d", "out", "--by", "flow"],
    &["check", "FILE"],
    &["check", "FILE", "--output", "text"],
    &["check", "FILE", "--output", "ndjson"],
    &["check", "FILE", "--output", "junit"],
    &["check", "FILE", "--output", "sarif"],
    &["check", "FILE", "--output", "github"],
    &["check", "FILE", "--output", "markdown"],
    &["check", "FILE", "--update-baseline"],
    &["check", "FILE", "-P", "FILE"],
    &["check", "--init", "FILE", "-P", "-"],
];

const POLICY: &str = "version = 1\n[policy]\nselect = [\"TC2\", \"TC4\"]\nfail_on = \"note\"\nclose = \"clean\"\n";

/// A capture of a connection in trouble.
fn capture(place: Place, text: &str) -> Vec<u8> {
    let strange = |of: Place| if place == of { text } else { "" };
    let mut file = section();
    let mut body = vec![1, 0, 0, 0, 0, 0, 4, 0];
    for code in [2_u16, 1, 3, 12, 15] {
        let value = format!("if{}", strange(Place::InterfaceAndComments));
        body.extend(code.to_le_bytes());
        body.extend((value.len() as u16).to_le_bytes());
        body.extend(value.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body.extend([0; 4]);
    file.extend(block(1, &body));
    let (client, server) = (([10, 0, 0, 1], 51_000).into(), ([10, 0, 0, 2], 80).into());
    let payload = match place {
        // A TLS ClientHello's name of the server, as RFC 6066 §3 has it, behind a header that says so.
        Place::ServerName => {
            let name = format!("host{text}.example");
            let length = name.len() as u8;
            let list = [&[0, length + 5, 0, length + 3, 0, 0, length][..], name.as_bytes()].concat();
            [&[22, 3, 1, 0, length + 60, 1, 0, 0, length + 56, 3, 3][..], &[7; 43], &[0, 0], &list].concat()
        }
        _ => format!("GET /{0} HTTP/1.1\r\nHost: {0}\r\n\r\n", strange(Place::Payload)).into_bytes(),
    };
    let end = 101 + payload.len() as u32;
    for (ms, from_client, letters, seq, ack, data) in [
        (0, true, "S", 100, 0, &[][..]),
        (1, false, "S.", 500, 101, &[]),
        (2, true, ".", 101, 501, &[]),
        (3, true, "P.", 101, 501, &payload),
        (400, true, "P.", 101, 501, &payload),
        (401, false, ".", 501, end, &[]),
        (402, false, "R.", 501, end, &[]),
    ] {
        let mut packet = if from_client { Packet::new(client, server) } else { Packet::new(server, client) };
        (packet.seq, packet.ack, packet.flags) = (seq, ack, flags(letters).unwrap());
        packet.payload = data.to_vec();
        let ns = 1_700_000_000_000_000_000_i64 + ms * 1_000_000;
        file.extend(enhanced_packet(0, &Record::whole(ns, packet.frame())));
    }
    file
}

/// The files of a run; gives the capture's name.
fn lay_out(folder: &Path, place: Place, text: &str) -> String {
    let name = match place {
        Place::FileName | Place::MissingFile => format!("{text}.pcapng"),
        _ => "a.pcapng".to_owned(),
    };
    if place != Place::MissingFile {
        std::fs::write(folder.join(&name), capture(place, text)).unwrap();
    }
    // JSON's way to write a text is one of TOML's.
    let quoted = serde_json::Value::from(text).to_string();
    let policy = match place {
        Place::PolicyKey => format!("{POLICY}{quoted} = 1\nclose{} = 1\n", quoted.len()),
        Place::PolicyWords => format!(
            "{POLICY}allow = [{{ rule = \"TC401\", reason = {quoted}, until = 2020-01-01 }}]\n[[scope]]\nname = {quoted}\n\
             filter = \"tcp port 9\"\n"
        ),
        _ => POLICY.to_owned(),
    };
    std::fs::write(folder.join("tcpcheck.toml"), policy).unwrap();
    if place == Place::BaselineName {
        let known = format!("version = 1\n[capture.\"a.pcapng\"]\n{quoted} = 3\n\"TC401 port 80\" = 9\n");
        std::fs::write(folder.join("tcpcheck.baseline.toml"), known).unwrap();
    }
    std::fs::create_dir(folder.join("out")).unwrap();
    name
}

/// Whether a sign is one of those that nothing shows.
fn is_wrong(sign: char) -> bool {
    let u = u32::from(sign);
    (sign.is_control() && !matches!(sign, '\n' | '\t'))
        || matches!(u, 0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
        || matches!(u, 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// Words of views whose output is markup.
const MARKUP: [&str; 3] = ["junit", "svg", "out.html"];

/// What is wrong with an output.
fn wrong(view: &[&str], bytes: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some("it is not UTF-8".to_owned()) };
    if let Some(at) = text.find(is_wrong) {
        return Some(format!("{:?}", text[at.saturating_sub(60)..].chars().take(90).collect::<String>()));
    }
    let github = view.contains(&"github");
    for line in text.lines() {
        let own =
            ["::error file=tcpcheck.toml,", "::error title=", "::warning title=", "::warning file=tcpcheck.toml,"];
        let is_own = github && own.iter().any(|own| line.starts_with(own));
        if (line.trim_start().starts_with("::") && !is_own) || line.trim_start().starts_with("##vso") {
            return Some(format!("a command: {line:?}"));
        }
        // Cells of separated values.
        let is_cell = |cell: &str| cell.trim_matches('"').starts_with(['=', '@']);
        if view[0] == "export" && line.split([',', '\t']).any(is_cell) && !line.starts_with('{') {
            return Some(format!("a formula: {line:?}"));
        }
    }
    // In Markdown's code spans it means nothing; SARIF and NDJSON are for programs.
    let is_markup = text.starts_with('<') && (view[0] == "report" || view.iter().any(|word| MARKUP.contains(word)));
    (is_markup && text.contains("<script>alert(1)<!--")).then(|| "a script".to_owned())
}

#[test]
fn no_text_misleads_anybody_wherever_it_comes_in_and_wherever_it_goes() {
    let mut found = Vec::new();
    for text in TEXTS {
        for place in PLACES {
            let in_policy = matches!(place, Place::PolicyKey | Place::PolicyWords | Place::BaselineName);
            let views = VIEWS.iter().filter(|view| !in_policy || view[0] == "check");
            for view in views {
                let folder = tempfile::tempdir().unwrap();
                let name = lay_out(folder.path(), place, text);
                // A name like an option's is named as files are that are: ./-x.
                let args = view.iter().map(|word| if *word == "FILE" { name.as_str() } else { word });
                let mut command = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
                let output = command.args(args).current_dir(folder.path()).output().unwrap();
                let mut written = vec![output.stdout, output.stderr];
                let is_binary =
                    |path: &Path| path.extension().is_some_and(|ending| ending.to_string_lossy().starts_with("pcap"));
                let made = ["out", "."].map(|below| std::fs::read_dir(folder.path().join(below)).unwrap());
                for path in made.into_iter().flatten().map(|entry| entry.unwrap().path()) {
                    let file = path.file_name().unwrap().to_str().unwrap().to_owned();
                    if file == name || ["tcpcheck.toml", "tcpcheck.baseline.toml", "out"].contains(&file.as_str()) {
                        continue;
                    }
                    if !is_binary(&path) {
                        written.push(std::fs::read(&path).unwrap());
                    }
                    // The names of files that are made are shown as well.
                    written.push(file.into_bytes());
                }
                for bytes in written {
                    if let Some(what) = wrong(view, &bytes) {
                        found.push(format!("{place:?} {text:?} {view:?}: {what}"));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{} of them:\n{}", found.len(), found.join("\n"));
}

#[test]
fn programs_get_a_strangers_text_back_as_it_was() {
    for text in TEXTS {
        let folder = tempfile::tempdir().unwrap();
        let name = lay_out(folder.path(), Place::FileName, text);
        let json = |args: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_tcpcheck")).args(args).current_dir(folder.path()).output();
            let output = output.unwrap();
            assert!(output.status.code().is_some_and(|status| status < 2), "{args:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(json(&["-r", &name, "--json"])[0]["source"], name.as_str());
        let records = json(&["check", &name, "--output", "ndjson"]);
        assert!(records.iter().any(|record| record["source"] == name.as_str()), "{text:?}");
    }
}
