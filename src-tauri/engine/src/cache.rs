//! The answers of one tenant: an exact LRU with a time to live, limited in entries and in bytes, counted, and one journey
//! upstream per question.
//!
//! A cache belongs to one tenant, so no key can reach another tenant's answer. Time comes in with each call. An answer that
//! is too old stays until it is pushed out, so that it can be served, marked as old, while its system is down.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use andon_domain::ports::{CacheStats, Fetched};
use andon_domain::{CanonicalJson, Class, PortError, Timestamp};
use lru::LruCache;
use serde_json::Value;
use tokio::sync::OnceCell;

/// What an answer is the answer to: the operation, the scope of who may see it, and the canonical parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey {
    operation: &'static str,
    scope: Class,
    request_sha256: [u8; 32],
}

impl CacheKey {
    /// The key of a read. `scope` is the clearance of the caller.
    #[must_use]
    pub fn new(operation: &'static str, scope: Class, parameters: &CanonicalJson) -> Self {
        Self {
            operation,
            scope,
            request_sha256: parameters.sha256(),
        }
    }
}

/// What a system answered, and when it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer.
    pub fetched: Fetched,
    /// When the question left; the answer is no older than this.
    pub fetched_at: Timestamp,
}

struct Entry {
    answer: Arc<Answer>,
    ttl: Duration,
    weight: u64,
}

/// How often the answers of an operation became wrong; an answer asked for before is not kept after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

type FlightCell = OnceCell<Result<Arc<Answer>, PortError>>;

struct State {
    entries: LruCache<CacheKey, Entry>,
    /// What the entries weigh together.
    weight: u64,
    flights: HashMap<CacheKey, Weak<FlightCell>>,
    generations: HashMap<&'static str, u64>,
    counts: BTreeMap<&'static str, Counts>,
}

/// What is counted for an operation.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    hits: u64,
    misses: u64,
    evicted: u64,
}

impl State {
    fn counts(&mut self, operation: &'static str) -> &mut Counts {
        self.counts.entry(operation).or_default()
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.entries.pop(key) {
            self.weight -= entry.weight;
        }
    }

    /// Pushes the least recently used out until one more of this weight fits.
    fn make_room(&mut self, weight: u64, limits: CacheLimits) {
        while self.entries.len() >= limits.entries.max(1) || self.weight + weight > limits.bytes {
            let Some((gone, entry)) = self.entries.pop_lru() else {
                return;
            };
            self.weight -= entry.weight;
            self.counts(gone.operation).evicted += 1;
        }
    }
}

/// How much a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Entries, at least one.
    pub entries: usize,
    /// Bytes of its answers, as [`weight`] estimates them. An answer above it is not kept at all.
    pub bytes: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            entries: 1_000,
            bytes: 256 * 1024 * 1024,
        }
    }
}

/// The cache of one tenant.
pub struct TenantCache {
    state: Mutex<State>,
    limits: CacheLimits,
    ttl_s: u32,
}

impl TenantCache {
    /// A cache within these limits, with this time to live where an operation names none.
    #[must_use]
    pub fn new(limits: CacheLimits, ttl_s: u32) -> Self {
        let state = State {
            entries: LruCache::unbounded(),
            weight: 0,
            flights: HashMap::new(),
            generations: HashMap::new(),
            counts: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(state),
            limits,
            ttl_s,
        }
    }

    /// The time to live of an operation's answers: its own, or the tenant's.
    #[must_use]
    pub fn ttl(&self, own_s: Option<u32>) -> Duration {
        Duration::from_secs(u64::from(own_s.unwrap_or(self.ttl_s)))
    }

    /// The answer, if it is young enough. Only a found answer counts as used.
    pub fn get(&self, key: &CacheKey, now: Timestamp) -> Option<Arc<Answer>> {
        let mut state = self.lock();
        let is_fresh = state.entries.peek(key).is_some_and(|entry| is_fresh(entry, now));
        if !is_fresh {
            state.counts(key.operation).misses += 1;
            return None;
        }
        state.counts(key.operation).hits += 1;
        state.entries.get(key).map(|entry| entry.answer.clone())
    }

    /// The answer however old it is, without counting as used: for a system that does not answer.
    #[must_use]
    pub fn stale(&self, key: &CacheKey) -> Option<Arc<Answer>> {
        self.lock().entries.peek(key).map(|entry| entry.answer.clone())
    }

    /// To be taken before a read and given to [`TenantCache::put`].
    #[must_use]
    pub fn generation(&self, key: &CacheKey) -> Generation {
        Generation(self.lock().generations.get(key.operation).copied().unwrap_or(0))
    }

