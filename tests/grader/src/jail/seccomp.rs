//! seccomp: system calls that no exercise needs, and that reach beyond the process, fail.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

pub mod numbers {
    //! Linux's numbers of system calls, which `libc` has as constants.
    pub use libc::*;
}
use numbers as n;

/// They look into other processes or the kernel, or create namespaces.
const REFUSED: &[i64] = &[
    n::SYS_ptrace,
    n::SYS_process_vm_readv,
    n::SYS_process_vm_writev,
    n::SYS_process_madvise,
    n::SYS_pidfd_getfd,
    n::SYS_kcmp,
    n::SYS_memfd_create,
    n::SYS_memfd_secret,
    n::SYS_io_uring_setup,
    n::SYS_io_uring_enter,
    n::SYS_io_uring_register,
    n::SYS_bpf,
    n::SYS_perf_event_open,
    n::SYS_userfaultfd,
    n::SYS_fanotify_init,
    n::SYS_unshare,
    n::SYS_setns,
    n::SYS_chroot,
    n::SYS_pivot_root,
    n::SYS_mount,
    n::SYS_umount2,
    n::SYS_mount_setattr,
    n::SYS_move_mount,
    n::SYS_fsopen,
    n::SYS_fsconfig,
    n::SYS_fsmount,
    n::SYS_fspick,
    n::SYS_open_tree,
    n::SYS_open_by_handle_at,
    n::SYS_name_to_handle_at,
    n::SYS_keyctl,
    n::SYS_add_key,
    n::SYS_request_key,
    n::SYS_kexec_load,
    n::SYS_kexec_file_load,
    n::SYS_init_module,
    n::SYS_finit_module,
    n::SYS_delete_module,
    n::SYS_reboot,
    n::SYS_swapon,
    n::SYS_swapoff,
    n::SYS_settimeofday,
    n::SYS_clock_settime,
    n::SYS_clock_adjtime,
    n::SYS_adjtimex,
    n::SYS_personality,
    n::SYS_quotactl,
    n::SYS_acct,
    n::SYS_syslog,
    n::SYS_sethostname,
    n::SYS_setdomainname,
    // What they create outlives the process.
    n::SYS_shmget,
    n::SYS_shmat,
    n::SYS_shmctl,
    n::SYS_semget,
    n::SYS_semop,
    n::SYS_semtimedop,
    n::SYS_semctl,
    n::SYS_msgget,
    n::SYS_msgsnd,
    n::SYS_msgrcv,
    n::SYS_msgctl,
    n::SYS_mq_open,
    n::SYS_mq_unlink,
];

/// They change the priority of a process or where it runs. If the argument with this number is not 0, it
/// may be another process.
const OF_OTHERS: &[(i64, u8)] = &[
    (n::SYS_sched_setaffinity, 0),
    (n::SYS_sched_setattr, 0),
    (n::SYS_sched_setparam, 0),
    (n::SYS_sched_setscheduler, 0),
    (n::SYS_setpriority, 1),
    (n::SYS_ioprio_set, 1),
];

/// A kernel may offer x86-64's calls a second time, with 32-bit pointers, under numbers with this bit.
const X32: i64 = 0x4000_0000;

/// Those of them that have numbers of their own there: ptrace, kexec_load, process_vm_readv and
/// process_vm_writev (the kernel's syscall_64.tbl).
#[cfg(target_arch = "x86_64")]
const OTHER_DOOR: &[i64] = &[X32 | 521, X32 | 528, X32 | 539, X32 | 540];
#[cfg(not(target_arch = "x86_64"))]
const OTHER_DOOR: &[i64] = &[];

/// Families of sockets that the exercises use, and netlink, by which the C library asks for addresses.
const FAMILIES: [i32; 4] = [n::AF_UNIX, n::AF_INET, n::AF_INET6, n::AF_NETLINK];

/// Flags of clone(2) that make namespaces.
const NAMESPACES: i32 = n::CLONE_NEWNS
    | n::CLONE_NEWCGROUP
    | n::CLONE_NEWUTS
    | n::CLONE_NEWIPC
    | n::CLONE_NEWUSER
    | n::CLONE_NEWPID
    | n::CLONE_NEWNET;

pub fn apply() -> Result<(), String> {
    programs()
        .map_err(|error| format!("no seccomp filter: {error}"))?
        .iter()
        .try_for_each(install)
}

/// What becomes of a system call that has one of these rules, and of any other.
pub fn filter(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    listed: SeccompAction,
    other: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, other, listed, arch)?.try_into()
}

/// From now on it holds for this thread and all that it starts.
pub fn install(program: &BpfProgram) -> Result<(), String> {
    seccompiler::apply_filter(program)
        .map_err(|error| format!("the kernel refuses the seccomp filter: {error}"))
}

fn programs() -> Result<[BpfProgram; 2], BackendError> {
    let build = |rules, errno: i32| {
        let refusal = SeccompAction::Errno(errno.unsigned_abs());
        filter(rules, refusal, SeccompAction::Allow)
    };

    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED
        .iter()
        .chain(OTHER_DOOR)
        .map(|&call| (call, Vec::new()))
        .collect();
    let not_zero =
        |argument| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0);
    for &(call, argument) in OF_OTHERS {
        rules.insert(call, vec![SeccompRule::new(vec![not_zero(argument)?])?]);
    }
    // For a user, 0 means all processes of one's own user.
    let of_user = |call: i64, which: u64| {
        let is_user = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, which)?;
        Ok::<_, BackendError>((call, SeccompRule::new(vec![is_user])?))
    };
    const IOPRIO_WHO_USER: u64 = 3; // linux/ioprio.h
    for (call, rule) in [
        of_user(n::SYS_setpriority, u64::from(n::PRIO_USER))?,
        of_user(n::SYS_ioprio_set, IOPRIO_WHO_USER)?,
    ] {
        rules.entry(call).or_default().push(rule);
    }
    // Reading another process's limits is harmless.
    let new_limit = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    let of_another = SeccompRule::new(vec![not_zero(0)?, new_limit])?;
    rules.insert(n::SYS_prlimit64, vec![of_another]);
    let mut other_family = Vec::new();
    for family in FAMILIES {
        let family = u64::from(family.unsigned_abs());
        other_family.push(SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Ne,
            family,
        )?);
    }
    rules.insert(n::SYS_socket, vec![SeccompRule::new(other_family)?]);
    let mut makes_one = Vec::new();
    for bit in (0..32).map(|bit| 1_u64 << bit) {
        if u64::from(NAMESPACES.unsigned_abs()) & bit != 0 {
            let condition = SeccompCondition::new(
                0,
                SeccompCmpArgLen::Qword,
                SeccompCmpOp::MaskedEq(bit),
                bit,
            )?;
            makes_one.push(SeccompRule::new(vec![condition])?);
        }
    }
    rules.insert(n::SYS_clone, makes_one);
    if cfg!(target_arch = "x86_64") {
        let doubled: Vec<_> = rules
            .iter()
            .map(|(&call, rules)| (call | X32, rules.clone()))
            .collect();
        rules.extend(doubled);
    }

    // The flags of clone3 lie in memory, where a filter cannot look. The C library takes clone when
    // there is no clone3.
    let clone3 = BTreeMap::from([(n::SYS_clone3, Vec::new())]);
    Ok([build(rules, n::EPERM)?, build(clone3, n::ENOSYS)?])
}
