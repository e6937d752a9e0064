//! The cache against a model so simple that it is plainly right: a table of what was put when and used when, everything by
//! search. Three tenants take their steps in turns, and every value is put once, so that one of another tenant would show.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{READS, answer, key, put};
use super::*;

const TENANTS: usize = 3;
/// Of each tenant.
const STEPS: usize = 100_000;
/// Different parameters of an operation.
const NUMBERS: u64 = 8;

#[derive(Debug, Clone)]
enum Act {
    Get(Name),
    Stale(Name),
    Put(Name, u64),
    /// Asked for before its operation was invalidated, and there after it.
    PutLate(Name),
    Invalidate(usize),
    Wait(i64),
}

/// Operation, scope and parameters.
type Name = (usize, Class, u32);

impl Act {
    /// The act that a number stands for; each part of the number decides something else.
    fn of(dice: u64) -> Self {
        let part = |from: u32, most: u64| (dice >> from) % most;
        let scope = [Class::Internal, Class::HighlyRestricted][usize::from(part(8, 2) == 1)];
        let operation = usize::from(part(9, 2) == 1);
        let name = (operation, scope, u32::try_from(part(16, NUMBERS)).unwrap());
        match part(32, 100) {
            0..40 => Self::Get(name),
            40..50 => Self::Stale(name),
            50..90 => Self::Put(name, part(40, 400)),
            90..92 => Self::PutLate(name),
            92..94 => Self::Invalidate(operation),
            _ => Self::Wait(i64::try_from(part(40, 200_000)).unwrap()),
        }
    }
}

struct Kept {
    value: u64,
    at: i64,
    ttl_ms: i64,
    used: u64,
}

/// What one tenant's cache should hold.
struct Model {
    most: usize,
    kept: HashMap<Name, Kept>,
    uses: u64,
    stats: CacheStats,
}

impl Model {
    fn new(most: usize) -> Self {
        Self {
            most,
            kept: HashMap::new(),
            uses: 0,
            stats: CacheStats::default(),
        }
    }

    fn get(&mut self, name: Name, now: i64) -> Option<u64> {
        self.uses += 1;
        let uses = self.uses;
        let found = self
            .kept
            .get_mut(&name)
            .filter(|kept| now - kept.at < kept.ttl_ms);
        match found {
            Some(kept) => {
                self.stats.hits += 1;
                kept.used = uses;
                Some(kept.value)
            }
            None => {
                self.stats.misses += 1;
                None
            }
        }
    }

    fn put(&mut self, name: Name, value: u64, now: i64, ttl_s: u64) {
        if ttl_s == 0 {
            return;
        }
        self.uses += 1;
        let is_new = !self.kept.contains_key(&name);
        if is_new && self.kept.len() == self.most {
            let longest_unused = self.kept.iter().min_by_key(|(_, kept)| kept.used);
            let name = *longest_unused.unwrap().0;
            self.kept.remove(&name);
            self.stats.evicted += 1;
        }
        let ttl_ms = i64::try_from(ttl_s).unwrap() * 1_000;
        let (at, used) = (now, self.uses);
        self.kept.insert(
            name,
            Kept {
                value,
                at,
                ttl_ms,
                used,
            },
        );
    }

    fn stats(&self) -> CacheStats {
        CacheStats {
            entries: self.kept.len() as u64,
            ..self.stats
        }
    }
}

/// The values in an answer.
fn value_of(answer: Option<Arc<Answer>>) -> Option<u64> {
    answer.map(|answer| answer.fetched.records[0].as_u64().unwrap())
}

/// Cache and model of a tenant, and the steps that both take.
struct Tenant {
    cache: TenantCache,
    model: Model,
    keys: HashMap<Name, CacheKey>,
}

impl Tenant {
    fn new(most: usize) -> Self {
        Self {
            cache: TenantCache::new(most, 300),
            model: Model::new(most),
            keys: HashMap::new(),
        }
    }

    /// Takes a step with the next value. What is shown must be what the model shows.
    fn step(&mut self, act: &Act, now: &mut i64, value: u64) -> Result<(), TestCaseError> {
        let (cache, model) = (&self.cache, &mut self.model);
        // The same for every tenant, so that only the cache keeps them apart.
        let mut key_of = |name: Name| {
            let made = self.keys.entry(name);
            *made.or_insert_with(|| key(name.0, name.1, name.2))
        };
        match *act {
            Act::Get(name) => {
                let found = cache.get(&key_of(name), Timestamp::from_millis(*now));
                prop_assert_eq!(value_of(found), model.get(name, *now));
            }
            Act::Stale(name) => {
                let found = cache.stale(&key_of(name));
                prop_assert_eq!(value_of(found), model.kept.get(&name).map(|kept| kept.value));
            }
            Act::Put(name, ttl) => {
                put(
                    cache,
                    &key_of(name),
                    answer(value, *now),
                    Duration::from_secs(ttl),
                );
                model.put(name, value, *now, ttl);
            }
            Act::PutLate(name) => {
                let key = key_of(name);
                let asked_in = cache.generation(&key);
                cache.invalidate(&[READS[name.0]]);
                cache.put(key, answer(value, *now), Duration::from_secs(300), asked_in);
                model.kept.retain(|kept, _| kept.0 != name.0);
            }
            Act::Invalidate(operation) => {
                cache.invalidate(&[READS[operation]]);
                model.kept.retain(|kept, _| kept.0 != operation);
            }
            Act::Wait(millis) => *now += millis,
        }
        prop_assert_eq!(cache.stats(), model.stats());
        Ok(())
    }
}

/// 10^5 steps of each of three tenants, in turns, always the same; the property below takes others each time.
#[test]
fn a_hundred_thousand_steps_of_each_of_three_tenants_cross_nowhere() {
    let mut tenants = [3, 7, 13].map(Tenant::new);
    let (mut now, mut dice) = (0, 0_u64);
    for number in 0..STEPS * TENANTS {
        // SplitMix64.
        dice = dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (dice ^ (dice >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let (tenant, act) = (number % TENANTS, Act::of(mixed ^ (mixed >> 31)));
        let step = tenants[tenant].step(&act, &mut now, number as u64);
        assert!(
            step.is_ok(),
            "step {number} of tenant {tenant}, {act:?}: {step:?}"
        );
    }
    let seen = tenants.map(|tenant| tenant.cache.stats());
    let is_busy = |stats: &CacheStats| stats.hits > 1_000 && stats.misses > 1_000 && stats.evicted > 1_000;
    assert!(seen.iter().all(is_busy), "the steps try what matters: {seen:?}");
}

proptest! {
    #[test]
    fn three_tenants_behave_as_three_models(
        most in 1..8_usize,
        dice in proptest::collection::vec((0..TENANTS, any::<u64>()), 1..400),
    ) {
        let mut tenants = [0; TENANTS].map(|_| Tenant::new(most));
        let mut now = 0;
        for (value, (tenant, dice)) in (1..).zip(dice) {
            tenants[tenant].step(&Act::of(dice), &mut now, value)?;
        }
    }
}
