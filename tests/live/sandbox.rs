//! What a process that reads packets can and cannot do.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tcpcheck::capture::{LiveOptions, Next, open_live};
use tcpcheck::cli::sandbox::{self, AllowedDescriptors, User};

use super::PORT;
use super::net::{Net, PATIENCE, Running};
use crate::testkit::root;

/// The test below runs itself anew: what it gives up is gone for good.
const PROBE: &str = "TCPCHECK_TEST_PROBE";

#[test]
fn a_confined_process_opens_no_file_no_socket_and_no_process_and_goes_on_to_capture_and_write() {
    if std::env::var_os(PROBE).is_some() {
        return probe();
    }
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let name =
        "live::sandbox::a_confined_process_opens_no_file_no_socket_and_no_process_and_goes_on_to_capture_and_write";
    let mut test = net.command(std::env::current_exe().unwrap().to_str().unwrap());
    let output = test.args(["--exact", name, "--nocapture"]).env(PROBE, folder.path()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("open")).unwrap(), "still written");
}

/// Opens, confines itself, and tries.
fn probe() {
    let folder = std::path::PathBuf::from(std::env::var_os(PROBE).unwrap());
    let options = LiveOptions { interface: Some("lo".to_owned()), immediate: true, ..LiveOptions::default() };
    let mut source = open_live(&options).unwrap();
    let mut wire = pcap::Capture::from_device("lo").unwrap().open().unwrap();
    let mut open = File::create(folder.join("open")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    let parent = rustix::process::getppid().unwrap();
    let user = User::of(None).unwrap();
    assert_eq!(user.as_ref().map(User::name), Some("nobody"));

    let doors = AllowedDescriptors { broker: None, capture: Some(std::os::fd::AsRawFd::as_raw_fd(&wire)) };
    sandbox::close(user.as_ref(), doors).unwrap();

    let denied = |what: &str, kind: Option<ErrorKind>| assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{what}");
    denied("a file for reading", File::open("/etc/services").err().map(|e| e.kind()));
    denied("a file for writing", File::create(folder.join("new")).err().map(|e| e.kind()));
    denied("a folder", std::fs::read_dir("/").err().map(|e| e.kind()));
    denied("removing a file", std::fs::remove_file(folder.join("open")).err().map(|e| e.kind()));
    denied("a UDP socket", UdpSocket::bind("127.0.0.1:0").err().map(|e| e.kind()));
    denied("a TCP socket", TcpStream::connect("127.0.0.1:1").err().map(|e| e.kind()));
    denied("a Unix socket", UnixDatagram::unbound().err().map(|e| e.kind()));
    denied("a process", Command::new("/bin/true").spawn().err().map(|e| e.kind()));
    denied("a signal", rustix::process::kill_process(parent, Signal::USR2).err().map(|e| e.kind()));
    assert!(wire.sendpacket(vec![0xff_u8; 60]).is_err(), "a packet is sent");
    denied("root", rustix::thread::set_thread_uid(rustix::process::Uid::ROOT).err().map(|e| e.kind()));

    // Threads, memory, time, and what was open: all that an analysis needs.
    let sums: Vec<_> = (0..4_u64).map(|n| std::thread::spawn(move || vec![n; 1 << 20].iter().sum::<u64>())).collect();
    assert_eq!(sums.into_iter().map(|sum| sum.join().unwrap()).sum::<u64>(), 6 << 20);
    open.write_all(b"still written").unwrap();
    // As the standard library sends, with send(2), it cannot.
    denied("sending", client.write(b"not seen").err().map(|e| e.kind()));
    rustix::io::write(&client, b"seen").unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    let started = Instant::now();
    loop {
        match source.next_frame().unwrap() {
            Next::Frame(frame) if frame.data.ends_with(b"seen") => break,
            _ => assert!(started.elapsed() < PATIENCE, "the packet was not captured"),
        }
    }
    assert!(source.drops().unwrap().received > 0);
}

/// A field of a process's status.
fn status(pid: Pid, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap().split_whitespace().next().unwrap().to_owned()
}

#[track_caller]
fn wait_until_confined(pid: Pid) {
    let started = Instant::now();
    while status(pid, "Seccomp") != "2" {
        assert!(started.elapsed() < PATIENCE, "it is not confined");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn children(pid: Pid) -> Vec<Pid> {
    let pid = pid.as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().unwrap()).unwrap()).collect()
}

#[test]
fn root_becomes_nobody_without_capabilities_before_it_listens() {
    let Some(net) = Net::new() else { return };
    let running = net.capture(&["-n", "--summary"]);
    let field = |name| status(running.pid(), name);
    assert_eq!((field("Uid").as_str(), field("Gid").as_str()), ("65534", "65534"));
    for set in ["CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!((field("NoNewPrivs").as_str(), field("Seccomp").as_str()), ("1", "2"));
    // Who can bind it anew: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_NET_RAW.
    let brokers = children(running.pid());
    assert_eq!(brokers.len(), 1);
    assert_eq!(status(brokers[0], "CapBnd"), "000000000000200b");
    let broker = brokers[0];
    net.converse(PORT);
    assert_eq!(running.end().0.code(), Some(0));
    assert!(!std::path::Path::new(&format!("/proc/{}", broker.as_raw_nonzero())).exists(), "it ends with the capture");
}

#[test]
fn the_user_of_z_is_taken_and_without_a_sandbox_nothing_is_given_up() {
    let Some(net) = Net::new() else { return };
    let daemon = net.capture(&["-n", "--summary", "-Z", "daemon"]);
    assert_eq!(status(daemon.pid(), "Uid"), "1");
    let open = net.capture(&["-n", "--summary", "--no-sandbox"]);
    assert_eq!((status(open.pid(), "Uid").as_str(), status(open.pid(), "Seccomp").as_str()), ("0", "0"));
    assert!(children(open.pid()).is_empty());
    let nobody = net.command(env!("CARGO_BIN_EXE_tcpcheck")).args(["-i", "client0", "-Z", "no-such-user"]).output();
    let nobody = nobody.unwrap();
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("-Z no-such-user: there is no such user"));
}

#[test]
fn a_check_is_confined_when_it_reads_and_writes_what_it_opened_before() {
    let folder = tempfile::tempdir().unwrap();
    let verdict = folder.path().join("verdict.xml");
    std::fs::write(&verdict, "what was there before, and is longer than nothing").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tcpcheck"))
        .args(["check", "-", "--output", "junit=verdict.xml", "--update-baseline", "--baseline", "known.toml"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let pid = Pid::from_child(&child);
    wait_until_confined(pid);
    assert_eq!((status(pid, "NoNewPrivs").as_str(), status(pid, "CapEff").as_str()), ("1", "0000000000000000"));
    if rustix::process::geteuid().is_root() {
        assert_eq!(status(pid, "Uid"), "65534");
    }
    assert!(
        std::fs::read_to_string(&verdict).unwrap().starts_with("what was there"),
        "written before there is a verdict"
    );
    input.write_all(&std::fs::read(root().join("fixtures/open/refused.pcap")).unwrap()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    // What the baseline has just learnt passes.
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(std::fs::read_to_string(&verdict).unwrap().trim_end().ends_with("</testsuites>"));
    assert!(std::fs::read_to_string(folder.path().join("known.toml")).unwrap().contains("TC102"));
}

#[test]
fn a_live_check_of_root_ends_its_command_and_removes_its_file_as_nobody() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let check = |command: &[&str]| {
        let mut check = net.command(env!("CARGO_BIN_EXE_tcpcheck"));
        check.args(["check", "-i", "client0", "--for", "5s", "--allow-empty", "--"]).args(command);
        check.env("TMPDIR", folder.path()).current_dir(folder.path());
        check
    };
    // A command that is another user's, and takes no hint.
    let stubborn = [
        "setpriv",
        "--reuid",
        "daemon",
        "--clear-groups",
        "sh",
        "-c",
        "trap '' TERM; echo on; while :; do sleep 1; done",
    ];
    let mut running = Running::start(&mut check(&stubborn));
    running.hear("on");
    let pid = running.pid();
    wait_until_confined(pid);
    assert_eq!(status(pid, "Uid"), "65534");
    let (ended, said) = running.wait();
    assert_eq!(ended.code(), Some(1), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("was still running when the time of --for was up")), "{said:#?}");
    // Packets are kept for whoever wants to know why, and for nobody else.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary file is left");
}

#[test]
fn a_program_with_capabilities_captures_for_nobody_and_gives_them_up() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let (program, kept) = (folder.path().join("tcpcheck"), folder.path().join("kept.pcap"));
    std::fs::copy(env!("CARGO_BIN_EXE_tcpcheck"), &program).unwrap();
    let nobody = |args: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["-n", "-i", "client0"]).args(args).uid(65_534).gid(65_534).current_dir(folder.path());
        command
    };
    let refused = net.within(true, || nobody(&[]).output().unwrap());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && said.contains("setcap cap_net_raw,cap_net_admin=eip"), "{said}");

    // As the message says, with setcap(8) of libcap2-bin.
    let granted = Command::new("setcap").arg("cap_net_raw,cap_net_admin=eip").arg(&program).output().unwrap();
    assert!(granted.status.success(), "{}", String::from_utf8_lossy(&granted.stderr));
    let mut running =
        net.within(true, || Running::start(&mut nobody(&["--flows", "-w", kept.to_str().unwrap(), "-C", "1M"])));
    running.hear("listening on client0");
    assert_eq!(status(running.pid(), "Uid"), "65534");
    for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
        assert_eq!(status(running.pid(), set), "0000000000000000", "{set}");
    }
    assert_eq!((status(running.pid(), "NoNewPrivs").as_str(), status(running.pid(), "Seccomp").as_str()), ("1", "2"));
    net.converse(PORT);
    // The broker binds it anew, which takes a capability.
    net.unplug();
    running.hear("client0: the interface has gone");
    net.plug();
    running.hear("the capture goes on");
    net.converse(PORT + 1);
    let (ended, said) = running.end();
    assert_eq!(ended.code(), Some(0), "{said:#?}");
    for port in [PORT, PORT + 1] {
        assert!(said.iter().any(|line| line.contains(&format!("10.99.0.2:{port}"))), "{said:#?}");
    }
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&kept).unwrap()), 65_534);
}

