use std::sync::Arc;

use andon_domain::{PortErrorKind, Role, TenantId};

use super::*;
use crate::error::EngineError;
use crate::testing::{ScriptedRead, World, failure, fetched, person, world};
use crate::world::Systems;

const ORDERS: &str = "sap.get_purchase_orders";

fn orders() -> Vec<Value> {
    let order = |number: &str, value: Option<&str>, currency: &str, text: &str| {
        json!({"purchase_order": number, "net_value": value, "supplier": "100482", "currency": currency,
            "items": [{"text": text, "net_price": value, "quantity": "2"}]})
    };
    vec![
        order("4500000003", Some("900.50"), "EUR", "Bearing"),
        order("4500000001", None, "EUR", "=HYPERLINK(\"x\")"),
        order("4500000004", Some("-3"), "USD", "Ölfilter, groß"),
        order("4500000002", Some("1000"), "EUR", "bolt"),
    ]
}

fn with(records: Vec<Value>) -> (World, Arc<ScriptedRead>) {
    let upstream = Arc::new(ScriptedRead::with(0));
    upstream.say(Ok(andon_domain::ports::Fetched {
        records,
        ..fetched(0)
    }));
    let mut systems = Systems::default();
    systems.reads.insert(ORDERS, upstream.clone());
    (world(systems), upstream)
}

fn numbers(browsed: &Browsed) -> Vec<&str> {
    let number = |record: &Value| record["purchase_order"].as_str().unwrap().chars().last();
    let place = |last: char| ["1", "2", "3", "4"][last as usize - '1' as usize];
    browsed.records.iter().filter_map(number).map(place).collect()
}

async fn look(world: &World, caller: &Caller, look: Look) -> Result<Browsed, EngineError> {
    browse(&world.engine, caller, ORDERS, &json!({}), &look).await
}

fn sorted(field: &str, is_descending: bool) -> Look {
    Look {
        sort: Some(field.to_owned()),
        is_descending,
        ..Look::default()
    }
}

#[tokio::test]
async fn decimals_sort_as_numbers_and_what_is_missing_stands_last_either_way() {
    let (world, upstream) = with(orders());
    let admin = person("ada", Role::Admin);
    for (field, up, down) in [
        ("net_value", ["4", "3", "2", "1"], ["2", "3", "4", "1"]),
        ("purchase_order", ["1", "2", "3", "4"], ["4", "3", "2", "1"]),
        ("items.text", ["1", "3", "2", "4"], ["4", "2", "3", "1"]),
        ("currency", ["3", "1", "2", "4"], ["4", "3", "1", "2"]),
        ("no_such_field", ["3", "1", "4", "2"], ["3", "1", "4", "2"]),
    ] {
        let rising = look(&world, &admin, sorted(field, false)).await.unwrap();
        assert_eq!(numbers(&rising), up, "{field}");
        let falling = look(&world, &admin, sorted(field, true)).await.unwrap();
        assert_eq!(
            numbers(&falling),
            down,
            "{field}, equal ones in the system's order"
        );
    }
    assert_eq!(upstream.calls(), 1, "one answer serves every order and window");
}

#[tokio::test]
async fn who_asks_anew_gets_what_the_system_says_now_or_the_old_answer_marked_as_old() {
    let (world, upstream) = with(orders());
    let admin = person("ada", Role::Admin);
    let anew = || Look {
        is_anew: true,
        ..Look::default()
    };
    look(&world, &admin, Look::default()).await.unwrap();
    upstream.say(Ok(fetched(2)));
    let cached = look(&world, &admin, Look::default()).await.unwrap();
    assert_eq!((cached.total, cached.about.from_cache), (4, true));
    let asked = look(&world, &admin, anew()).await.unwrap();
    assert_eq!(
        (asked.total, asked.about.from_cache, upstream.calls()),
        (2, false, 2)
    );
    let after = look(&world, &admin, Look::default()).await.unwrap();
    assert_eq!(
        (after.total, after.about.from_cache),
        (2, true),
        "the cache has the new answer"
    );
    upstream.say(Err(failure(PortErrorKind::Unavailable)));
    let old = look(&world, &admin, anew()).await.unwrap();
    assert_eq!((old.total, old.about.is_stale), (2, true));
}

