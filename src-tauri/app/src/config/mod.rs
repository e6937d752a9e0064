//! Configuration: defaults, under a TOML file, under the environment. Every mistake is found at once and named with its
//! place, its value and its remedy. Secrets are never settings; the environment is the one documented exception.

mod keys;
mod read;
mod services;

#[cfg(test)]
mod tests;

pub use read::Mistakes;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use andon_approvals::RiskPolicy;
use andon_connectors::mes::MesConfig;
use andon_connectors::model::ModelConfig;
use andon_connectors::sap::SapConfig;
use andon_connectors::transport::{AuthKind, ConfigProblem};
use andon_domain::ports::Feed;
use andon_domain::records::{MachineState, ProductionOrderStatus};
use andon_domain::{Amount, Money, Secret};
use andon_engine::cache::CacheLimits;
use andon_engine::watch::FeedIntervals;

use read::Reader;
use url::Url;

/// Settings of the console and of tenant `default`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the tenant for people.
    pub tenant_name: String,
    /// production, test or demo.
    pub environment: String,
    /// SAP, when its address is set.
    pub sap: Option<SapConfig>,
    /// MES, when its address is set.
    pub mes: Option<MesConfig>,
    /// The model, when its address is set.
    pub model: Option<ModelConfig>,
    /// Seconds an answer may be served from the cache.
    pub cache_ttl_s: u32,
    /// How much a tenant's cache holds.
    pub cache_limits: CacheLimits,
    /// How often feeds are polled.
    pub feed_intervals: FeedIntervals,
    /// Stops of unknown category shorter than this are minor.
    pub minor_stop_below: Duration,
    /// How requests are judged.
    pub risk_policy: RiskPolicy,
    /// Where agents connect.
    pub gateway_listen: SocketAddr,
    /// Where browsers and `andonctl` connect.
    pub host_listen: SocketAddr,
    /// Secrets found in the environment; they take the keyring's place and are stored nowhere.
    pub secrets: EnvironmentSecrets,
    /// Name of a crash point for tests.
    pub crash_at: Option<String>,
}

/// Secrets of headless use.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentSecrets {
    /// `SAP_PASSWORD`.
    pub sap: Option<Secret>,
    /// `MES_API_TOKEN`.
    pub mes: Option<Secret>,
    /// `ANDON_MODEL_API_KEY`.
    pub model: Option<Secret>,
}

impl EnvironmentSecrets {
    /// Names of the variables that hold one, for the warning.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let all = [
            ("SAP_PASSWORD", &self.sap),
            ("MES_API_TOKEN", &self.mes),
            ("ANDON_MODEL_API_KEY", &self.model),
        ];
        all.into_iter()
            .filter(|(_, secret)| secret.is_some())
            .map(|(name, _)| name)
            .collect()
    }
}

/// Reads the configuration.
///
/// # Errors
/// Every mistake found, in the order of file and environment.
pub(crate) fn load(
    file: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Mistakes> {
    let mut reader = Reader::new(file, environment);
    let sap = sap(&mut reader);
    let mes = mes(&mut reader);
    let model = model(&mut reader);
    let config = Config {
        tenant_name: reader.text("tenant.name").unwrap_or_else(|| "Default".to_owned()),
        environment: reader
            .word("tenant.environment", &["production", "test", "demo"])
            .unwrap_or_else(|| "production".to_owned()),
        sap,
        mes,
        model,
        cache_ttl_s: reader.number("cache.ttl_seconds", 0..=86_400).unwrap_or(300),
        cache_limits: cache_limits(&mut reader),
        feed_intervals: feed_intervals(&mut reader),
        minor_stop_below: Duration::from_secs(u64::from(
            reader
                .number("watch.minor_stop_seconds", 1..=3_600)
                .unwrap_or(120),
        )),
        risk_policy: risk_policy(&mut reader),
        gateway_listen: reader
            .address("gateway.listen")
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], andon_gateway::DEFAULT_PORT))),
        host_listen: reader
            .address("host.listen")
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        secrets: EnvironmentSecrets {
            sap: reader.secret("sap.password"),
            mes: reader.secret("mes.api_token"),
            model: reader.secret("model.api_key"),
        },
        crash_at: environment("ANDON_CRASH_AT"),
    };
    reader.finish(config)
}