#[test]
fn whoever_reads_a_file_is_confined_too_also_without_root() {
    let file = root().join("fixtures/loss/timeout.pcap");
    // The end of the file is kept open, so that there is time to look.
    let mut child = Command::new(env!("CARGO_BIN_EXE_tcpcheck"))
        .args(["-n", "-r", "-", "--flows"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&std::fs::read(file).unwrap()).unwrap();
    let pid = Pid::from_child(&child);
    wait_until_confined(pid);
    assert_eq!((status(pid, "NoNewPrivs").as_str(), status(pid, "CapEff").as_str()), ("1", "0000000000000000"));
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("10.9.0.1:40000"));
    assert!(output.status.success());
}

#[test]
fn files_in_turn_and_their_command_are_the_brokers() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let command = folder.path().join("done");
    std::fs::write(&command, "#!/bin/sh\nmv \"$1\" \"$1.done\"\n").unwrap();
    std::fs::set_permissions(&command, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let pattern = folder.path().join("part");
    let (pattern, command) = (pattern.to_str().unwrap(), command.to_str().unwrap());
    let running = net.capture(&["-n", "--summary", "-w", pattern, "-C", "1k", "-z", command]);
    assert_eq!(status(running.pid(), "Uid"), "65534");
    for n in 0..5 {
        net.converse(PORT + n);
    }
    let (ended, said) = running.end();
    assert_eq!(ended.code(), Some(0), "{said:#?}");
    assert!(folder.path().join("part.done").exists() && folder.path().join("part1.done").exists());
}