#[tokio::test]
async fn a_window_and_a_search_are_over_the_whole_answer() {
    let (world, _) = with(orders());
    let admin = person("ada", Role::Admin);
    let page = look(
        &world,
        &admin,
        Look {
            offset: 1,
            limit: Some(2),
            ..sorted("purchase_order", false)
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (numbers(&page), page.total, page.fetched, page.offset),
        (vec!["2", "3"], 4, 4, 1)
    );
    let past = look(
        &world,
        &admin,
        Look {
            offset: 9,
            ..Look::default()
        },
    )
    .await
    .unwrap();
    assert_eq!((past.records.len(), past.total), (0, 4));
    for (search, found) in [
        ("BOLT", vec!["2"]),
        ("ölFILTER", vec!["4"]),
        ("450000000", vec!["3", "1", "4", "2"]),
        (" usd ", vec!["4"]),
        ("nowhere", vec![]),
    ] {
        let browsed = look(
            &world,
            &admin,
            Look {
                search: Some(search.to_owned()),
                ..Look::default()
            },
        )
        .await
        .unwrap();
        assert_eq!(numbers(&browsed), found, "{search}");
        assert_eq!(browsed.total, found.len() as u64);
    }
    assert!(
        world
            .audit
            .actions()
            .iter()
            .all(|action| action == "operation.read")
    );
    assert_eq!(world.audit.last().detail["search"], "nowhere");
}

#[tokio::test]
async fn what_is_above_the_clearance_is_neither_shown_found_sorted_by_nor_exported() {
    let (world, _) = with(orders());
    let limited = Caller {
        clearance: Class::Internal,
        ..person("otto", Role::Operator)
    };
    let browsed = look(&world, &limited, Look::default()).await.unwrap();
    let text = serde_json::to_string(&browsed.records).unwrap();
    assert!(!text.contains("100482") && !text.contains("900.50"), "{text}");
    assert_eq!(browsed.about.class, Class::Internal);
    assert_eq!(
        browsed.about.hidden,
        [
            "supplier",
            "net_value",
            "items.net_price",
            "items.price_unit",
            "items.net_value"
        ]
    );
    let search = Look {
        search: Some("100482".to_owned()),
        ..Look::default()
    };
    assert_eq!(
        look(&world, &limited, search).await.unwrap().total,
        0,
        "not found either"
    );
    for field in ["net_value", "items.net_price", "supplier", "supplier.x"] {
        assert!(
            matches!(
                look(&world, &limited, sorted(field, false)).await,
                Err(EngineError::InvalidInput { field: "sort", .. })
            ),
            "{field}: an order would tell the values"
        );
    }
    let by_supplier = json!({"supplier": "100482"});
    let refused = browse(&world.engine, &limited, ORDERS, &by_supplier, &Look::default()).await;
    assert!(
        matches!(refused, Err(EngineError::NotPermitted { .. })),
        "a filter would tell the values"
    );
    assert_eq!(world.audit.last().action, "operation.read_refused");
    let exported = export(&world.engine, &limited, ORDERS, &json!({}), &Look::default())
        .await
        .unwrap();
    assert!(!exported.text.contains("100482") && !exported.text.contains("net_value"));
    assert_eq!(exported.class, Class::Internal);
    let admin = look(&world, &person("ada", Role::Admin), Look::default())
        .await
        .unwrap();
    assert_eq!(
        (admin.about.class, admin.about.hidden.len()),
        (Class::BusinessSensitive, 0)
    );
}

#[tokio::test]
async fn an_export_has_all_that_matches_and_no_formula_and_is_written_down() {
    let (world, _) = with(orders());
    let admin = person("ada", Role::Admin);
    let exported = export(
        &world.engine,
        &admin,
        ORDERS,
        &json!({}),
        &Look {
            search: Some("eur".to_owned()),
            limit: Some(1),
            ..sorted("net_value", true)
        },
    )
    .await
    .unwrap();
    assert_eq!(
        exported.text,
        "currency,items,net_value,purchase_order,supplier\r\n\
         EUR,1,1000,4500000002,100482\r\n\
         EUR,1,900.50,4500000003,100482\r\n\
         EUR,1,,4500000001,100482\r\n"
    );
    let event = world.audit.last();
    assert_eq!(event.action, "operation.exported");
    assert_eq!(event.detail["records"], 3);
    let hostile =
        vec![json!({"a": "=1+1", "b": "-5", "c": "+5", "d": ["x", "=y"], "e": {"f": "@z"}, "g": true})];
    let (world, _) = with(hostile);
    let exported = export(&world.engine, &admin, ORDERS, &json!({}), &Look::default())
        .await
        .unwrap();
    assert_eq!(
        exported.text,
        "a,b,c,d,e.f,g\r\n\"'=1+1\",-5,\"'+5\",\"x; =y\",\"'@z\",true\r\n"
    );
    world
        .audit
        .refuses
        .store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(
        export(&world.engine, &admin, ORDERS, &json!({}), &Look::default())
            .await
            .is_err(),
        "what cannot be written down does not leave"
    );
}

#[tokio::test]
async fn a_look_that_asks_for_too_much_is_refused() {
    let (world, upstream) = with(orders());
    let admin = person("ada", Role::Admin);
    for limit in [0, 1_001] {
        let refused = look(
            &world,
            &admin,
            Look {
                limit: Some(limit),
                ..Look::default()
            },
        )
        .await;
        assert!(matches!(
            refused,
            Err(EngineError::InvalidInput { field: "limit", .. })
        ));
    }
    assert_eq!(upstream.calls(), 0);
    let long = Look {
        search: Some("x".repeat(201)),
        ..Look::default()
    };
    assert!(matches!(
        look(&world, &admin, long).await,
        Err(EngineError::InvalidInput { field: "search", .. })
    ));
    assert!(world.engine.tenant(&TenantId::default_tenant()).is_ok());
}
