//! The machine's clocks and its randomness: the only place that reads them.

use andon_domain::time::Moment;
use andon_domain::{Clock, Ids, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

/// Wall clock, time since boot with suspend, and the boot's own id.
#[derive(Debug)]
pub(crate) struct SystemClock {
    boot_id: String,
}

impl SystemClock {
    /// Reads the boot id once; without one every start counts as a new boot, and the wall clock alone decides.
    #[must_use]
    pub(crate) fn new() -> Self {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| Uuid::new_v4().to_string(), |text| text.trim().to_owned());
        Self { boot_id }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn boot_us(&self) -> u64 {
        let boot = clock_gettime(ClockId::Boottime);
        u64::try_from(
            boot.tv_sec
                .saturating_mul(1_000_000)
                .saturating_add(boot.tv_nsec / 1_000),
        )
        .unwrap_or(0)
    }

    fn moment(&self) -> Moment {
        let wall = clock_gettime(ClockId::Realtime);
        let boot = clock_gettime(ClockId::Boottime);
        let millis =
            |seconds: i64, nanos: i64| seconds.saturating_mul(1_000).saturating_add(nanos / 1_000_000);
        Moment {
            utc: Timestamp::from_millis(millis(wall.tv_sec, wall.tv_nsec)),
            boot_ms: u64::try_from(millis(boot.tv_sec, boot.tv_nsec)).unwrap_or(0),
            boot_id: self.boot_id.clone(),
        }
    }
}

/// Ids from the clock and the operating system's randomness. Two ids made in one millisecond still have an order.
#[derive(Default)]
pub(crate) struct SystemIds {
    order: std::sync::Mutex<ContextV7>,
}

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        let order = self
            .order
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(UuidTime::now(&*order))
    }

    fn random(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system has randomness once it has booted");
    }
}
