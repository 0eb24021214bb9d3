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

use super::AllowedDescriptors;

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
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_waitid,
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
pub(super) fn filter(doors: AllowedDescriptors) -> Result<()> {
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

fn rules(doors: AllowedDescriptors) -> Result<BTreeMap<i64, Vec<SeccompRule>>> {
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
    if let Some(broker) = doors.broker {
        allow(libc::SYS_sendmsg, &[(0, Eq, broker as u64)])?;
        allow(libc::SYS_recvmsg, &[(0, Eq, broker as u64)])?;
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
    // A signal to one of its own threads, as when it aborts; to no other process's.
    allow(libc::SYS_tgkill, &[(0, Eq, u64::from(std::process::id()))])?;
    // No statx(2) and newfstatat(2), not even with AT_EMPTY_PATH: that lets a path be empty, and does not ask for it to be.
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with a system call: the filter's program, run as seccomp(2) does it.
    fn verdict(program: &BpfProgram, call: c_long, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend((call as u32).to_ne_bytes());
        data.extend(libc_arch().to_ne_bytes());
        data.extend(0_u64.to_ne_bytes());
        arguments.iter().for_each(|argument| data.extend(argument.to_ne_bytes()));
        let word = |at: u32| u32::from_ne_bytes(data[at as usize..at as usize + 4].try_into().unwrap());
        let (mut accumulator, mut next) = (0, 0);
        loop {
            let instruction = &program[next];
            let (k, jumps) = (instruction.k, [usize::from(instruction.jf), usize::from(instruction.jt)]);
            next += 1;
            match instruction.code {
                0x20 => accumulator = word(k),
                0x54 => accumulator &= k,
                0x05 => next += k as usize,
                0x15 => next += jumps[usize::from(accumulator == k)],
                0x25 => next += jumps[usize::from(accumulator > k)],
                0x35 => next += jumps[usize::from(accumulator >= k)],
                0x06 => return k,
                other => panic!("{other:#x} is no instruction that a filter has"),
            }
        }
    }

    fn libc_arch() -> u32 {
        // AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_RISCV64.
        match std::env::consts::ARCH {
            "x86_64" => 0xc000_003e,
            "aarch64" => 0xc000_00b7,
            _ => 0xc000_00f3,
        }
    }

    #[test]
    fn a_path_tells_nothing_and_only_own_threads_get_signals() {
        let processor = TargetArch::try_from(std::env::consts::ARCH).unwrap();
        let denied = SeccompAction::Errno(libc::EPERM as u32);
        let rules = rules(AllowedDescriptors { broker: Some(7), capture: Some(5) }).unwrap();
        let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, processor).unwrap();
        let program: BpfProgram = filter.try_into().unwrap();
        let allowed = |call, arguments| verdict(&program, call, arguments) == libc::SECCOMP_RET_ALLOW;
        let (pid, any) = (u64::from(std::process::id()), 0x7fff_0000);
        assert!(allowed(libc::SYS_tgkill, [pid, pid, 6, 0, 0, 0]));
        assert!(!allowed(libc::SYS_tgkill, [pid + 1, pid + 1, 6, 0, 0, 0]));
        assert!(!allowed(libc::SYS_kill, [pid, 6, 0, 0, 0, 0]));
        let empty = libc::AT_EMPTY_PATH as u64;
        assert!(!allowed(libc::SYS_statx, [any, any, empty, 0x7ff, any, 0]));
        assert!(!allowed(libc::SYS_newfstatat, [any, any, any, empty, 0, 0]));
        assert!(allowed(libc::SYS_fstat, [3, any, 0, 0, 0, 0]));
        assert!(allowed(libc::SYS_write, [1, any, 1, 0, 0, 0]) && !allowed(libc::SYS_write, [5, any, 1, 0, 0, 0]));
        assert!(allowed(libc::SYS_sendmsg, [7, any, 0, 0, 0, 0]) && !allowed(libc::SYS_sendmsg, [5, any, 0, 0, 0, 0]));
    }
}
