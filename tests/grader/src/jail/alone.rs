//! A program that is one process: it computes, has threads, files and sockets, and that is all.
//!
//! seccomp lists what it may ask of the kernel, and not what it may not. It can start no program, for a new
//! process is refused it; it can hand no descriptor to anybody, change nobody's rights, and send signals only
//! to itself.
//!
//! The filter has to come between the start of a process and its program. So the grader's binary is started
//! first, and becomes the program. If it cannot, it says so into the pipe that is its standard input. The
//! program does not have this pipe.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Write, stdin};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::getpid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompRule,
};

use super::seccomp::{filter, install, numbers as n};

/// The argument by which the binary knows that it is meant. What follows is a program and its arguments.
pub const WORD: &str = "--alone";

/// What Rust's standard library, socket2, libtest and the C library ask of the kernel for what an exercise or
/// its test may do.
const ALLOWED: &[i64] = &[
    // Memory.
    n::SYS_brk,
    n::SYS_madvise,
    n::SYS_membarrier,
    n::SYS_mincore,
    n::SYS_mmap,
    n::SYS_mprotect,
    n::SYS_mremap,
    n::SYS_msync,
    n::SYS_munmap,
    // Threads. clone3 stands here for the jail's other filter, which says that there is none.
    n::SYS_clone3,
    n::SYS_exit,
    n::SYS_exit_group,
    n::SYS_futex,
    n::SYS_getcpu,
    n::SYS_get_robust_list,
    n::SYS_gettid,
    n::SYS_rseq,
    n::SYS_sched_getaffinity,
    n::SYS_sched_yield,
    n::SYS_set_robust_list,
    n::SYS_set_tid_address,
    // Its own program, once.
    n::SYS_execve,
    // Time.
    n::SYS_clock_getres,
    n::SYS_clock_gettime,
    n::SYS_clock_nanosleep,
    n::SYS_getrusage,
    n::SYS_gettimeofday,
    n::SYS_nanosleep,
    n::SYS_restart_syscall,
    n::SYS_timerfd_create,
    n::SYS_timerfd_gettime,
    n::SYS_timerfd_settime,
    n::SYS_times,
    // Signals.
    n::SYS_rt_sigaction,
    n::SYS_rt_sigpending,
    n::SYS_rt_sigprocmask,
    n::SYS_rt_sigreturn,
    n::SYS_rt_sigsuspend,
    n::SYS_rt_sigtimedwait,
    n::SYS_sigaltstack,
    // About itself.
    n::SYS_getegid,
    n::SYS_geteuid,
    n::SYS_getgid,
    n::SYS_getgroups,
    n::SYS_getpgid,
    n::SYS_getpid,
    n::SYS_getppid,
    n::SYS_getrandom,
    n::SYS_getresgid,
    n::SYS_getresuid,
    n::SYS_getsid,
    n::SYS_getuid,
    n::SYS_prlimit64,
    n::SYS_sysinfo,
    n::SYS_umask,
    n::SYS_uname,
    n::SYS_wait4,
    n::SYS_waitid,
    // Descriptors.
    n::SYS_close,
    n::SYS_close_range,
    n::SYS_dup,
    n::SYS_dup3,
    n::SYS_epoll_create1,
    n::SYS_epoll_ctl,
    n::SYS_epoll_pwait,
    n::SYS_epoll_pwait2,
    n::SYS_eventfd2,
    n::SYS_fcntl,
    n::SYS_ioctl,
    n::SYS_pipe2,
    n::SYS_ppoll,
    n::SYS_pselect6,
    n::SYS_read,
    n::SYS_readv,
    n::SYS_write,
    n::SYS_writev,
    // Files.
    n::SYS_chdir,
    n::SYS_copy_file_range,
    n::SYS_faccessat,
    n::SYS_faccessat2,
    n::SYS_fallocate,
    n::SYS_fdatasync,
    n::SYS_flock,
    n::SYS_fstat,
    n::SYS_fstatfs,
    n::SYS_fsync,
    n::SYS_ftruncate,
    n::SYS_getcwd,
    n::SYS_getdents64,
    n::SYS_linkat,
    n::SYS_lseek,
    n::SYS_mkdirat,
    n::SYS_newfstatat,
    n::SYS_openat,
    n::SYS_openat2,
    n::SYS_pread64,
    n::SYS_preadv,
    n::SYS_pwrite64,
    n::SYS_pwritev,
    n::SYS_readlinkat,
    n::SYS_renameat,
    n::SYS_renameat2,
    n::SYS_sendfile,
    n::SYS_splice,
    n::SYS_statfs,
    n::SYS_statx,
    n::SYS_symlinkat,
    n::SYS_unlinkat,
    // Sockets; which families, the jail's other filter says. Descriptors leave with sendmsg and sendmmsg.
    n::SYS_accept,
    n::SYS_accept4,
    n::SYS_bind,
    n::SYS_connect,
    n::SYS_getpeername,
    n::SYS_getsockname,
    n::SYS_getsockopt,
    n::SYS_listen,
    n::SYS_recvfrom,
    n::SYS_recvmmsg,
    n::SYS_recvmsg,
    n::SYS_sendto,
    n::SYS_setsockopt,
    n::SYS_shutdown,
    n::SYS_socket,
    n::SYS_socketpair,
];

