//! Which system calls are refused, as seccomp filters.
//!
//! Landlock governs files; what goes around it is refused here: sockets (Unix sockets by name are
//! not governed before Landlock's ninth version), `io_uring` (it makes system calls that no filter
//! sees), programs that lie in no folder, other processes' memory, and what changes the machine.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use rustix::io::{FdFlags, fcntl_setfd};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

use super::Role;

/// Refused to everyone.
const NEVER: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_connect,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_finit_module,
    libc::SYS_fremovexattr,
    libc::SYS_fsconfig,
    libc::SYS_fsetxattr,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lremovexattr,
    libc::SYS_lsetxattr,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_mknodat,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    SYS_QUOTACTL_FD,
    libc::SYS_reboot,
    libc::SYS_removexattr,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_setxattr,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// The same where only one family of processors has them.
#[cfg(target_arch = "x86_64")]
const NEVER_HERE: &[i64] = &[
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_ioperm,
    libc::SYS_iopl,
    libc::SYS_mknod,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
];
#[cfg(not(target_arch = "x86_64"))]
const NEVER_HERE: &[i64] = &[];

/// Answered as done, and not done: Landlock does not govern the mode and the times of files, and
/// programs give up that cannot set them.
const PRETENDED: &[i64] =
    &[libc::SYS_fchmod, libc::SYS_fchmodat, SYS_FCHMODAT2, libc::SYS_utimensat];
/// The same where only one family of processors has them.
#[cfg(target_arch = "x86_64")]
const PRETENDED_HERE: &[i64] =
    &[libc::SYS_chmod, libc::SYS_futimesat, libc::SYS_utime, libc::SYS_utimes];
#[cfg(not(target_arch = "x86_64"))]
const PRETENDED_HERE: &[i64] = &[];
/// `quotactl_fd(2)`.
const SYS_QUOTACTL_FD: i64 = 443;
/// `fchmodat2(2)`, which has one number everywhere and no name in `libc` on all of them.
const SYS_FCHMODAT2: i64 = 452;

/// Answered as not known to any file system: attributes of files, which Landlock does not govern.
const ATTRIBUTES: &[i64] = &[
    libc::SYS_fgetxattr,
    libc::SYS_flistxattr,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
];

/// Memory, messages and locks that all processes of a machine share by a number or a name, and that
/// outlive them.
const SHARED: &[i64] = &[
    libc::SYS_mq_getsetattr,
    libc::SYS_mq_notify,
    libc::SYS_mq_open,
    libc::SYS_mq_timedreceive,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_unlink,
    libc::SYS_msgctl,
    libc::SYS_msgget,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_semctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
];
/// The same of memory, of which a server has a page that says that it runs.
const SHARED_MEMORY: &[i64] =
    &[libc::SYS_shmat, libc::SYS_shmctl, libc::SYS_shmdt, libc::SYS_shmget];

/// What starts other programs.
const PROGRAMS: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];
#[cfg(target_arch = "x86_64")]
const FORKS: &[i64] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const FORKS: &[i64] = &[];

/// What leaves the group of processes that is ended together.
const LEAVES: &[i64] = &[libc::SYS_setsid, libc::SYS_setpgid];

/// What sends signals.
const SIGNALS: &[i64] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

/// What changes the limits and the turns of any process of the same user, and the argument that
/// says whose: 0 is the caller. Landlock does not govern them.
const OF_OTHERS: &[(i64, u8)] = &[
    (libc::SYS_prlimit64, 0),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setattr, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setscheduler, 0),
];
/// The same where 0 is the caller only for one kind of answer to "whose" (`PRIO_PROCESS`,
/// `IOPRIO_WHO_PROCESS`), which is the argument before.
const OF_MANY: &[(i64, i32)] = &[(libc::SYS_ioprio_set, 1), (libc::SYS_setpriority, 0)];

