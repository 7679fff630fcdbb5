//! The rights that a worker gives up, in layers: what gets past one meets the next.
//!
//! 1. No descriptor but the channel, no dump of its memory, an end with the process that asks.
//! 2. Limits of the system: memory for data, no byte written to a file.
//! 3. Landlock, where the system has it: no file and no port can be named.
//! 4. seccomp: of the system's calls those alone that decoding needs. No file can be opened, no socket made, no program
//!    or process started, no memory run or shared; what is not listed fails.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which layers hold a worker. As text one line for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// The version of the kernel's Landlock; none where it has none.
    pub landlock: Option<u32>,
    /// Memory for its data, in bytes.
    pub memory: u64,
    /// What a worker tried when it was locked up, and the system's number of the error that it got.
    pub tried: Vec<(String, i32)>,
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock {
            Some(version) => write!(f, "Landlock {version}, seccomp")?,
            None => write!(f, "seccomp; the kernel has no Landlock")?,
        }
        match self.memory >> 20 {
            0 => write!(f, ", {} bytes a worker", self.memory),
            mib @ 1..1024 => write!(f, ", {mib} MiB a worker"),
            _ => write!(f, ", {:.1} GiB a worker", self.memory as f64 / f64::from(1 << 30)),
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lock(_asker: u32, _memory: u64) -> Result<Layers, String> {
    Err("only Linux has what is needed".into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn forget_descriptors() {}

#[cfg(target_os = "linux")]
pub(super) use linux::{forget_descriptors, lock};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::io;

    use landlock::{ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, Scope};
    use libc::{c_int, c_long, c_ulong};
    use seccompiler::SeccompCmpArgLen::Dword;
    use seccompiler::SeccompCmpOp::MaskedEq;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    };

    use super::Layers;
    use crate::sandbox::attempts;

    /// Gives up all rights that decoding does not need, for good.
    ///
    /// # Errors
    /// When a layer does not hold; in words.
    pub(in crate::sandbox) fn lock(asker: u32, memory: u64) -> Result<Layers, String> {
        end_with(asker)
            .map_err(|error| format!("it cannot be made to end with its asker: {error}"))?;
        limit(memory).map_err(|error| format!("the system's limits cannot be set: {error}"))?;
        let landlock = name_nothing().map_err(|error| format!("Landlock: {error}"))?;
        call_little().map_err(|error| format!("seccomp: {error}"))?;
        Ok(Layers { landlock, memory, tried: attempts::all()? })
    }

    /// Closes all descriptors but the first three.
    pub(in crate::sandbox) fn forget_descriptors() {
        // SAFETY: nothing was opened yet that would be used again.
        unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    }

    fn checked(result: c_int) -> io::Result<()> {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn process_setting(option: c_int, value: c_ulong) -> io::Result<()> {
        // SAFETY: the options here take numbers.
        checked(unsafe { libc::prctl(option, value, 0, 0, 0) })
    }

    /// The system ends this process with its asker, who may have ended already.
    fn end_with(asker: u32) -> io::Result<()> {
        process_setting(libc::PR_SET_PDEATHSIG, libc::SIGKILL as c_ulong)?;
        if std::os::unix::process::parent_id() != asker {
            std::process::exit(1);
        }
        Ok(())
    }

    fn limit(memory: u64) -> io::Result<()> {
        process_setting(libc::PR_SET_DUMPABLE, 0)?;
        for (resource, most) in [
            (libc::RLIMIT_CORE, 0),
            (libc::RLIMIT_FSIZE, 0),
            (libc::RLIMIT_NOFILE, 16),
            (libc::RLIMIT_DATA, memory),
        ] {
            let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
            // SAFETY: the limit is alive.
            checked(unsafe { libc::setrlimit(resource, &raw const limit) })?;
        }
        Ok(())
    }

    /// With Landlock no path can be opened and no port be reached. Its version, or none where the kernel has it not.
    fn name_nothing() -> Result<Option<u32>, landlock::RulesetError> {
        let all = ABI::V7;
        let rules = Ruleset::default().handle_access(AccessFs::from_all(all))?;
        let rules = rules.handle_access(AccessNet::from_all(all))?.scope(Scope::from_all(all))?;
        Ok(match rules.create()?.restrict_self()?.landlock {
            LandlockStatus::Available { effective_abi, kernel_abi } => {
                u32::try_from(kernel_abi.unwrap_or(effective_abi as i32)).ok()
            }
            LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
        })
    }

    /// Calls without conditions: memory that is given back, threads that wait, times, the channel, and files that are open.
    const CALLS: [c_long; 41] = [
        libc::SYS_brk,
        libc::SYS_clock_getres,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        // Refused in a way of its own before.
        libc::SYS_clone3,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_fstat,
        libc::SYS_futex,
        libc::SYS_getcpu,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_gettimeofday,
        libc::SYS_lseek,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_ppoll,
        libc::SYS_pread64,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_sendmsg,
        libc::SYS_sendto,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
        libc::SYS_sysinfo,
        libc::SYS_uname,
        libc::SYS_write,
        libc::SYS_writev,
    ];

    /// The place of an argument, a mask, and the bits that it must have of it.
    type Condition = (u8, u64, u64);

    /// Calls that are allowed where all conditions hold.
    fn calls_with_conditions() -> [(c_long, Vec<Condition>); 5] {
        let executable = libc::PROT_EXEC as u64;
        // Memory that is shared, or grows as a stack does, is not counted as data.
        let uncounted = (libc::MAP_SHARED | libc::MAP_GROWSDOWN) as u64;
        let thread = libc::CLONE_THREAD as u64;
        let (all, own) = (u64::from(u32::MAX), u64::from(std::process::id()));
        [
            (libc::SYS_mmap, vec![(2, executable, 0), (3, uncounted, 0)]),
            (libc::SYS_mprotect, vec![(2, executable, 0)]),
            (libc::SYS_clone, vec![(0, thread, thread)]),
            (libc::SYS_prctl, vec![(0, all, libc::PR_SET_NAME as u64)]),
            (libc::SYS_tgkill, vec![(0, all, own)]),
        ]
    }

    /// With seccomp the calls above are all that there are.
    fn call_little() -> Result<(), seccompiler::Error> {
        // Its flags are behind a pointer, where no filter sees. The C library starts threads by `clone` where it is told that
        // there is no such call.
        let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        apply(rules, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            CALLS.into_iter().map(|call| (call, Vec::new())).collect();
        for (call, conditions) in calls_with_conditions() {
            let condition =
                |(place, mask, bits)| SeccompCondition::new(place, Dword, MaskedEq(mask), bits);
            let conditions = conditions.into_iter().map(condition).collect::<Result<_, _>>()?;
            rules.insert(call, vec![SeccompRule::new(conditions)?]);
        }
        apply(rules, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
    }

    fn apply(
        rules: BTreeMap<i64, Vec<SeccompRule>>,
        otherwise: SeccompAction,
        listed: SeccompAction,
    ) -> Result<(), seccompiler::Error> {
        let machine: TargetArch = std::env::consts::ARCH.try_into()?;
        let program: BpfProgram =
            SeccompFilter::new(rules, otherwise, listed, machine)?.try_into()?;
        seccompiler::apply_filter_all_threads(&program)
    }
}
