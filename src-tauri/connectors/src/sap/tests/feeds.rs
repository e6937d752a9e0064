//! Feeds of the mirror: what changed where SAP can tell, everything else otherwise, and no feed of a service that is not there.

use andon_domain::Timestamp;
use andon_domain::ports::{Connector, Feed, FeedAsk, FeedRecords, FeedSource};

use super::*;

const ALL: [Feed; 4] = [
    Feed::PurchaseOrders,
    Feed::Stock,
    Feed::CostCenters,
    Feed::Materials,
];

fn ask(since: Option<&str>) -> FeedAsk {
    FeedAsk {
        changed_since: since.map(|text| Timestamp::parse(text).unwrap()),
        window_since: Timestamp::from_millis(0),
        window_until: None,
    }
}

async fn orders_of(
    sap: &Sap,
    since: Option<&str>,
) -> andon_domain::ports::FeedBatch<andon_domain::records::PurchaseOrder> {
    match sap.fetch(Feed::PurchaseOrders, &ask(since)).await.unwrap() {
        FeedRecords::PurchaseOrders(batch) => batch,
        other => panic!("{:?}", other.feed()),
    }
}

#[tokio::test]
async fn orders_are_asked_for_by_their_change_where_the_release_can_tell_it() {
    for (field, filter, is_complete) in [
        (
            Some("LastChangeDateTime"),
            "LastChangeDateTime ge datetimeoffset'2026-06-22T06:00:00Z'",
            false,
        ),
        (Some("-LastChangeDateTime"), "", true),
        (None, "", true),
    ] {
        let server = Stranger::start(move |seen| {
            if is_metadata(seen) {
                let change = |name: &'static str| match name {
                    "LastChangeDateTime" => field.map(str::to_owned),
                    other => Some(other.to_owned()),
                };
                return metadata(description_of(Service::PurchaseOrders, change));
            }
            page(&[order(1)], None, None)
        })
        .await;
        let sap = sap(&server);
        let whole = orders_of(&sap, None).await;
        assert_eq!((whole.records.len(), whole.is_complete), (1, true));
        let changed = orders_of(&sap, Some("2026-06-22T08:00:00+02:00")).await;
        assert_eq!((changed.records.len(), changed.is_complete), (1, is_complete));
        assert_eq!(server.seen().last().unwrap().query("$filter"), filter);
        orders_of(&sap, Some("2026-06-22T08:00:00+02:00")).await;
        let described = server.seen().iter().filter(|seen| is_metadata(seen)).count();
        assert_eq!(described, 1, "a description is kept");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_takes_its_feed_away_until_it_is_activated() {
    let active = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = Arc::clone(&active);
    let server = Stranger::start(move |seen| {
        let service = service_of(seen);
        if service == Service::Products && !switch.load(std::sync::atomic::Ordering::SeqCst) {
            return not_active();
        }
        if is_metadata(seen) {
            return metadata(description_of(service, |name| Some(name.to_owned())));
        }
        page(&[], None, None)
    })
    .await;
    let sap = sap(&server);
    assert_eq!(sap.feeds(), ALL, "nothing is missing before SAP says so");
    let error = sap.fetch(Feed::Materials, &ask(None)).await.unwrap_err();
    assert_eq!(error.code, Some("sap_service_not_active"));
    assert_eq!(sap.feeds(), &ALL[..3]);
    sap.check().await;
    assert_eq!(sap.feeds(), &ALL[..3]);
    active.store(true, std::sync::atomic::Ordering::SeqCst);
    sap.check().await;
    assert_eq!(sap.feeds(), ALL, "found again by the next check");
    assert!(matches!(
        sap.fetch(Feed::Materials, &ask(None)).await,
        Ok(FeedRecords::Materials(_))
    ));
}

#[tokio::test]
async fn a_failing_service_keeps_its_feed() {
    let server = Stranger::start(|_| Reply::with(500, &[], "")).await;
    let sap = sap(&server);
    assert!(sap.fetch(Feed::CostCenters, &ask(None)).await.is_err());
    assert_eq!(sap.feeds(), ALL, "trouble is not absence");
}

#[tokio::test]
async fn every_feed_is_read_and_a_cut_one_is_not_complete() {
    let server = Stranger::start(|seen| {
        let service = service_of(seen);
        if is_metadata(seen) {
            return metadata(description_of(service, |name| Some(name.to_owned())));
        }
        let row = |n: usize| match service {
            Service::PurchaseOrders => order(n),
            Service::Stock => {
                json!({"Material": format!("M{n}"), "Plant": "1010", "InventoryStockType": "01",
                "MatlWrhsStkQtyInMatlBaseUnit": "1"})
            }
            Service::CostCenters => json!({"ControllingArea": "A000", "CostCenter": n.to_string(),
                "ValidityEndDate": "/Date(253402214400000)/"}),
            _ => json!({"Product": format!("M{n}")}),
        };
        match service {
            Service::Plan | Service::Journal => page(&[], Some(0), None),
            _ => page(&[row(1), row(2), row(3), json!({})], None, None),
        }
    })
    .await;
    for limit in [200_000, 2] {
        let mut config = config(&server);
        config.feed_limit = limit;
        let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
        for feed in ALL {
            let records = sap.fetch(feed, &ask(None)).await.unwrap();
            assert_eq!(records.feed(), feed);
            let (count, is_complete) = match &records {
                FeedRecords::PurchaseOrders(batch) => (batch.records.len(), batch.is_complete),
                FeedRecords::Stock(batch) => (batch.records.len(), batch.is_complete),
                FeedRecords::CostCenters(batch) => (batch.records.len(), batch.is_complete),
                FeedRecords::Materials(batch) => (batch.records.len(), batch.is_complete),
                _ => unreachable!(),
            };
            if limit == 2 {
                assert!(!is_complete && count <= 2, "{feed:?}");
            } else {
                assert_eq!((count, is_complete, records.dropped()), (3, true, 1), "{feed:?}");
            }
        }
    }
}
