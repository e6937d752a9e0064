//! The memory of this process, as Linux counts it.

/// How much a row may make the process grow.
pub(crate) const MOST_MEMORY: u64 = 64 * 1024 * 1024;

/// Memory in bytes, from a line of the process's status.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find(|text| text.starts_with(line)).unwrap();
    let kibibytes: u64 = found.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

pub(crate) fn resident() -> u64 {
    memory("VmRSS:")
}

pub(crate) fn peak() -> u64 {
    memory("VmHWM:")
}

/// Makes the peak start again from what is used now (`man 5 proc`, `clear_refs`).
pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}