fn sap(reader: &mut Reader<'_>) -> Option<SapConfig> {
    let (endpoint, is_there) = reader.endpoint("sap");
    let auth = auth(&mut *reader, "sap", &["basic", "bearer", "oauth2"]);
    let client = reader.text("sap.client");
    let language = reader.text("sap.language");
    let ca_file = reader.text("sap.ca_file");
    let category = reader.text("sap.planning_category");
    let ledger = reader.text("sap.ledger");
    let names = services::names(reader);
    let mut config = SapConfig::new(
        endpoint.clone().unwrap_or_else(nowhere),
        auth.clone().unwrap_or(AuthKind::Bearer),
    );
    config.client = client;
    config.language = language.unwrap_or(config.language);
    config.ca_file = ca_file.map(Into::into);
    config.planning_category = category.unwrap_or(config.planning_category);
    config.ledger = ledger.unwrap_or(config.ledger);
    config.names = names;
    if is_there {
        reader.problems("sap", config.check());
    }
    (endpoint.is_some() && auth.is_some()).then_some(config)
}

fn mes(reader: &mut Reader<'_>) -> Option<MesConfig> {
    let (endpoint, is_there) = reader.endpoint("mes");
    let auth = auth(&mut *reader, "mes", &["bearer", "basic", "oauth2"]);
    let ca_file = reader.text("mes.ca_file");
    let machine_words = reader.words("mes.machine_status", &MACHINE_STATES.map(MachineState::as_str));
    let order_words = reader.words(
        "mes.order_status",
        &ORDER_STATES.map(ProductionOrderStatus::as_str),
    );
    let mut config = MesConfig::new(
        endpoint.clone().unwrap_or_else(nowhere),
        auth.clone().unwrap_or(AuthKind::Bearer),
    );
    config.ca_file = ca_file.map(Into::into);
    config.machine_status = meanings(machine_words, MachineState::from_word);
    config.order_status = meanings(order_words, ProductionOrderStatus::from_word);
    if is_there {
        reader.problems("mes", config.check());
    }
    (endpoint.is_some() && auth.is_some()).then_some(config)
}

/// Stands for an address that could not be read, so that the other settings are checked all the same.
fn nowhere() -> Url {
    Url::parse("https://nowhere.invalid").expect("a fixed address")
}

/// What a word of the plant may mean.
const MACHINE_STATES: [MachineState; 7] = [
    MachineState::Running,
    MachineState::Idle,
    MachineState::Setup,
    MachineState::Down,
    MachineState::Maintenance,
    MachineState::Offline,
    MachineState::Unknown,
];
/// What a word of the plant for an order may mean.
const ORDER_STATES: [ProductionOrderStatus; 7] = [
    ProductionOrderStatus::Planned,
    ProductionOrderStatus::Released,
    ProductionOrderStatus::Active,
    ProductionOrderStatus::Paused,
    ProductionOrderStatus::Completed,
    ProductionOrderStatus::Cancelled,
    ProductionOrderStatus::Unknown,
];

fn meanings<T>(words: BTreeMap<String, &'static str>, read: fn(&str) -> T) -> BTreeMap<String, T> {
    let words = words.into_iter();
    words.map(|(word, state)| (word, read(state))).collect()
}

