//! The cache against a plain one, and what it keeps, for how long, and how much of it.

use super::*;
use andon_domain::PortErrorKind;
use proptest::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

const READS: [&str; 2] = ["sap.get_purchase_orders", "mes.get_machine_status"];
const TTL: Duration = Duration::from_secs(300);

fn key(operation: usize, scope: Class, number: u32) -> CacheKey {
    let parameters = CanonicalJson::from_value(&serde_json::json!({ "n": number })).unwrap();
    CacheKey::new(READS[operation], scope, &parameters)
}

fn answer(number: u64, at: i64) -> Arc<Answer> {
    long_answer(number, at, 0)
}

fn long_answer(number: u64, at: i64, length: usize) -> Arc<Answer> {
    let fetched = Fetched {
        records: vec![number.into(), "x".repeat(length).into()],
        total: None,
        is_truncated: false,
        warnings: Vec::new(),
        observed_at: None,
    };
    Arc::new(Answer {
        fetched,
        fetched_at: Timestamp::from_millis(at),
    })
}

fn put(cache: &TenantCache, key: &CacheKey, answer: Arc<Answer>, ttl: Duration) {
    cache.put(*key, answer, ttl, cache.generation(key));
}

#[test]
fn an_answer_lives_as_long_as_it_may_and_is_kept_for_worse_days() {
    let cache = TenantCache::new(CacheLimits::default(), 300);
    let key = key(0, Class::Internal, 1);
    put(&cache, &key, answer(1, 1_000), TTL);
    assert!(cache.get(&key, Timestamp::from_millis(300_999)).is_some());
    assert!(
        cache.get(&key, Timestamp::from_millis(301_000)).is_none(),
        "300 s are over"
    );
    assert!(
        cache.get(&key, Timestamp::from_millis(999)).is_none(),
        "a clock set back makes no answer young"
    );
    assert!(cache.stale(&key).is_some());
    assert_eq!(
        cache.stats(),
        CacheStats {
            hits: 1,
            misses: 2,
            evicted: 0,
            entries: 1,
            bytes: weight(&answer(1, 0).fetched),
        }
    );
}

#[test]
fn large_answers_push_out_as_many_as_they_take_the_place_of() {
    let of = |length: usize| long_answer(1, 0, length);
    let limits = CacheLimits {
        entries: 100,
        bytes: 10 * weight(&of(1_000).fetched),
    };
    let cache = TenantCache::new(limits, 300);
    let keys: Vec<CacheKey> = (0..20).map(|number| key(0, Class::Internal, number)).collect();
    for key in &keys[..10] {
        put(&cache, key, of(1_000), TTL);
    }
    assert_eq!((cache.stats().entries, cache.stats().bytes), (10, limits.bytes));
    put(&cache, &keys[10], of(3_000), TTL);
    assert_eq!(
        (cache.stats().entries, cache.stats().evicted),
        (8, 3),
        "the three oldest made room"
    );
    assert!(cache.stale(&keys[2]).is_none() && cache.stale(&keys[3]).is_some());
    put(&cache, &keys[3], of(100_000), TTL);
    assert!(
        cache.stale(&keys[3]).is_none(),
        "what is too large is not kept, and what it replaces is wrong now"
    );
    assert_eq!((cache.stats().entries, cache.stats().evicted), (7, 3));
    cache.invalidate(&[READS[0]]);
    assert_eq!(cache.stats().bytes, 0);
}

#[test]
fn scopes_are_kept_apart() {
    let cache = TenantCache::new(CacheLimits::default(), 300);
    put(&cache, &key(0, Class::HighlyRestricted, 1), answer(1, 0), TTL);
    assert!(
        cache
            .get(&key(0, Class::Internal, 1), Timestamp::from_millis(1))
            .is_none()
    );
    assert!(cache.stale(&key(0, Class::Internal, 1)).is_none());
}

#[test]
fn an_answer_asked_for_before_a_write_is_not_kept_after_it() {
    let cache = TenantCache::new(CacheLimits::default(), 300);
    let (orders, machines) = (key(0, Class::Internal, 1), key(1, Class::Internal, 1));
    put(&cache, &machines, answer(2, 0), TTL);
    let asked_in = cache.generation(&orders);
    cache.invalidate(&[READS[0]]);
    cache.put(orders, answer(1, 0), TTL, asked_in);
    assert!(
        cache.stale(&orders).is_none(),
        "the answer was read before the write"
    );
    assert!(cache.stale(&machines).is_some(), "others are untouched");
}

#[tokio::test]
async fn equal_questions_go_upstream_once_and_share_a_failure() {
    let cache = TenantCache::new(CacheLimits::default(), 300);
    let key = key(0, Class::Internal, 1);
    let calls = AtomicU32::new(0);
    let ask = || async {
        calls.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Err(PortError::new(
            andon_domain::System::Sap,
            PortErrorKind::Unavailable,
            "does not answer",
        ))
    };
    let all = futures_util::future::join_all((0..8).map(|_| cache.once(&key, ask))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let _ = cache.once(&key, ask).await;
    assert_eq!(
        calls.load(Ordering::SeqCst),
        2,
        "a journey that ended is not joined"
    );
}

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
