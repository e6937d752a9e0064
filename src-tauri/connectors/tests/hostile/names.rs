//! Names whose answer changes: what a connection resolves to is looked at each time, and where it may not go nothing is sent.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use andon_connectors::transport::{NameService, Names};
use andon_domain::PortErrorKind;
use async_trait::async_trait;
use url::Url;

use crate::systems::{BOTH, Setting, System, Way};
use crate::tells_nothing;
use crate::upstream::{Upstream, json};

/// Tells the addresses a test wants it to tell, and counts.
struct Changing {
    now: Mutex<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Changing {
    fn new(address: &str) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(vec![address.parse().unwrap()]),
            asked: AtomicUsize::new(0),
        })
    }

    fn become_these(&self, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        *self.now.lock().unwrap() = addresses.collect();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl NameService for Changing {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.now.lock().unwrap().clone())
    }
}

/// The same port under a name.
fn named(url: &Url, name: &str) -> Url {
    let mut url = url.clone();
    url.set_host(Some(name)).unwrap();
    url
}

/// Addresses that a name of this machine must not turn to. Two of them would reach the listener, were they connected to.
const FORBIDDEN: [&[&str]; 7] = [
    &["0.0.0.0"],
    &["::"],
    &["169.254.169.254"],
    &["fd00:ec2::254"],
    &["::ffff:169.254.169.254"],
    &["64:ff9b::a9fe:a9fe"],
    // One bad address among good ones is enough: the next attempt might go there.
    &["127.0.0.1", "169.254.169.254"],
];

#[tokio::test]
async fn a_name_that_turns_to_a_forbidden_address_is_not_followed() {
    for of in BOTH {
        let upstream = Upstream::start(of.usual().healthy()).await;
        let names = Changing::new("127.0.0.1");
        let setting = Setting {
            names: Names::Of(Arc::clone(&names) as _),
            ..Setting::default()
        };
        let connection = of.connect_as(&named(&upstream.url, "plant.localhost"), setting);
        assert_eq!(
            connection
                .ask(of.usual(), Way::Operation)
                .await
                .unwrap()
                .records
                .len(),
            1
        );
        let calls = upstream.calls();
        assert!(names.asked() >= 1 && calls >= 1);
        for addresses in FORBIDDEN {
            names.become_these(addresses);
            let before = names.asked();
            let error = connection.ask(of.usual(), Way::Operation).await.unwrap_err();
            assert_eq!(
                error.kind,
                PortErrorKind::NotConfigured,
                "{addresses:?}: {error:?}"
            );
            assert_eq!(tells_nothing(&error), Ok(()));
            assert!(
                names.asked() > before,
                "{addresses:?}: the name was looked up again"
            );
            assert_eq!(upstream.calls(), calls, "{addresses:?} was contacted");
        }
        names.become_these(&["127.0.0.1"]);
        assert_eq!(
            connection
                .ask(of.usual(), Way::Operation)
                .await
                .unwrap()
                .records
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn a_name_of_another_machine_never_leads_to_this_one() {
    for of in BOTH {
        let here = Upstream::start(of.usual().healthy()).await;
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            let setting = Setting {
                names: Names::Of(Changing::new(address)),
                is_plain: true,
                ..Setting::default()
            };
            let connection = of.connect_as(&named(&here.url, "sap.example.org"), setting);
            let error = connection.ask(of.usual(), Way::Operation).await.unwrap_err();
            assert_eq!(error.kind, PortErrorKind::NotConfigured, "{address}: {error:?}");
            assert_eq!(here.calls(), 0, "{address} was contacted");
        }
    }
}

#[tokio::test]
async fn a_name_that_turns_between_two_attempts_or_pages_is_not_followed() {
    for of in BOTH {
        let names = Changing::new("127.0.0.1");
        let turning = Arc::clone(&names);
        let upstream = Upstream::start(Arc::new(move |asked| {
            let read = of.usual();
            if let Some(steps) = read.beside(asked) {
                return steps;
            }
            turning.become_these(&["0.0.0.0"]);
            let target = asked.target.split('?').next().unwrap_or_default();
            let next = match of {
                System::Sap => format!("{target}?$skiptoken=2"),
                System::Mes => "2".to_owned(),
            };
            json(&read.page(&[read.record()], Some(&next)))
        }))
        .await;
        let setting = Setting {
            names: Names::Of(Arc::clone(&names) as _),
            ..Setting::default()
        };
        let connection = of.connect_as(&named(&upstream.url, "plant.localhost"), setting);
        let error = connection.ask(of.usual(), Way::Operation).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::NotConfigured, "{error:?}");
        assert_eq!(
            upstream.asked_with_credentials(),
            1,
            "the second page was never asked for"
        );
    }
}

#[tokio::test]
async fn the_name_of_a_token_service_is_looked_at_as_well() {
    for of in BOTH {
        let upstream = Upstream::start(of.usual().healthy()).await;
        let tokens = Upstream::start(Arc::new(|_| json(r#"{"access_token":"t","expires_in":0}"#))).await;
        let names = Changing::new("127.0.0.1");
        let setting = Setting {
            names: Names::Of(Arc::clone(&names) as _),
            token_url: Some(named(&tokens.url, "login.localhost")),
            ..Setting::default()
        };
        // The system has no name, so only the token service's is looked up.
        let connection = of.connect_as(&upstream.url, setting);
        connection.ask(of.usual(), Way::Operation).await.unwrap();
        let (asked, calls) = (tokens.calls(), upstream.asked_with_credentials());
        names.become_these(&["0.0.0.0"]);
        let error = connection.ask(of.usual(), Way::Operation).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::NotConfigured, "{error:?}");
        assert_eq!(
            (tokens.calls(), upstream.asked_with_credentials()),
            (asked, calls)
        );
    }
}