/// How a system is logged on to; the first kind is the default. `None` when it cannot be built, with the mistake noted.
fn auth(reader: &mut Reader<'_>, section: &str, kinds: &[&str]) -> Option<AuthKind> {
    let name = |setting: &str| format!("{section}.{setting}");
    let kind = reader.word(&name("auth"), kinds);
    let username = reader.text(&name("username")).unwrap_or_default();
    let token_url = reader.url(&name("token_url"));
    let client_id = reader.text(&name("client_id")).unwrap_or_default();
    let scope = reader.text(&name("scope"));
    match kind.as_deref().unwrap_or(kinds[0]) {
        "basic" => Some(AuthKind::Basic { username }),
        "bearer" => Some(AuthKind::Bearer),
        _ => {
            if token_url.is_none() && reader.text(&name("token_url")).is_none() {
                let remedy = "Give the address where the connection's client gets its tokens.";
                reader.mistake(&name("token_url"), "", "is missing, and oauth2 needs it", remedy);
            }
            Some(AuthKind::OAuth2 {
                token_url: token_url?,
                client_id,
                scope,
            })
        }
    }
}

fn model(reader: &mut Reader<'_>) -> Option<ModelConfig> {
    let endpoint = reader.url("model.endpoint");
    let name = reader.text("model.name");
    let endpoint = endpoint?;
    let config = ModelConfig::new(endpoint, name.unwrap_or_default());
    reader.problems("model", config.check());
    Some(config)
}

fn cache_limits(reader: &mut Reader<'_>) -> CacheLimits {
    let usual = CacheLimits::default();
    let entries = reader.number("cache.max_entries_per_tenant", 1..=1_000_000);
    let mebibytes = reader.number("cache.max_mebibytes_per_tenant", 1..=65_536);
    CacheLimits {
        entries: entries.map_or(usual.entries, |entries| entries as usize),
        bytes: mebibytes.map_or(usual.bytes, |mebibytes| u64::from(mebibytes) * 1024 * 1024),
    }
}

/// A feed that is not named keeps its usual interval.
fn feed_intervals(reader: &mut Reader<'_>) -> FeedIntervals {
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    let range = seconds(FeedIntervals::SHORTEST)..=seconds(FeedIntervals::LONGEST);
    let stale_after = reader.number("watch.stale_after_intervals", 2..=100);
    let usual = FeedIntervals::default().stale_after(stale_after.unwrap_or(FeedIntervals::STALE_AFTER));
    Feed::ALL.into_iter().fold(usual, |intervals, feed| {
        let key = format!("watch.{}_seconds", feed.as_str());
        match reader.number(&key, range.clone()) {
            Some(seconds) => intervals.with(feed, Duration::from_secs(u64::from(seconds))),
            None => intervals,
        }
    })
}

fn risk_policy(reader: &mut Reader<'_>) -> RiskPolicy {
    let currency = reader
        .text("approvals.currency")
        .unwrap_or_else(|| "EUR".to_owned());
    let mut limit = |key, default: i64| Money {
        amount: reader.amount(key).unwrap_or_else(|| Amount::from(default)),
        currency: currency.clone(),
    };
    let (medium_below, critical_above) = (
        limit("approvals.medium_below", 1_000),
        limit("approvals.critical_above", 100_000),
    );
    if medium_below.amount > critical_above.amount {
        let shown = format!("{medium_below} and {critical_above}");
        reader.mistake(
            "approvals.medium_below",
            &shown,
            "is above critical_above",
            "Give a lower amount for medium_below.",
        );
    }
    RiskPolicy {
        medium_below,
        critical_above,
        cycle_target_band_percent: reader
            .amount("approvals.cycle_target_band_percent")
            .unwrap_or_else(|| Amount::from(5)),
        auto_approve_low: reader.switch("approvals.auto_approve_low_risk").unwrap_or(true),
        decide_within: Duration::from_secs(u64::from(
            reader
                .number("approvals.timeout_seconds", 10..=604_800)
                .unwrap_or(300),
        )),
        execute_within: Duration::from_secs(60),
    }
}

/// A connector's problem as a mistake of the configuration.
fn mistake_of(section: &str, problem: ConfigProblem) -> (String, String, String, String) {
    let ConfigProblem {
        field,
        value,
        problem,
        remedy,
    } = problem;
    (format!("{section}.{field}"), value, problem, remedy)
}
