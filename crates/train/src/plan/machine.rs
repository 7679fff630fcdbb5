//! What memory this machine has for a process.

use std::path::PathBuf;

/// Bytes that a process may take now: what the system has left, or what is left of the limit that the process's control
/// group sets, whichever is less. [`None`] where the system does not tell.
pub(crate) fn available_bytes() -> Option<f64> {
    let of_system = meminfo(&std::fs::read_to_string("/proc/meminfo").ok()?);
    let of_groups = group_files().into_iter().filter_map(|[limit, used]| {
        let (limit, used) = (number(&limit)?, number(&used).unwrap_or(0.0));
        Some((limit - used).max(0.0))
    });
    of_system.into_iter().chain(of_groups).min_by(f64::total_cmp)
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn meminfo(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0)
}

/// The files of limit and use of this process's control group and of those above it, of both versions.
fn group_files() -> Vec<[PathBuf; 2]> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(kind), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, names) = match kind {
            "" => ("/sys/fs/cgroup", ["memory.max", "memory.current"]),
            "memory" => {
                ("/sys/fs/cgroup/memory", ["memory.limit_in_bytes", "memory.usage_in_bytes"])
            }
            _ => continue,
        };
        let mut folder = PathBuf::from(path.trim_start_matches('/'));
        loop {
            files.push(names.map(|name| PathBuf::from(root).join(&folder).join(name)));
            if !folder.pop() {
                break;
            }
        }
    }
    files
}

/// A number that stands alone in a file; "max" is none.
fn number(path: &std::path::Path) -> Option<f64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_told_in_bytes() {
        let text = "MemTotal:  24105 kB\nMemFree: 3063 kB\nMemAvailable:   18094 kB\n";
        assert_eq!(meminfo(text), Some(18094.0 * 1024.0));
        assert_eq!(meminfo("MemTotal: 1 kB\n"), None);
    }
}