#[test]
fn a_files_name_may_be_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"out\xff.pcap");
    let mut program = Command::new(env!("CARGO_BIN_EXE_tcpcheck"));
    program.arg("-r").arg(root().join("fixtures/loss/timeout.pcap")).arg("-w").arg(name).current_dir(folder.path());
    assert!(program.status().unwrap().success());
    let saved = std::fs::metadata(folder.path().join(name)).unwrap().len();
    assert_eq!(saved, std::fs::metadata(root().join("fixtures/loss/timeout.pcap")).unwrap().len());
}

#[test]
fn no_command_inherits_the_socket_of_a_capture() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let command = folder.path().join("open");
    let listed = folder.path().join("listed");
    std::fs::write(&command, format!("#!/bin/sh\nls -l /proc/self/fd >> {}\n", listed.display())).unwrap();
    std::fs::set_permissions(&command, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let command = command.to_str().unwrap();
    for confinement in [&[][..], &["--no-sandbox"]] {
        let mut check = net.command(env!("CARGO_BIN_EXE_tcpcheck"));
        check.args(["check", "-i", "client0", "--allow-empty"]).args(confinement).args(["--", command]);
        assert_eq!(check.stdin(Stdio::null()).output().unwrap().status.code(), Some(0));
        let pattern = folder.path().join("part");
        let rotated = [&["-n", "--summary", "-w", pattern.to_str().unwrap(), "-C", "1k", "-z", command], confinement];
        let running = net.capture(&rotated.concat());
        (0..4).for_each(|n| net.converse(PORT + n));
        assert_eq!(running.end().0.code(), Some(0));
    }
    let listed = std::fs::read_to_string(listed).unwrap();
    assert!(listed.lines().count() > 8 && !listed.contains("socket:"), "{listed}");
}

#[test]
fn root_follows_no_link_that_another_user_planted_for_the_next_file() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (theirs, victim) = (folder.path().join("theirs"), folder.path().join("victim"));
    std::fs::create_dir(&theirs).unwrap();
    std::os::unix::fs::chown(&theirs, Some(65_534), Some(65_534)).unwrap();
    std::fs::write(&victim, "root's own").unwrap();
    std::os::unix::fs::symlink(&victim, theirs.join("x.pcap1")).unwrap();
    std::os::unix::fs::lchown(theirs.join("x.pcap1"), Some(65_534), Some(65_534)).unwrap();
    for confinement in [&[][..], &["--no-sandbox"]] {
        let pattern = theirs.join("x.pcap");
        let args = [&["-n", "--summary", "-w", pattern.to_str().unwrap(), "-C", "1k"], confinement];
        let running = net.capture(&args.concat());
        (0..4).for_each(|n| net.converse(PORT + n));
        let (ended, said) = running.end();
        assert_eq!(ended.code(), Some(2), "{said:#?}");
        assert!(said.iter().any(|line| line.contains("x.pcap1: a link is in its place")), "{said:#?}");
        assert_eq!(std::fs::read(&victim).unwrap(), b"root's own");
    }
}
