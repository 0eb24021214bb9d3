//! A network of two namespaces, made for a test and removed with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Whatever takes longer has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// The client's and the server's address.
pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);

/// Two namespaces and a cable between them: `client0` is the one end, `server0` the other.
pub(super) struct Net {
    client: String,
    server: String,
}

impl Net {
    /// Makes one; none, and a message, for those who may not.
    pub(super) fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            assert!(std::env::var_os("TCPCHECK_WITNESSES").is_none(), "network namespaces need root");
            crate::testkit::skipped("network namespaces need root", "sudo -E cargo test live::");
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tcpcheck-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let net = Self { client: format!("{name}-c"), server: format!("{name}-s") };
        ip(&["netns", "add", &net.client]);
        ip(&["netns", "add", &net.server]);
        net.plug();
        Some(net)
    }

    /// Lays the cable.
    pub(super) fn plug(&self) {
        ip(&[
            "-n",
            &self.client,
            "link",
            "add",
            "client0",
            "type",
            "veth",
            "peer",
            "name",
            "server0",
            "netns",
            &self.server,
        ]);
        for (space, interface, address) in [(&self.client, "client0", CLIENT), (&self.server, "server0", SERVER)] {
            ip(&["-n", space, "link", "set", "lo", "up"]);
            ip(&["-n", space, "addr", "add", &format!("{address}/24"), "dev", interface]);
            ip(&["-n", space, "link", "set", interface, "up"]);
        }
    }

    /// Takes the cable away, and the interfaces with it.
    pub(super) fn unplug(&self) {
        ip(&["-n", &self.client, "link", "del", "client0"]);
    }

    /// Takes the client's end down, or up.
    pub(super) fn set(&self, state: &str) {
        ip(&["-n", &self.client, "link", "set", "client0", state]);
    }

    /// Does something in the client's or the server's namespace.
    pub(super) fn within<T: Send>(&self, client: bool, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", if client { &self.client } else { &self.server });
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let space = std::fs::File::open(path).unwrap();
                let network = rustix::thread::LinkNameSpaceType::Network;
                rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&space), Some(network)).unwrap();
                work()
            });
            inside.join().unwrap()
        })
    }

    /// A connection to a port of the server, open at both ends.
    pub(super) fn connect(&self, port: u16) -> (TcpStream, TcpStream) {
        let listener = self.within(false, || TcpListener::bind((SERVER, port)).unwrap());
        let to = SocketAddr::from((SERVER, port));
        let client = self.within(true, || TcpStream::connect_timeout(&to, PATIENCE).unwrap());
        (client, listener.accept().unwrap().0)
    }

    /// A whole connection: a few bytes there and back, and closed.
    pub(super) fn converse(&self, port: u16) {
        let (mut client, mut server) = self.connect(port);
        let mut bytes = [0; 5];
        client.write_all(b"hello").unwrap();
        server.read_exact(&mut bytes).unwrap();
        server.write_all(b"world").unwrap();
        client.read_exact(&mut bytes).unwrap();
        drop(client);
        // Until the client's FIN is there.
        assert_eq!(server.read(&mut bytes).unwrap(), 0);
    }

    /// Puts frames on the cable, from the server's end.
    pub(super) fn send(&self, frames: impl Iterator<Item = Vec<u8>> + Send) {
        self.within(false, || {
            let mut cable = pcap::Capture::from_device("server0").unwrap().open().unwrap();
            for frame in frames {
                // The queue of the interface may be full for a moment.
                let _ = cable.sendpacket(frame);
            }
        });
    }

    /// Packets that came in at the client's end so far, by the interface's own counter.
    pub(super) fn arrived(&self) -> u64 {
        let counters = self.within(true, || std::fs::read_to_string("/proc/thread-self/net/dev").unwrap());
        let line = counters.lines().find_map(|line| line.trim_start().strip_prefix("client0:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Waits until the client has the server's FIN for the only connection there was: it is in TIME-WAIT.
    #[track_caller]
    pub(super) fn wait_until_closed(&self) {
        let started = Instant::now();
        // A line a socket, with its state in hexadecimal behind both addresses.
        let waits = |line: &str| line.split_whitespace().nth(3) == Some("06");
        while !self.within(true, || std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap().lines().any(waits)) {
            assert!(started.elapsed() < PATIENCE, "the connection does not close");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The program on the client's end, once it listens.
    pub(super) fn capture(&self, args: &[&str]) -> Running {
        let mut running = self.start(args);
        running.hear("listening on client0");
        running
    }

    /// The program in the client's namespace.
    pub(super) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(env!("CARGO_BIN_EXE_tcpcheck")).args(["-i", "client0"]).args(args))
    }

    /// A command in the client's namespace. SIGHUP ends it, also where the tests run under nohup(1), which has it ignored.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.client, "env", "--default-signal=HUP", program]);
        command
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for space in [&self.client, &self.server] {
            let _ = Command::new("ip").args(["netns", "del", space]).status();
        }
    }
}

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("iproute2 is installed");
    assert!(output.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The program while it runs.
pub(super) struct Running {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    /// Starts a command whose standard error and standard output are listened to, unless the latter goes elsewhere.
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Option<Box<dyn Read + Send>>; 2] =
            [child.stdout.take().map(|out| Box::new(out) as _), child.stderr.take().map(boxed)];
        for output in outputs.into_iter().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines, heard: Vec::new() }
    }

    /// Waits for a line that holds these words, and gives it; one that was said before counts.
    #[track_caller]
    pub(super) fn hear(&mut self, words: &str) -> String {
        if let Some(line) = self.heard.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        let started = Instant::now();
        loop {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(started.elapsed())) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{words:?} was not said, but:\n{}", self.heard.join("\n"))
                }
            }
        }
    }

    /// Waits until it has seen all that was sent: until two summaries agree.
    #[track_caller]
    pub(super) fn catch_up(&mut self) {
        let mut before = String::new();
        loop {
            self.signal(Signal::USR1);
            self.heard.retain(|line| !line.contains("client0  live, "));
            let now = self.hear("client0  live, ");
            if now == before {
                return;
            }
            before = now;
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Lines that were said until now, those that were not waited for included.
    pub(super) fn heard(&mut self) -> Vec<String> {
        self.heard.extend(self.lines.try_iter());
        self.heard.clone()
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end, and gives the exit status and all that was said.
    #[track_caller]
    pub(super) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end; it said:\n{}", self.heard().join("\n"));
            std::thread::sleep(Duration::from_millis(10));
        };
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.heard.push(line);
        }
        (status, std::mem::take(&mut self.heard))
    }

    /// Ends it as ^C does.
    #[track_caller]
    pub(super) fn end(self) -> (ExitStatus, Vec<String>) {
        self.signal(Signal::INT);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn boxed(output: ChildStderr) -> Box<dyn Read + Send> {
    Box::new(output)
}