    /// Keeps an answer, unless its operation was invalidated since `asked_in` or nothing is to be kept. One that is above the
    /// limit by itself is not kept, and the one before it, which is wrong now, neither.
    pub fn put(&self, key: CacheKey, answer: Arc<Answer>, ttl: Duration, asked_in: Generation) {
        if ttl.is_zero() {
            return;
        }
        let weight = weight(&answer.fetched);
        let mut state = self.lock();
        let generation = state.generations.get(key.operation).copied().unwrap_or(0);
        if generation != asked_in.0 {
            return;
        }
        state.remove(&key);
        if weight > self.limits.bytes {
            return;
        }
        state.make_room(weight, self.limits);
        state.weight += weight;
        state.entries.put(key, Entry { answer, ttl, weight });
    }

    /// Forgets every answer of these operations, also those still on their way.
    pub fn invalidate(&self, operations: &[&'static str]) {
        let mut state = self.lock();
        for operation in operations {
            *state.generations.entry(operation).or_insert(0) += 1;
        }
        state
            .flights
            .retain(|key, _| !operations.contains(&key.operation));
        state
            .entries
            .retain(|key, _| !operations.contains(&key.operation));
        state.weight = state.entries.iter().map(|(_, entry)| entry.weight).sum();
    }

    /// Asks upstream, once for all callers that ask the same at the same time.
    ///
    /// # Errors
    /// The failure of that one question, for each of them.
    pub async fn once<F>(&self, key: &CacheKey, ask: impl FnOnce() -> F) -> Result<Arc<Answer>, PortError>
    where
        F: Future<Output = Result<Arc<Answer>, PortError>>,
    {
        let flight = self.flight(key);
        flight.get_or_init(ask).await.clone()
    }

    /// The counts of all operations together.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.stats_by_operation()
            .into_values()
            .fold(CacheStats::default(), add)
    }

    /// The counts of each operation that was asked for. What was evicted counts for the operation whose answer went.
    #[must_use]
    pub fn stats_by_operation(&self) -> BTreeMap<&'static str, CacheStats> {
        let state = self.lock();
        let count = |(operation, counts): (&&'static str, &Counts)| {
            let stats = CacheStats {
                hits: counts.hits,
                misses: counts.misses,
                evicted: counts.evicted,
                ..CacheStats::default()
            };
            (*operation, stats)
        };
        let mut stats: BTreeMap<_, _> = state.counts.iter().map(count).collect();
        for (key, entry) in &state.entries {
            let stats = stats.entry(key.operation).or_default();
            stats.entries += 1;
            stats.bytes += entry.weight;
        }
        stats
    }

    /// The journey under way for this question, or a new one. A journey that has ended is not joined.
    fn flight(&self, key: &CacheKey) -> Arc<FlightCell> {
        let mut state = self.lock();
        let under_way = state
            .flights
            .get(key)
            .and_then(Weak::upgrade)
            .filter(|cell| !cell.initialized());
        if let Some(cell) = under_way {
            return cell;
        }
        state.flights.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(FlightCell::new());
        state.flights.insert(*key, Arc::downgrade(&cell));
        cell
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing below panics between two changes that belong together, so a poisoned cache is still a sound one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both counts together.
#[must_use]
pub fn add(one: CacheStats, other: CacheStats) -> CacheStats {
    CacheStats {
        hits: one.hits + other.hits,
        misses: one.misses + other.misses,
        evicted: one.evicted + other.evicted,
        entries: one.entries + other.entries,
        bytes: one.bytes + other.bytes,
    }
}

/// About how many bytes an answer takes in memory: each value and each member of an object at the size of its place, each text
/// at its length. What the allocator adds is not in it.
#[must_use]
pub fn weight(fetched: &Fetched) -> u64 {
    let texts = fetched
        .warnings
        .iter()
        .map(|text| size_of::<String>() + text.len());
    let bytes = size_of::<Entry>() + fetched.records.iter().map(size_of_value).sum::<usize>();
    u64::try_from(bytes + texts.sum::<usize>()).unwrap_or(u64::MAX)
}

fn size_of_value(value: &Value) -> usize {
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size_of_value).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| size_of::<String>() + name.len() + size_of_value(value))
            .sum(),
    };
    size_of::<Value>() + within
}

/// An answer from the future means that the clock was set back: its age is not known, so it is not fresh.
fn is_fresh(entry: &Entry, now: Timestamp) -> bool {
    let asked = entry.answer.fetched_at;
    asked <= now && now.since(asked) < entry.ttl
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
