//! A live capture that is judged: from before a command starts until its connections are quiet, or the time is up.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::capture::{self, FrameSource, LiveOptions, Next, SaveFile, SaveFormat, SaveOptions, SourceInfo};
use crate::policy::{Judge, Policy};
use crate::report::check::{Capture, CommandEnd, EvidenceExcerpt};

use super::helper::Helper;
use super::inputs::Input;
use super::judging;
use crate::cli::args::CheckArgs;
use crate::cli::output::warn;
use crate::cli::plan;
use crate::cli::quality::Losses;
use crate::cli::sandbox::{self, AllowedDescriptors, User};
use crate::cli::signals::Signals;

/// After the command: connections that are all over are quiet after so long without a packet,
const SETTLED: Duration = Duration::from_millis(400);
/// others after so long,
const QUIET: Duration = Duration::from_secs(1);
/// and without `--for`, it ends after so long in any case.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command that is told to end has so long to do so.
const GRACE: Duration = Duration::from_secs(3);

/// The kernel's buffer: what comes while this program is not running, on a machine that is busy with the test.
const BUFFER_KIB: u32 = 32 * 1024;

/// So often the command is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// A capture that is open, and nothing of it read.
pub(super) struct Live {
    /// What the capture is called.
    pub name: String,
    source: Box<dyn FrameSource>,
    save: SaveFile,
    kept: KeptCapture,
    stop: Arc<AtomicBool>,
}

/// What was captured: the verdict, its packets, and how the command ended.
pub(super) struct Judged {
    pub capture: Capture,
    pub command: Option<CommandEnd>,
    pub kept: KeptCapture,
    /// The packets, to be read again.
    pub again: Input,
}

/// The packets, in a file. One that nobody asked for goes again, unless it is known that something fails.
pub(super) struct KeptCapture {
    path: PathBuf,
    temporary: Option<tempfile::TempPath>,
    /// Who removes it for a confined process.
    helper: Option<Rc<Helper>>,
}

impl KeptCapture {
    /// In the file of `-w`, or a temporary one.
    fn new(asked: Option<&PathBuf>) -> Result<Self> {
        if let Some(path) = asked {
            return Ok(Self { path: path.clone(), temporary: None, helper: None });
        }
        let file =
            tempfile::Builder::new().prefix("tcpcheck-").suffix(".pcap").tempfile().context("a temporary file")?;
        let temporary = file.into_temp_path();
        Ok(Self { path: temporary.to_path_buf(), temporary: Some(temporary), helper: None })
    }

    /// Keeps a file that nobody asked for; gives its name.
    ///
    /// # Errors
    /// When the system does not let it be.
    pub(super) fn keep(&mut self) -> Result<Option<PathBuf>> {
        self.temporary.take().map(|file| file.keep().context("the temporary file")).transpose()
    }
}

impl Drop for KeptCapture {
    fn drop(&mut self) {
        if let (Some(_), Some(helper)) = (&self.temporary, &self.helper) {
            // It is in the way of nobody where it stays.
            let _ = helper.discard();
        }
    }
}

impl Live {
    /// Opens the interface, and the file for its packets.
    ///
    /// # Errors
    /// When that cannot be done.
    pub(super) fn open(args: &CheckArgs, interface: &OsString) -> Result<Self> {
        let interface =
            interface.to_str().ok_or_else(|| anyhow!("-i {}: no interface has such a name", interface.display()))?;
        let stop = Signals::listen(Arc::default())?.stop;
        let options = LiveOptions {
            interface: Some(interface.to_owned()),
            filter: args.filter.clone().unwrap_or_default(),
            // Several together, as they come in a row on loopback: its frames have 64 KiB, and libpcap's buffer for frames
            // at once has room for no more than a few of these.
            immediate: false,
            buffer_kib: Some(BUFFER_KIB),
            stop: stop.clone(),
            ..LiveOptions::default()
        };
        let source = capture::open_live(&options)?;
        let kept = KeptCapture::new(args.write.as_ref())?;
        let SourceInfo { link_type, snaplen, precision, .. } = source.info();
        let save = SaveOptions { link_type, snaplen, precision, unbuffered: false, format: SaveFormat::of(&kept.path) };
        let save = SaveFile::create(&kept.path, save)?;
        let name = args.write.as_ref().map_or_else(|| interface.to_owned(), |path| path.display().to_string());
        Ok(Self { name, source, save, kept, stop })
    }

    /// Starts the command, gives up what reading needs not, captures and judges.
    ///
    /// # Errors
    /// When one of these cannot be done.
    pub(super) fn judge(mut self, args: &CheckArgs, policy: &Policy) -> Result<Judged> {
        let user = plan::user(&args.confinement)?;
        let again = Input::open(self.kept.path.clone());
        if args.command.is_empty() && args.limit.is_none() {
            warn(&format!("listening on {}; ^C ends it (see --for, -- COMMAND)", self.source.info().name));
        }
        let mut running = Running::start(&args.command)?;
        let mut judge = Judge::new(policy, args.analysis.options());
        let read = self.confine(args, user.as_ref(), &mut running).and_then(|()| {
            read(self.source.as_mut(), &mut judge, &mut self.save, &mut running, args.limit, &self.stop)
        });
        // However reading ended, no command is left behind.
        running.end(self.stop.load(Ordering::Relaxed));
        read?;
        self.save.finish()?;
        let verdict = judging::finish(judge, self.source.as_mut(), false);
        let file = plan::word(&self.kept.path);
        let capture = Capture {
            name: self.name,
            file,
            first_of_pair: None,
            verdict: Ok(verdict),
            exhibit: EvidenceExcerpt::default(),
        };
        Ok(Judged { capture, command: running.ended, kept: self.kept, again })
    }

