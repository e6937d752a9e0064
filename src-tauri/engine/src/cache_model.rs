//! The caches of three tenants against a model so simple that it is plainly right: 10^5 steps of each, no answer of another.

use std::time::Duration;

use andon_domain::ports::CacheStats;
use andon_domain::{Class, Timestamp};
use proptest::prelude::*;

use super::tests::{READS, key, long_answer, put};
use super::{CacheKey, CacheLimits, TenantCache, weight};

#[derive(Debug, Clone)]
enum Act {
    Get(usize),
    /// Which key, for how many seconds, and how long the answer is.
    Put(usize, u64, usize),
    Invalidate(usize),
    Wait(i64),
}

/// Keys of both operations in turn.
const KEYS: usize = 24;

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..KEYS).prop_map(Act::Get),
        4 => (0..KEYS, 1..400u64, 0..2_000usize).prop_map(|(k, t, l)| Act::Put(k, t, l)),
        1 => (0..2usize).prop_map(Act::Invalidate),
        1 => (0..200_000i64).prop_map(Act::Wait),
    ]
}

struct Known {
    key: usize,
    value: u64,
    at: i64,
    ttl: u64,
    weight: u64,
}

/// A cache so simple that it is plainly right: newest use last, everything by search.
struct Reference {
    limits: CacheLimits,
    entries: Vec<Known>,
    stats: CacheStats,
}

impl Reference {
    fn get(&mut self, key: usize, now: i64) -> Option<u64> {
        let is_fresh =
            |known: &Known| known.key == key && now - known.at < i64::try_from(known.ttl).unwrap() * 1000;
        let Some(place) = self.entries.iter().position(is_fresh) else {
            self.stats.misses += 1;
            return None;
        };
        self.stats.hits += 1;
        let known = self.entries.remove(place);
        self.entries.push(known);
        self.entries.last().map(|known| known.value)
    }

    fn put(&mut self, new: Known) {
        self.entries.retain(|known| known.key != new.key);
        if new.weight > self.limits.bytes {
            return;
        }
        self.entries.push(new);
        let is_above = |entries: &[Known]| {
            let bytes: u64 = entries.iter().map(|known| known.weight).sum();
            entries.len() > self.limits.entries || bytes > self.limits.bytes
        };
        while is_above(&self.entries) {
            self.entries.remove(0);
            self.stats.evicted += 1;
        }
    }

    fn stats(&self) -> CacheStats {
        CacheStats {
            entries: self.entries.len() as u64,
            bytes: self.entries.iter().map(|known| known.weight).sum(),
            ..self.stats
        }
    }
}

/// Cases of the property below, and steps of each tenant in a case at least: 10^5 steps of each tenant in all.
const CASES: u32 = 300;
const STEPS: usize = 334;

proptest! {
    // Every value is put once, so a value of another tenant would show.
    #![proptest_config(ProptestConfig::with_cases(CASES))]
    #[test]
    fn three_tenants_behave_as_three_reference_caches(
        entries in 1..12usize,
        bytes in 1_000..12_000u64,
        steps in proptest::collection::vec([act(), act(), act()], STEPS..STEPS + 20),
    ) {
        let limits = CacheLimits { entries, bytes };
        let keys: Vec<CacheKey> =
            (0..KEYS).map(|number| key(number % 2, Class::Internal, u32::try_from(number).unwrap())).collect();
        let caches = [0, 1, 2].map(|_| TenantCache::new(limits, 300));
        let mut references =
            [0, 1, 2].map(|_| Reference { limits, entries: Vec::new(), stats: CacheStats::default() });
        let (mut now, mut value) = (0i64, 0u64);
        for (tenant, act) in steps.into_iter().flat_map(|acts| acts.into_iter().enumerate()) {
            let (cache, reference) = (&caches[tenant], &mut references[tenant]);
            match act {
                Act::Get(k) => {
                    let found = cache.get(&keys[k], Timestamp::from_millis(now));
                    let found = found.and_then(|answer| answer.fetched.records[0].as_u64());
                    prop_assert_eq!(found, reference.get(k, now));
                }
                Act::Put(k, ttl, length) => {
                    value += 1;
                    let answer = long_answer(value, now, length);
                    let weight = weight(&answer.fetched);
                    put(cache, &keys[k], answer, Duration::from_secs(ttl));
                    reference.put(Known { key: k, value, at: now, ttl, weight });
                }
                Act::Invalidate(o) => {
                    cache.invalidate(&[READS[o]]);
                    reference.entries.retain(|known| known.key % 2 != o);
                }
                Act::Wait(millis) => now += millis,
            }
            let stats = cache.stats();
            prop_assert_eq!(stats, reference.stats());
            prop_assert!(stats.bytes <= bytes);
        }
    }
}
