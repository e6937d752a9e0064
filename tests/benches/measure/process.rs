//! What this process costs: its processor time, and the memory it ever held at once. Linux tells both.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process so far, all threads together. The plant is another process and does not count.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// Memory of this process in bytes.
pub(crate) struct Memory {
    /// Resident when the work began.
    pub(crate) before: u64,
    /// The most that was resident at once until it ended: everything, the program itself included.
    pub(crate) peak: u64,
}

/// Does some work and tells the memory it took; `result` is still held when the peak is read.
pub(crate) fn memory_of<T>(work: impl FnOnce() -> T) -> (T, Memory) {
    // "5" sets the peak back to what is resident now; see proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let result = work();
    let peak = status("VmHWM:");
    (result, Memory { before, peak })
}

/// A line of the kernel's account of this process, in bytes.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}