    fn confine(&mut self, args: &CheckArgs, user: Option<&User>, running: &mut Running) -> Result<()> {
        if args.confinement.no_sandbox {
            return Ok(());
        }
        let temporary = self.kept.temporary.is_some();
        let helper = Helper::spawn(&self.kept.path, temporary, running.child.as_ref(), running.has_group)?.map(Rc::new);
        let broker = helper.as_ref().map(|helper| helper.socket());
        (self.kept.helper, running.helper) = (helper.clone(), helper);
        sandbox::close(user, AllowedDescriptors { broker, capture: self.source.socket() })
    }
}

fn read(
    source: &mut dyn FrameSource,
    judge: &mut Judge<'_>,
    save: &mut SaveFile,
    running: &mut Running,
    limit: Option<Duration>,
    stop: &AtomicBool,
) -> Result<()> {
    let started = Instant::now();
    let (mut last_packet, mut glanced) = (started, started);
    let mut over: Option<Instant> = None;
    let mut losses = Losses::default();
    while !stop.load(Ordering::Relaxed) {
        let now = match source.next_frame()? {
            Next::Frame(frame) => {
                save.write(&frame)?;
                judge.frame(&frame)?;
                last_packet = Instant::now();
                last_packet
            }
            Next::Idle => Instant::now(),
            Next::End => break,
        };
        if limit.is_some_and(|limit| now.duration_since(started) >= limit) {
            break;
        }
        if now.duration_since(glanced) >= GLANCE {
            glanced = now;
            if source.drops().is_some_and(|drops| losses.look(drops)) {
                judge.capture_lost();
            }
            if over.is_none() && running.has_ended() {
                over = Some(now);
            }
        }
        let Some(over) = over else { continue };
        let silence = now.duration_since(last_packet.max(over));
        let patience = limit.is_none() && now.duration_since(over) >= PATIENCE;
        if patience || silence >= QUIET || (silence >= SETTLED && judge.is_quiet()) {
            break;
        }
    }
    Ok(())
}

/// The command while it runs, and how it ended.
struct Running {
    child: Option<Child>,
    /// It has a process group of its own, in which is what it started.
    has_group: bool,
    /// Who ends it for a confined process.
    helper: Option<Rc<Helper>>,
    line: String,
    ended: Option<CommandEnd>,
}

impl Running {
    /// Starts a command, if there is one.
    fn start(words: &[OsString]) -> Result<Self> {
        let shown: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let line = brief(&shown.join(" "));
        let Some((program, arguments)) = words.split_first() else {
            return Ok(Self { child: None, has_group: false, helper: None, line, ended: None });
        };
        let mut command = Command::new(program);
        // At a terminal it stays in the group that ^C reaches, and that may ask for a password.
        let has_group = cfg!(unix) && !std::io::stdin().is_terminal();
        #[cfg(unix)]
        if has_group {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let child = command.args(arguments).spawn().with_context(|| format!("cannot run {line}"))?;
        Ok(Self { child: Some(child), has_group, helper: None, line, ended: None })
    }

    /// Whether there was a command, and it has ended by itself.
    fn has_ended(&mut self) -> bool {
        let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) else { return false };
        self.child = None;
        self.ended = Some(CommandEnd { line: self.line.clone(), good: status.success(), words: ending(status) });
        true
    }

    /// Ends what still runs: asks first, and insists later.
    fn end(&mut self, interrupted: bool) {
        if self.has_ended() {
            return;
        }
        let Some(mut child) = self.child.take() else { return };
        match &self.helper {
            Some(helper) => drop(helper.stop(false)),
            None => signal(&mut child, self.has_group, false),
        }
        // Whoever knows how it ended gives its number to others: until then it is its group's.
        let asked = Instant::now();
        while asked.elapsed() < GRACE && !has_exited(&mut child) {
            thread::sleep(GLANCE);
        }
        if self.has_group {
            // What it started may still tidy up.
            thread::sleep(GLANCE);
        }
        let killed = match &self.helper {
            Some(helper) => helper.stop(true).is_ok(),
            None => {
                signal(&mut child, self.has_group, true);
                true
            }
        };
        // One that cannot be ended is not waited for either.
        if killed {
            let _ = child.wait();
        }
        let words = if interrupted {
            "was interrupted"
        } else {
            "was still running when the time of --for was up, and was ended"
        };
        self.ended = Some(CommandEnd { line: self.line.clone(), good: false, words: words.to_owned() });
    }
}

/// In a line that is not too long.
fn brief(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(80).collect();
    if short.len() < line.len() {
        short.push_str("...");
    }
    short
}

/// Asks a command to end, or ends it, with its group.
#[cfg(unix)]
fn signal(child: &mut Child, has_group: bool, insist: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let (pid, signal) = (Pid::from_child(child), if insist { Signal::KILL } else { Signal::TERM });
    // It may be over by now.
    let _ = if has_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

#[cfg(not(unix))]
fn signal(child: &mut Child, _: bool, insist: bool) {
    if insist {
        let _ = child.kill();
    }
}

/// Whether a command has ended; how stays to be asked.
#[cfg(unix)]
fn has_exited(child: &mut Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
}

#[cfg(not(unix))]
fn has_exited(child: &mut Child) -> bool {
    child.try_wait().ok().flatten().is_some()
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    match status.code() {
        Some(code) => format!("exited with status {code}"),
        None => "ended".to_owned(),
    }
}
