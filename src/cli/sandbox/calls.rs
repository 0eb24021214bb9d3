//! The system calls that a confined process is left with (seccomp(2)).
//!
//! They are those of reading what is open, writing what is open, memory, time, and threads. Every other one fails with
//! EPERM: opening a file, making a socket, starting a process, sending a packet.

use std::collections::BTreeMap;

use anyhow::Result;
use nix::libc::{self, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::Doors;

/// Whatever their arguments.
const ALWAYS: &[c_long] = &[
    // Reading and closing what is open.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_recvfrom,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_ppoll,
    libc::SYS_shutdown,
    // Files that were opened for writing.
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    // Memory; see also those below.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Threads, and their ends.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    // Signals.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time and chance.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// `prctl` that names a thread, or memory.
const PR_SET_VMA: u64 = 0x5356_4d41;

/// Installs the filter, on every thread; nothing where the processor is not known.
pub(super) fn filter(doors: Doors) -> Result<()> {
    let Ok(processor) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(()) };
    // Its arguments are out of sight: the C library takes clone(2) instead, whose flags can be looked at.
    let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    apply(SeccompFilter::new(clone3, SeccompAction::Allow, missing, processor)?)?;
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    apply(SeccompFilter::new(rules(doors)?, denied, SeccompAction::Allow, processor)?)
}

fn apply(filter: SeccompFilter) -> Result<()> {
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter_all_threads(&program)?)
}

fn rules(doors: Doors) -> Result<BTreeMap<i64, Vec<SeccompRule>>> {
    use SeccompCmpOp::{Eq, MaskedEq, Ne};
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALWAYS.iter().map(|call| (*call, Vec::new())).collect();
    let mut allow = |call: c_long, conditions: &[(u8, SeccompCmpOp, u64)]| -> Result<()> {
        let conditions = conditions.iter().map(|(argument, operation, value)| {
            SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, operation.clone(), *value)
        });
        let rule = conditions.collect::<Result<Vec<_>, _>>()?;
        let list = rules.entry(call).or_default();
        if !rule.is_empty() {
            list.push(SeccompRule::new(rule)?);
        }
        Ok(())
    };
    allow(libc::SYS_clone3, &[])?;
    let thread = libc::CLONE_THREAD as u64;
    allow(libc::SYS_clone, &[(0, MaskedEq(thread), thread)])?;
    // What is written to the socket of a capture would go out on the wire.
    let not_the_wire: Vec<_> = doors.capture.map(|socket| (0, Ne, socket as u64)).into_iter().collect();
    for call in [libc::SYS_write, libc::SYS_writev, libc::SYS_pwrite64] {
        allow(call, &not_the_wire)?;
    }
    if let Some(clerk) = doors.clerk {
        allow(libc::SYS_sendmsg, &[(0, Eq, clerk as u64)])?;
        allow(libc::SYS_recvmsg, &[(0, Eq, clerk as u64)])?;
    }
    // Memory that can be run is never made.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        allow(call, &[(2, MaskedEq(libc::PROT_EXEC as u64), 0)])?;
    }
    for command in [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL] {
        allow(libc::SYS_fcntl, &[(1, Eq, command as u64)])?;
    }
    let copy = (1, Eq, libc::F_DUPFD_CLOEXEC as u64);
    allow(libc::SYS_fcntl, &[&[copy][..], &not_the_wire].concat())?;
    // TCGETS and TIOCGWINSZ of a terminal, SIOCGIFFLAGS and SIOCGIFINDEX of an interface.
    for request in [0x5401, 0x5413, 0x8913, 0x8933] {
        allow(libc::SYS_ioctl, &[(1, Eq, request)])?;
    }
    for option in [libc::PR_SET_NAME as u64, PR_SET_VMA] {
        allow(libc::SYS_prctl, &[(0, Eq, option)])?;
    }
    // A file that is open, without a path.
    let itself = (libc::AT_EMPTY_PATH as u64, libc::AT_EMPTY_PATH as u64);
    allow(libc::SYS_statx, &[(2, MaskedEq(itself.0), itself.1)])?;
    allow(libc::SYS_newfstatat, &[(3, MaskedEq(itself.0), itself.1)])?;
    Ok(rules)
}
