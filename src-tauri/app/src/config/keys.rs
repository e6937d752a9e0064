//! Every setting there is: its name in the file and its name in the environment.

/// One setting.
pub(super) struct Key {
    /// `section.name` in the file.
    pub(super) name: &'static str,
    /// Name in the environment, when it has one.
    pub(super) variable: Option<&'static str>,
    /// A secret: never in the file.
    pub(super) is_secret: bool,
    /// A table of its own, whose lines the plant names.
    pub(super) is_table: bool,
}

const fn key(name: &'static str, variable: &'static str) -> Key {
    Key {
        name,
        variable: Some(variable),
        is_secret: false,
        is_table: false,
    }
}

const fn file_only(name: &'static str) -> Key {
    Key {
        name,
        variable: None,
        is_secret: false,
        is_table: false,
    }
}

const fn secret(name: &'static str, variable: &'static str) -> Key {
    Key {
        name,
        variable: Some(variable),
        is_secret: true,
        is_table: false,
    }
}

const fn table(name: &'static str) -> Key {
    Key {
        name,
        variable: None,
        is_secret: false,
        is_table: true,
    }
}

/// All settings.
pub(super) const KEYS: [Key; 50] = [
    file_only("tenant.name"),
    file_only("tenant.environment"),
    key("sap.endpoint", "SAP_ODATA_ENDPOINT"),
    key("sap.auth", "SAP_AUTH_TYPE"),
    key("sap.username", "SAP_USERNAME"),
    secret("sap.password", "SAP_PASSWORD"),
    key("sap.token_url", "SAP_TOKEN_URL"),
    key("sap.client_id", "SAP_CLIENT_ID"),
    key("sap.scope", "SAP_SCOPE"),
    key("sap.client", "SAP_CLIENT"),
    key("sap.language", "SAP_LANGUAGE"),
    file_only("sap.ca_file"),
    file_only("sap.planning_category"),
    file_only("sap.ledger"),
    key("mes.endpoint", "MES_REST_ENDPOINT"),
    key("mes.auth", "MES_AUTH_TYPE"),
    key("mes.username", "MES_USERNAME"),
    secret("mes.api_token", "MES_API_TOKEN"),
    key("mes.token_url", "MES_TOKEN_URL"),
    key("mes.client_id", "MES_CLIENT_ID"),
    key("mes.scope", "MES_SCOPE"),
    file_only("mes.ca_file"),
    table("mes.machine_status"),
    table("mes.order_status"),
    key("model.endpoint", "ANDON_MODEL_ENDPOINT"),
    key("model.name", "ANDON_MODEL_NAME"),
    secret("model.api_key", "ANDON_MODEL_API_KEY"),
    key("cache.ttl_seconds", "CONNECTOR_CACHE_TTL_SECONDS"),
    key(
        "cache.max_entries_per_tenant",
        "CONNECTOR_CACHE_MAX_ENTRIES_PER_TENANT",
    ),
    key(
        "cache.max_mebibytes_per_tenant",
        "CONNECTOR_CACHE_MAX_MEBIBYTES_PER_TENANT",
    ),
    file_only("watch.machines_seconds"),
    file_only("watch.downtime_seconds"),
    file_only("watch.production_orders_seconds"),
    file_only("watch.quality_seconds"),
    file_only("watch.machine_history_seconds"),
    file_only("watch.calendar_seconds"),
    file_only("watch.purchase_orders_seconds"),
    file_only("watch.stock_seconds"),
    file_only("watch.cost_centers_seconds"),
    file_only("watch.materials_seconds"),
    file_only("watch.stale_after_intervals"),
    file_only("watch.minor_stop_seconds"),
    key("approvals.timeout_seconds", "APPROVAL_DEFAULT_TIMEOUT_SECONDS"),
    key(
        "approvals.auto_approve_low_risk",
        "APPROVAL_AUTO_APPROVE_LOW_RISK",
    ),
    file_only("approvals.currency"),
    file_only("approvals.medium_below"),
    file_only("approvals.critical_above"),
    file_only("approvals.cycle_target_band_percent"),
    key("gateway.listen", "ANDON_GATEWAY_LISTEN"),
    key("host.listen", "ANDON_LISTEN"),
];

/// The setting with this name in the file.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The known name that looks most like this one.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let distance = |known: &'static str| (edits(name, known), known);
    let (far, known) = KEYS.iter().map(|key| distance(key.name)).min()?;
    (far * 2 <= known.len()).then_some(known)
}

/// Edit distance of two short names.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let cost = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