/// The older names of some of them, which only this processor has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    n::SYS_access,
    n::SYS_arch_prctl,
    n::SYS_dup2,
    n::SYS_epoll_create,
    n::SYS_epoll_wait,
    n::SYS_eventfd,
    n::SYS_getdents,
    n::SYS_getpgrp,
    n::SYS_getrlimit,
    n::SYS_link,
    n::SYS_lstat,
    n::SYS_mkdir,
    n::SYS_open,
    n::SYS_pipe,
    n::SYS_poll,
    n::SYS_readlink,
    n::SYS_rename,
    n::SYS_rmdir,
    n::SYS_select,
    n::SYS_stat,
    n::SYS_symlink,
    n::SYS_time,
    n::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// They send a signal to the process with this number.
const SIGNALS: [i64; 2] = [n::SYS_kill, n::SYS_tgkill];

/// What prctl may do: name a thread, or a piece of memory.
const NAMES: [i32; 3] = [n::PR_SET_NAME, n::PR_GET_NAME, n::PR_SET_VMA];

/// Comes back only if it fails.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let Ok(supervisor) = fcntl_dupfd_cloexec(stdin(), FIRST_OWN) else {
        return ExitCode::FAILURE;
    };
    let why = become_program(arguments);
    // The supervisor waits for our end, and sees it in any case.
    let _ = File::from(supervisor).write_all(why.as_bytes());
    ExitCode::FAILURE
}

/// The lowest number of a descriptor that is not one of the three standard ones.
const FIRST_OWN: i32 = 3;

fn become_program(arguments: &[OsString]) -> String {
    let [program, rest @ ..] = arguments else {
        return "there is no program".to_owned();
    };
    // The jail has no /dev/null for us. What nobody writes to is empty, too.
    let empty = match std::io::pipe() {
        Ok((empty, _)) => empty,
        Err(error) => return format!("no standard input: {error}"),
    };
    match apply() {
        Ok(()) => Command::new(program)
            .args(rest)
            .stdin(empty)
            .exec()
            .to_string(),
        Err(why) => why,
    }
}

fn apply() -> Result<(), String> {
    let program = program().map_err(|error| format!("no seccomp filter: {error}"))?;
    install(&program)
}

fn program() -> Result<BpfProgram, BackendError> {
    let own = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
    let rule = |argument, operation, value| {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)?;
        SeccompRule::new(vec![condition])
    };
    let calls = ALLOWED.iter().chain(OLDER);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        calls.map(|&call| (call, Vec::new())).collect();
    let thread = u64::from(n::CLONE_THREAD.unsigned_abs());
    rules.insert(
        n::SYS_clone,
        vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?],
    );
    for call in SIGNALS {
        rules.insert(call, vec![rule(0, SeccompCmpOp::Eq, own)?]);
    }
    let names = NAMES.map(|name| rule(0, SeccompCmpOp::Eq, u64::from(name.unsigned_abs())));
    rules.insert(n::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    let refusal = SeccompAction::Errno(n::EPERM.unsigned_abs());
    filter(rules, SeccompAction::Allow, refusal)
}
