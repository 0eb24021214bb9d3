//! The Spark job of docs/cluster.md, on local Spark: its rows are those of `tcpcheck export --merge`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::extract::traffic::segment;
use crate::testkit::file::{Record, pcap};
use crate::testkit::{root, skipped};

/// Cuts a capture in pcap format into files of that number of packets.
fn cut(file: &Path, packets: usize, folder: &Path) -> PathBuf {
    let (bytes, parts) = (std::fs::read(file).unwrap(), folder.join(file.file_stem().unwrap()));
    std::fs::create_dir(&parts).unwrap();
    let (header, mut rest) = bytes.split_at(24);
    let mut number = 0;
    while !rest.is_empty() {
        let mut part = header.to_vec();
        for _ in 0..packets.min(rest.len()) {
            let Some(len) = rest.get(8..12) else { break };
            let len = 16 + u32::from_le_bytes(len.try_into().unwrap()) as usize;
            let (record, behind) = rest.split_at(len.min(rest.len()));
            part.extend(record);
            rest = behind;
        }
        std::fs::write(parts.join(format!("{number:03}.pcap")), part).unwrap();
        number += 1;
    }
    assert!(number > 1, "{}", file.display());
    parts
}

/// Connections between several hosts at once: some lose data, some were captured in part, one server's sequence numbers can be guessed.
fn many_hosts() -> Vec<u8> {
    let mut frames = Vec::new();
    for n in 0..120_u16 {
        let (client, server) = ([10, 1, (n % 7) as u8, 1], [10, 0, 0, 2 + (n % 5) as u8]);
        let isn = if n % 5 == 1 { 5000 } else { u32::from(n) * 7_919_191 };
        let mut say = |ms: i64, from_client: bool, letters: &str, seq: u32, ack: u32, payload: &[u8]| {
            let isn_of = |from_client: bool| if from_client { 77 } else { isn };
            let (seq, ack) = (seq.wrapping_add(isn_of(from_client)), ack.wrapping_add(isn_of(!from_client)));
            let mut packet = segment(n, from_client, letters, seq, ack, payload);
            let [from, to] = if from_client { [client, server] } else { [server, client] };
            (packet.src, packet.dst) = ((from, packet.src.port()).into(), (to, packet.dst.port()).into());
            frames.push((i64::from(n) * 37 + ms, packet.frame()));
        };
        say(0, true, "S", 0, 0, b"");
        say(20, false, "S.", 0, 1, b"");
        say(40, true, ".", 1, 1, b"");
        say(41, true, "P.", 1, 1, &[b'r'; 200]);
        say(60, false, ".", 1, 201, b"");
        let wait = i64::from(n % 13) * 100;
        for (at, seq) in [(0, 1), (1, 1001), (2, 2001), (3, 3001)] {
            // What is lost is sent again; what the capture missed is acknowledged all the same.
            if seq != 1001 || n % 4 != 0 && n % 11 != 5 {
                say(70 + wait + at, false, ".", seq, 201, &[b'a'; 1000]);
            }
        }
        if n % 4 == 0 {
            (0..3).for_each(|at| say(90 + wait + at, true, ".", 201, 1001, b""));
            say(120 + wait, false, ".", 1001, 201, &[b'a'; 1000]);
        }
        say(140 + wait, true, ".", 201, 4001, b"");
        match n % 6 {
            0 => say(150 + wait, true, "R.", 201, 4001, b""),
            1 => {}
            _ => {
                say(150 + wait, true, "F.", 201, 4001, b"");
                say(170 + wait, false, "F.", 4001, 202, b"");
                say(190 + wait, true, ".", 202, 4002, b"");
            }
        }
    }
    frames.sort_by_key(|(ms, _)| *ms);
    let record =
        |(ms, bytes): &(i64, Vec<u8>)| Record::whole(1_700_000_000_000_000_000 + ms * 1_000_000, bytes.clone());
    pcap(&frames.iter().map(record).collect::<Vec<_>>())
}

#[test]
fn rows_of_spark_are_those_of_one_run_whatever_is_lost_on_the_way() {
    let python = std::env::var("TCPCHECK_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python).args(["-c", "import pyspark, pyarrow, pandas"]).output();
    let java = Command::new("java").arg("-version").output();
    if ![import, java].into_iter().all(|output| output.is_ok_and(|output| output.status.success())) {
        assert!(std::env::var("TCPCHECK_WITNESSES").is_err(), "{python} has no PySpark, or there is no Java");
        return skipped(
            "no PySpark here",
            "Java 17, pip install pyspark pyarrow pandas, and that python in TCPCHECK_PYTHON",
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let fixture = |name: &str| root().join("fixtures").join(name);
    // Connections that go on from file to file, one of which is no capture, and captures for one task.
    let broken = cut(&fixture("loss/timeout.pcap"), 7, folder.path());
    std::fs::write(broken.join("broken.pcap"), "this is no capture").unwrap();
    let made = folder.path().join("hosts.pcap");
    std::fs::write(&made, many_hosts()).unwrap();
    let captures = [
        cut(&made, 300, folder.path()),
        cut(&fixture("loss/no-sack.pcap"), 10, folder.path()),
        fixture("loss/no-sack.pcap"),
        broken,
    ];
    for more in [&["--tasks", "3"][..], &["--tasks", "8", "--break"]] {
        let script = Command::new(&python)
            .arg(root().join("tests/extract/cluster.py"))
            .args(more)
            .args(&captures)
            .env("TCPCHECK", env!("CARGO_BIN_EXE_tcpcheck"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&script.stdout).into_owned();
        assert!(script.status.success(), "{more:?}\n{text}\n{}", String::from_utf8_lossy(&script.stderr));
        assert!(text.contains("broken.pcap: ") && text.contains("; the rest is there"), "{text}");
    }
}
