//! The words a person sees when a setting is wrong.

use std::collections::HashMap;

use andon_connectors::AuthKind;
use andon_engine::cache::CacheLimits;
use andon_engine::watch::FeedIntervals;

use super::{Config, Mistakes, load};

fn with(file: &str, environment: &[(&str, &str)]) -> Result<Config, Mistakes> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("andon.toml");
    std::fs::write(&path, file).unwrap();
    let map: HashMap<String, String> = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    load(Some(&path), &|name| map.get(name).cloned())
}

fn words(file: &str, environment: &[(&str, &str)]) -> String {
    let text = with(file, environment).unwrap_err().to_string();
    // The folder's name is random.
    text.lines()
        .map(|line| line.split("/andon.toml").last().unwrap_or(line).trim().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn nothing_set_is_a_console_without_systems() {
    let config = load(None, &|_| None).unwrap();
    assert!(config.sap.is_none() && config.mes.is_none() && config.model.is_none());
    let CacheLimits { entries, bytes } = config.cache_limits;
    assert_eq!((config.cache_ttl_s, entries, bytes), (300, 1_000, 256 << 20));
    assert_eq!(config.risk_policy.decide_within.as_secs(), 300);
    assert_eq!(config.gateway_listen.to_string(), "127.0.0.1:4517");
}

#[test]
fn the_environment_wins_over_the_file() {
    let file =
        "[sap]\nendpoint = \"https://one.example.org\"\nusername = \"FILE\"\n[cache]\nttl_seconds = 60\n";
    let config = with(
        file,
        &[
            ("SAP_ODATA_ENDPOINT", "https://two.example.org"),
            ("SAP_PASSWORD", "s3cret"),
        ],
    )
    .unwrap();
    assert_eq!(
        config.sap.as_ref().unwrap().endpoint.as_str(),
        "https://two.example.org/"
    );
    assert_eq!(config.cache_ttl_s, 60);
    assert_eq!(config.secrets.names(), ["SAP_PASSWORD"]);
    assert!(
        !format!("{config:?}").contains("s3cret"),
        "a secret must not be printed with the configuration"
    );
}

#[test]
fn limits_of_the_cache_and_rules_of_the_plant_are_settings() {
    let file = "[cache]\nmax_mebibytes_per_tenant = 64\n[watch]\nstale_after_intervals = 6\nminor_stop_seconds = 60\n";
    let config = with(file, &[]).unwrap();
    assert_eq!(config.cache_limits.bytes, 64 << 20);
    assert_eq!(config.feed_intervals, FeedIntervals::default().stale_after(6));
    assert_eq!(config.minor_stop_below.as_secs(), 60);
}

#[test]
fn every_mistake_is_named_with_place_value_and_remedy() {
    let file = "[sap]\nendpoint = \"http://sap.example.org\"\nusername = \"TECH\"\nclient = \"1\"\n\n\
                [cach]\nttl_seconds = 5\n[cache]\nmax_entries_per_tenant = 0\n[mes]\napi_token = \"abc\"\n";
    let text = words(
        file,
        &[
            ("APPROVAL_AUTO_APPROVE_LOW_RISK", "perhaps"),
            ("APPROVAL_DEFAULT_TIMEOUT_SECONDS", "5m"),
        ],
    );
    assert_eq!(
        text,
        "the configuration has mistakes: 7\n\
         :2: sap.endpoint = \"http://sap.example.org/\" is plain http to another machine, so the password would be readable on the network. Use https; a certificate of your own authority can be added with a CA file.\n\
         :4: sap.client = \"1\" is not an SAP client. Give three digits such as 100, or leave it out.\n\
         :7: cach.ttl_seconds = \"\" is not a setting. Did you mean cache.ttl_seconds?\n\
         :9: cache.max_entries_per_tenant = \"0\" is not a whole number in range. Give a whole number from 1 to 1000000.\n\
         :11: mes.api_token = \"<redacted>\" is a secret, and secrets do not belong into a file. Remove the line and change the secret, since it was readable here. Set it on the keyring with andonctl credential set.\n\
         environment APPROVAL_AUTO_APPROVE_LOW_RISK: approvals.auto_approve_low_risk = \"perhaps\" is neither true nor false. Give true or false.\n\
         environment APPROVAL_DEFAULT_TIMEOUT_SECONDS: approvals.timeout_seconds = \"5m\" is not a whole number in range. Give a whole number from 10 to 604800."
    );
}

#[test]
fn client_credentials_need_their_token_service_and_client() {
    let file =
        |rest: &str| format!("[sap]\nendpoint = \"https://sap.example.org\"\nauth = \"oauth2\"\n{rest}");
    let whole = "token_url = \"https://login.example.org/token\"\nclient_id = \"andon\"\nscope = \"read\"\n";
    let config = with(&file(whole), &[("MES_AUTH_TYPE", "oauth2")]);
    let text = config.unwrap_err().to_string();
    assert!(
        text.contains("mes.token_url = \"\" is missing, and oauth2 needs it"),
        "{text}"
    );
    let AuthKind::OAuth2 {
        token_url,
        client_id,
        scope,
    } = with(&file(whole), &[]).unwrap().sap.unwrap().auth
    else {
        panic!("oauth2 was asked for");
    };
    assert_eq!(
        (token_url.as_str(), client_id.as_str(), scope.as_deref()),
        ("https://login.example.org/token", "andon", Some("read"))
    );
    let text = words(&file("token_url = \"http://login.example.org/token\"\n"), &[]);
    assert!(
        text.contains(":4: sap.token_url = \"http://login.example.org/token\" is plain http"),
        "{text}"
    );
    assert!(text.contains("sap.client_id = \"\" is empty"), "{text}");
    let text = words(&file("token_url = \"login\"\nclient_id = \"andon\"\n"), &[]);
    assert!(
        text.contains(":4: sap.token_url = \"login\" is not an address"),
        "{text}"
    );
}

#[test]
fn no_setting_switches_the_check_of_certificates_off() {
    for key in &super::keys::KEYS {
        for word in ["verify", "insecure", "skip", "trust_all", "tls", "allow_http"] {
            assert!(!key.name.contains(word), "{}", key.name);
        }
    }
}

#[test]
fn a_plants_own_status_words_are_read_and_their_mistakes_named() {
    let mes = "[mes]\nendpoint = \"https://mes.example.org\"\n";
    let tables = "[mes.machine_status]\n\"Störung\" = \"down\"\n\"R\u{fc}sten\" = \"Setup\"\n[mes.order_status]\nGesperrt = \"paused\"\n";
    let config = with(&format!("{mes}{tables}"), &[]).unwrap().mes.unwrap();
    let read: Vec<_> = config
        .machine_status
        .iter()
        .map(|(word, state)| (word.as_str(), state.as_str()))
        .collect();
    assert_eq!(read, [("Rüsten", "setup"), ("Störung", "down")]);
    assert_eq!(config.order_status["Gesperrt"].as_str(), "paused");
    let wrong =
        "[mes.machine_status]\n\"Störung\" = \"dwon\"\nrunning = \"idle\"\nHalt = 3\n[mes.order_status]\n";
    let text = words(&format!("{mes}{wrong}"), &[]);
    assert_eq!(
        text,
        "the configuration has mistakes: 3\n\
         :4: mes.machine_status.Störung = \"dwon\" is not known. Give one of running, idle, setup, down, maintenance, offline, unknown.\n\
         :5: mes.machine_status.running = \"idle\" gives a word of the contract another meaning. Remove the line; the MES adapter must send another word for another state.\n\
         :6: mes.machine_status.Halt = \"\" is not a text. Give one word in quotes."
    );
    let flat = words("[mes]\nmachine_status = \"down\"\n", &[]);
    assert!(
        flat.contains("mes.machine_status = \"\" is not a table. Write a table [mes.machine_status]"),
        "{flat}"
    );
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_line() {
    let text = words("[sap]\nendpoint = \n", &[]);
    assert!(text.contains(":2: file"), "{text}");
}

#[test]
fn a_system_with_names_of_its_own_is_described_in_the_file() {
    use andon_connectors::sap::Service;
    let file = "[sap]\nendpoint = \"https://sap.example.org\"\nusername = \"TECH\"\nplanning_category = \"BUD1\"\n\
                [sap.services.purchase_orders]\npath = \"ZPO_SRV\"\nset = \"ZOrders\"\n\
                [sap.services.purchase_orders.fields]\nSupplier = \"ZZVENDOR\"\n\
                [sap.services.plan.fields]\nLedger = \"\"\n";
    let sap = with(file, &[]).unwrap().sap.unwrap();
    assert_eq!(
        (sap.planning_category.as_str(), sap.ledger.as_str()),
        ("BUD1", "0L")
    );
    let orders = &sap.names.0[&Service::PurchaseOrders];
    assert_eq!(orders.path.as_deref(), Some("ZPO_SRV"));
    assert_eq!(orders.sets["A_PurchaseOrder"], "ZOrders");
    assert_eq!(orders.fields["Supplier"], "ZZVENDOR");
    assert_eq!(sap.names.0[&Service::Plan].fields["Ledger"], "");
}

#[test]
fn a_wrong_name_of_a_system_is_named_with_its_line() {
    let file = "[sap]\nendpoint = \"https://sap.example.org\"\nusername = \"TECH\"\nledger = \"long\"\n\
                [sap.services.orders]\npath = \"Z\"\n[sap.services.stock]\npath = \"../Z\"\nurl = \"Z\"\n\
                fields.Plnt = \"ZZ\"\nfields.Plant = 3\n";
    assert_eq!(
        words(file, &[]),
        "the configuration has mistakes: 6\n\
         :4: sap.ledger = \"long\" is not a key of SAP. Give 1 to 2 letters or digits as SAP shows it.\n\
         :6: sap.services.orders.path = \"Z\" belongs to no service that is used. Give one of purchase_orders, stock, products, cost_centers, plan, journal.\n\
         :8: sap.services.stock.path = \"../Z\" is not the path of a service. Give one such as API_MATERIAL_STOCK_SRV.\n\
         :9: sap.services.stock.url = \"Z\" is not a setting of a service. Give path, set, sets or fields.\n\
         :10: sap.services.stock.fields.Plnt = \"ZZ\" is not a name of SAP's own service that is used. Did you mean Plant?\n\
         :11: sap.services.stock.fields.Plant = \"\" is not a text. Give a name in quotes."
    );
}

#[test]
fn a_listener_outside_this_machine_is_refused() {
    let text = words("[gateway]\nlisten = \"0.0.0.0:4517\"\n", &[]);
    assert!(
        text.contains("gateway.listen = \"0.0.0.0:4517\" is not a loopback address with port"),
        "{text}"
    );
}

#[test]
fn the_example_of_the_guide_is_accepted() {
    let guide = include_str!("../../../../docs/guide/configuration.md");
    let example = guide
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example in the guide");
    let config = with(example, &[]).unwrap();
    assert!(config.sap.is_some() && config.mes.is_some() && config.model.is_some());
}

#[test]
fn every_setting_is_in_the_guide() {
    let guide = include_str!("../../../../docs/guide/configuration.md");
    for key in &super::keys::KEYS {
        assert!(
            guide.contains(&format!("`{}`", key.name)),
            "{} is missing in docs/guide/configuration.md",
            key.name
        );
        if let Some(variable) = key.variable {
            assert!(
                guide.contains(&format!("`{variable}`")),
                "{variable} is missing in docs/guide/configuration.md"
            );
        }
    }
}

#[test]
fn each_feed_has_an_interval_of_its_own_between_a_second_and_an_hour() {
    use andon_domain::ports::Feed;
    let config = with(
        "[watch]\nmachines_seconds = 1\ncost_centers_seconds = 3600\n",
        &[],
    )
    .unwrap();
    let seconds = |feed| config.feed_intervals.of(feed, false).as_secs();
    let all = Feed::ALL.map(seconds);
    assert_eq!(all, [1, 30, 30, 60, 60, 600, 30, 60, 3_600, 600]);
    let text = words("[watch]\nmachines_seconds = 0\nquality_seconds = 3601\n", &[]);
    assert!(
        text.contains("watch.machines_seconds = \"0\" is not a whole number in range. Give a whole number from 1 to 3600.")
            && text.contains("watch.quality_seconds = \"3601\""),
        "{text}"
    );
}

#[test]
fn without_a_usable_address_the_other_settings_are_checked_all_the_same() {
    let rest = "client = \"1\"\nusername = \"A:B\"\nca_file = \"/nowhere/ca.pem\"\n\
                [sap.services.stock.fields]\nMateriel = \"X\"\n[mes]\nca_file = \"/nowhere/mes.pem\"\n";
    for (endpoint, problem) in [
        ("", "sap.endpoint = \"\" is missing"),
        (
            "endpoint = \"sap.example.org\"\n",
            "sap.endpoint = \"sap.example.org\" is not an address",
        ),
    ] {
        let text = words(&format!("[sap]\n{endpoint}{rest}"), &[]);
        for expected in [
            problem,
            "sap.client = \"1\" is not an SAP client",
            "sap.username = \"A:B\" has a colon",
            "sap.ca_file = \"/nowhere/ca.pem\" cannot be used",
            "Did you mean Material?",
            "mes.endpoint = \"\" is missing",
            "mes.ca_file = \"/nowhere/mes.pem\" cannot be used",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
    let text = words("", &[("SAP_USERNAME", "TECH")]);
    assert_eq!(
        text,
        "the configuration has mistakes: 1\n\
         environment SAP_USERNAME: sap.endpoint = \"\" is missing. Give the address of the system, or remove the other settings of sap."
    );
    let alone = with("", &[("SAP_PASSWORD", "s3cret"), ("MES_API_TOKEN", "s3cret")]).unwrap();
    assert!(
        alone.sap.is_none() && alone.mes.is_none(),
        "a secret may be there for another program"
    );
}