/// The bytes of memory that a server may share by a number.
const MOST_SHARED: i32 = 4096;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filters for a role; `signals_are_held` where Landlock keeps them among the confined.
pub(super) fn filters(role: Role, signals_are_held: bool) -> Result<Vec<BpfProgram>, String> {
    let mut refused: Rules = BTreeMap::new();
    let mut refuse = |calls: &[i64]| {
        for call in calls {
            refused.insert(*call, Vec::new());
        }
    };
    refuse(NEVER);
    refuse(NEVER_HERE);
    refuse(SHARED);
    if role != Role::Server {
        refuse(LEAVES);
        refuse(SHARED_MEMORY);
        refuse(&[libc::SYS_bind, libc::SYS_listen, libc::SYS_socket]);
        if !signals_are_held {
            refuse(SIGNALS);
        }
    }
    if role == Role::Calculation {
        refuse(PROGRAMS);
        refuse(FORKS);
        refuse(&[libc::SYS_socketpair]);
    }
    if role == Role::Server {
        refused.insert(libc::SYS_shmget, vec![argument(1, SeccompCmpOp::Gt, MOST_SHARED)?]);
        refused.insert(libc::SYS_socket, other_sockets()?);
    }
    if role != Role::Calculation {
        refused.insert(libc::SYS_socketpair, other_sockets()?);
    }
    refused.insert(libc::SYS_clone, clones(role)?);
    for (call, who) in OF_OTHERS {
        refused.insert(*call, vec![argument(*who, SeccompCmpOp::Ne, 0)?]);
    }
    for (call, own) in OF_MANY {
        let others = argument(0, SeccompCmpOp::Ne, *own)?;
        refused.insert(*call, vec![others, argument(1, SeccompCmpOp::Ne, 0)?]);
    }
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let pretended =
        PRETENDED.iter().chain(PRETENDED_HERE).map(|call| (*call, Vec::new())).collect();
    let attributes = ATTRIBUTES.iter().map(|call| (*call, Vec::new())).collect();
    let filters = vec![
        program(refused, libc::EPERM)?,
        // Its flags lie in memory, where no filter sees them; the C library then takes `clone`.
        program(unknown, libc::ENOSYS)?,
        program(pretended, 0)?,
        program(attributes, libc::EOPNOTSUPP)?,
        later(),
    ];
    Ok(filters)
}

fn program(rules: Rules, errno: i32) -> Result<BpfProgram, String> {
    let told = |error: &dyn std::fmt::Display| format!("no filter can be made: {error}");
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| told(&error))?;
    let errno = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, errno, arch);
    filter.and_then(BpfProgram::try_from).map_err(|error| told(&error))
}

/// A condition on an argument of 32 bits.
fn argument(index: u8, op: SeccompCmpOp, value: i32) -> Result<SeccompRule, String> {
    let value = u64::from(value.cast_unsigned());
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, op, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| format!("no filter can be made: {error}"))
}

/// Every socket but a stream between processes of this machine.
fn other_sockets() -> Result<Vec<SeccompRule>, String> {
    /// The kind without its flags (`SOCK_TYPE_MASK`).
    const KIND: u64 = 0xf;
    let mut rules = vec![argument(0, SeccompCmpOp::Ne, libc::AF_UNIX)?];
    for kind in 0..16 {
        if kind != libc::SOCK_STREAM {
            rules.push(argument(1, SeccompCmpOp::MaskedEq(KIND), kind)?);
        }
    }
    Ok(rules)
}

/// Clones with a view of the machine of their own; for a calculation, all but threads.
fn clones(role: Role) -> Result<Vec<SeccompRule>, String> {
    const VIEWS: [i32; 7] = [
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWUTS,
    ];
    let flag = |flag: i32| u64::from(flag.cast_unsigned());
    let mut rules = Vec::new();
    for view in VIEWS {
        rules.push(argument(0, SeccompCmpOp::MaskedEq(flag(view)), view)?);
    }
    if role == Role::Calculation {
        rules.push(argument(0, SeccompCmpOp::MaskedEq(flag(libc::CLONE_THREAD)), 0)?);
    }
    Ok(rules)
}

/// Refuses what came after Linux 6.12, the newest kernel that these lists were made for, as older
/// kernels do: `setxattrat(2)` and its kind. Numbers are the same everywhere there. Some kernels for
/// x86-64 have every system call a second time, under far higher numbers: none of them is for anyone.
fn later() -> BpfProgram {
    const FIRST: u32 = 463;
    // Codes of BPF, and what a filter answers, by linux/bpf_common.h and linux/seccomp.h.
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const NUMBER: u32 = 0;
    let unknown = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_WORD, 0, 0, NUMBER),
        step(JUMP_IF_AT_LEAST, 0, 1, FIRST),
        step(RETURN, 0, 0, unknown),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

/// Lets files close that somebody before us left open, when the next program starts.
pub(super) fn keep_nothing_open() -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("open files cannot be told: {error}");
    for entry in std::fs::read_dir("/proc/self/fd").map_err(|error| told(&error))? {
        let name = entry.map_err(|error| told(&error))?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if number > 2 {
            // SAFETY: only a flag of the number is set, whoever owns it; one that is closed by now
            // is an error that says so.
            #[allow(unsafe_code, reason = "open files of unknown owners have no safe handle")]
            let file = unsafe { BorrowedFd::borrow_raw(number) };
            let _ = fcntl_setfd(file, FdFlags::CLOEXEC);
        }
    }
    Ok(())
}
