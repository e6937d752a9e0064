//! The plant mirror: merging, exact records, tables as published, and recovery.

use std::fs;

use andon_domain::ports::{FeedBatch, FeedRecords, Merged};
use andon_domain::records::{DowntimeEvent, MachineState, MachineStatus, PurchaseOrder, StockRow};
use andon_domain::{Class, PortErrorKind};
use andon_store::{mirror_guide, mirror_schema};
use rusqlite::{Connection, OpenFlags};

use crate::arrange::{Folder, at, tenant};
use crate::plant::{machine, order, some, stock, stop};

fn batch<T>(records: Vec<T>, is_complete: bool) -> FeedBatch<T> {
    FeedBatch {
        records,
        is_unchanged: false,
        is_complete,
        window: None,
        is_truncated: false,
        dropped: 0,
        server_time: None,
    }
}

fn merged(changed: u32, ignored: u32, removed: u32) -> Merged {
    Merged {
        changed,
        ignored,
        removed,
    }
}

/// The way the analysts' source opens the file.
fn read_only(path: &std::path::Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn one<T: rusqlite::types::FromSql>(path: &std::path::Path, sql: &str) -> T {
    read_only(path).query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn machines_merge_by_version_then_change_then_arrival() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let put = async |records: Vec<MachineStatus>, complete: bool, sync: i64| {
        mirror
            .put(&FeedRecords::Machines(batch(records, complete)), at(sync))
            .await
            .unwrap()
    };
    assert_eq!(
        put(vec![machine("m1", 5), machine("m2", 1)], true, 100).await,
        merged(2, 0, 0)
    );
    assert_eq!(
        put(vec![machine("m1", 4)], false, 200).await,
        merged(0, 1, 0),
        "an older version"
    );
    let mut later = machine("m1", 5);
    later.updated_at = Some(at(19));
    later.status = MachineState::Running;
    assert_eq!(
        put(vec![later.clone()], false, 200).await,
        merged(0, 1, 0),
        "the same version, changed earlier"
    );
    later.updated_at = Some(at(20));
    assert_eq!(
        put(vec![later.clone()], false, 200).await,
        merged(1, 0, 0),
        "the same in all, the later arrival wins"
    );
    assert_eq!(
        put(vec![later.clone()], false, 300).await,
        merged(0, 0, 0),
        "nothing new"
    );
    let expected = vec![(later.clone(), at(300)), (machine("m2", 1), at(100))];
    assert_eq!(
        mirror.machines().await.unwrap(),
        expected,
        "exact records with the time each was heard"
    );
    assert_eq!(
        put(vec![later.clone()], true, 400).await,
        merged(0, 0, 1),
        "a complete batch without m2"
    );
    assert_eq!(mirror.machines().await.unwrap(), vec![(later, at(400))]);
    let path = mirror.path();
    assert_eq!(one::<i64>(&path, "SELECT count(*) FROM machines"), 1);
    assert_eq!(
        one::<String>(&path, "SELECT synced_at FROM machines"),
        at(400).to_string()
    );
}

#[tokio::test]
async fn an_unchanged_answer_refreshes_the_time_of_sync_and_nothing_else() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    mirror
        .put(
            &FeedRecords::Machines(batch(vec![machine("m1", 1)], true)),
            at(100),
        )
        .await
        .unwrap();
    let unchanged = FeedBatch {
        is_unchanged: true,
        ..batch(Vec::new(), true)
    };
    assert_eq!(
        mirror
            .put(&FeedRecords::Machines(unchanged), at(900))
            .await
            .unwrap(),
        Merged::default()
    );
    assert_eq!(
        mirror.machines().await.unwrap(),
        vec![(machine("m1", 1), at(900))]
    );
}

#[tokio::test]
async fn downtime_that_was_taken_back_goes_and_does_not_return_with_an_older_record() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let put = async |event: DowntimeEvent| {
        mirror
            .put(&FeedRecords::Downtime(batch(vec![event], false)), at(1))
            .await
            .unwrap()
    };
    put(stop("d1", 1, None)).await;
    let mut deleted = stop("d1", 3, None);
    deleted.deleted = true;
    assert_eq!(put(deleted.clone()).await, merged(0, 0, 1));
    assert_eq!(put(deleted).await, merged(0, 0, 0), "taken back twice is once");
    assert_eq!(put(stop("d1", 2, Some(2_000))).await, merged(0, 1, 0));
    assert_eq!(mirror.downtime(at(0), 10).await.unwrap(), vec![]);
    assert_eq!(
        one::<i64>(&mirror.path(), "SELECT count(*) FROM downtime_events"),
        0
    );
    assert_eq!(
        put(stop("d1", 4, None)).await,
        merged(1, 0, 0),
        "a newer version brings it back"
    );
}

#[tokio::test]
async fn downtime_lists_what_is_open_or_ended_since_newest_first() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let mut newer = stop("c", 1, Some(9_000));
    newer.start = Some(at(8_000));
    let all = vec![stop("a", 1, Some(3_000)), stop("b", 1, None), newer];
    mirror
        .put(&FeedRecords::Downtime(batch(all, false)), at(1))
        .await
        .unwrap();
    let ids = async |since: i64, limit: u32| {
        let events = mirror.downtime(at(since), limit).await.unwrap();
        events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(0, 10).await, ["c", "a", "b"]);
    assert_eq!(
        ids(3_000, 10).await,
        ["c", "b"],
        "ended at the limit is before it"
    );
    assert_eq!(ids(0, 1).await, ["c"]);
    let path = mirror.path();
    assert_eq!(
        one::<f64>(&path, "SELECT duration_s FROM downtime_events WHERE id = 'a'"),
        2.0
    );
    assert_eq!(
        one::<Option<f64>>(&path, "SELECT duration_s FROM downtime_events WHERE id = 'b'"),
        None
    );
}

#[tokio::test]
async fn purchase_orders_bring_their_items_and_keep_exact_amounts() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let put = async |orders: Vec<PurchaseOrder>, complete: bool| {
        mirror
            .put(&FeedRecords::PurchaseOrders(batch(orders, complete)), at(1))
            .await
            .unwrap()
    };
    assert_eq!(
        put(
            vec![order("4500000001", "10.10", 3), order("4500000002", "1", 1)],
            true
        )
        .await,
        merged(2, 0, 0)
    );
    assert_eq!(
        put(vec![order("4500000001", "20.20", 2)], false).await,
        merged(1, 0, 0),
        "replaced with its items"
    );
    let path = mirror.path();
    assert_eq!(one::<i64>(&path, "SELECT count(*) FROM purchase_order_items"), 3);
    let exact = "SELECT net_value_text || ' ' || currency FROM purchase_orders WHERE net_value > 20";
    assert_eq!(one::<String>(&path, exact), "20.20 EUR");
    assert_eq!(
        one::<String>(&path, "SELECT quantity_text FROM purchase_order_items LIMIT 1"),
        "12.340"
    );
    assert_eq!(
        put(vec![order("4500000001", "20.20", 2)], true).await,
        merged(0, 0, 1)
    );
    assert_eq!(one::<i64>(&path, "SELECT count(*) FROM purchase_order_items"), 2);
    let mut twice = order("4500000003", "1", 1);
    twice.items.push(twice.items[0].clone());
    assert_eq!(
        put(vec![twice], false).await,
        merged(1, 0, 0),
        "an item named twice does not stop the feed"
    );
}

#[tokio::test]
async fn stock_is_kept_by_all_parts_of_its_key() {
    let folder = Folder::new();
    let mirror = folder.open().mirror(&tenant()).unwrap();
    let put = async |rows: Vec<StockRow>, complete: bool| {
        mirror
            .put(&FeedRecords::Stock(batch(rows, complete)), at(1))
            .await
            .unwrap()
    };
    let mut consignment = stock("A", Some("0001"), "5");
    consignment.special_stock = some("K");
    let all = vec![
        stock("A", None, "1"),
        stock("A", Some("0001"), "-2.5"),
        consignment.clone(),
    ];
    assert_eq!(put(all, true).await, merged(3, 0, 0));
    assert_eq!(put(vec![stock("A", None, "7")], false).await, merged(1, 0, 0));
    let path = mirror.path();
    assert_eq!(
        one::<f64>(
            &path,
            "SELECT sum(quantity) FROM inventory WHERE special_stock IS NULL"
        ),
        4.5
    );
    assert_eq!(put(vec![consignment], true).await, merged(0, 0, 2));
    assert_eq!(
        one::<String>(&path, "SELECT group_concat(special_stock) FROM inventory"),
        "K"
    );
}

#[tokio::test]
async fn mirrors_of_tenants_are_apart_and_a_tenant_cannot_name_another_folder() {
    let folder = Folder::new();
    let store = folder.open();
    let (one, two) = (
        store.mirror(&tenant()).unwrap(),
        store.mirror(&"second".into()).unwrap(),
    );
    one.put(&FeedRecords::Machines(batch(vec![machine("m1", 1)], true)), at(1))
        .await
        .unwrap();
    assert_eq!(two.machines().await.unwrap(), vec![]);
    assert!(one.path().ends_with("tenants/default/mirror.sqlite"));
    for name in ["", "..", "../default", "a/b", "A"] {
        let error = store.mirror(&name.into()).err().expect(name);
        assert_eq!(error.kind, PortErrorKind::Invalid, "{name}");
    }
}

#[tokio::test]
async fn a_damaged_or_outdated_mirror_starts_empty_and_works() {
    let folder = Folder::new();
    let path = folder.path().join("tenants/default/mirror.sqlite");
    for damage in ["text", "zero", "half", "version", "empty"] {
        let store = folder.open();
        let mirror = store.mirror(&tenant()).unwrap();
        assert_eq!(mirror.machines().await.unwrap(), vec![], "before {damage}");
        mirror
            .put(&FeedRecords::Machines(batch(vec![machine("m1", 1)], true)), at(1))
            .await
            .unwrap();
        drop((mirror, store));
        let mut bytes = fs::read(&path).unwrap();
        match damage {
            "text" => bytes = b"no database".to_vec(),
            "zero" => bytes[4096..].fill(0),
            "half" => bytes.truncate(bytes.len() / 2),
            "version" => bytes[60..64].copy_from_slice(&[0, 0, 0, 9]),
            _ => bytes.clear(),
        }
        fs::write(&path, bytes).unwrap();
    }
    let store = folder.open();
    let mirror = store.mirror(&tenant()).unwrap();
    assert_eq!(
        mirror
            .put(&FeedRecords::Machines(batch(vec![machine("m1", 1)], true)), at(1))
            .await
            .unwrap(),
        merged(1, 0, 0)
    );
}

#[tokio::test]
async fn a_sound_mirror_is_kept_over_a_restart() {
    let folder = Folder::new();
    for round in 0..2 {
        let store = folder.open();
        let mirror = store.mirror(&tenant()).unwrap();
        let merged = mirror
            .put(&FeedRecords::Machines(batch(vec![machine("m1", 1)], true)), at(1))
            .await
            .unwrap();
        assert_eq!(merged.changed, 1 - round);
    }
}

#[tokio::test]
async fn the_file_has_exactly_the_published_columns() {
    let folder = Folder::new();
    let store = folder.open();
    let mirror = store.mirror(&tenant()).unwrap();
    let file = read_only(&mirror.path());
    for table in mirror_schema() {
        let mut statement = file
            .prepare(&format!("PRAGMA table_info({})", table.name))
            .unwrap();
        let columns: Vec<(String, String)> = statement
            .query_map([], |row| Ok((row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let published: Vec<(String, String)> = table
            .columns
            .iter()
            .map(|c| (c.name.to_owned(), c.sql_type.to_owned()))
            .collect();
        assert_eq!(columns, published, "{}", table.name);
        let last: Vec<&str> = table.columns.iter().rev().take(2).map(|c| c.name).collect();
        assert_eq!(last, ["synced_at", "source_time"], "on every row: {}", table.name);
    }
    let mut statement = file
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut published: Vec<&str> = mirror_schema().iter().map(|table| table.name).collect();
    published.extend(["andon_marks", "andon_records", "andon_sources"]);
    published.sort_unstable();
    assert_eq!(names, published);
}

#[test]
fn every_amount_has_its_exact_text_beside_it() {
    for table in mirror_schema() {
        let is_there = |name: &str| table.columns.iter().any(|column| column.name == name);
        // Lengths of time are computed here and exact in milliseconds.
        let amounts = table
            .columns
            .iter()
            .filter(|column| column.sql_type == "REAL" && !["duration_s", "break_s"].contains(&column.name));
        for column in amounts {
            assert!(
                is_there(&format!("{}_text", column.name)),
                "{}.{}",
                table.name,
                column.name
            );
        }
    }
}

/// The tables that hold what an operation returns.
const TABLES_OF: [(&str, &[&str]); 5] = [
    (
        "sap.get_purchase_orders",
        &["purchase_orders", "purchase_order_items"],
    ),
    ("sap.get_inventory", &["inventory"]),
    ("sap.get_cost_centers", &["cost_centers"]),
    (
        "sap.get_materials",
        &["materials", "material_plants", "material_valuations"],
    ),
    (
        "mes.get_quality_reports",
        &["quality_reports", "quality_characteristics", "quality_defects"],
    ),
];

#[test]
fn a_column_has_the_class_of_its_field_in_the_answer_of_the_operation() {
    let mut sensitive = 0;
    for table in mirror_schema() {
        let operation = TABLES_OF.iter().find(|(_, tables)| tables.contains(&table.name));
        let fields = operation.map_or(&[][..], |(name, _)| {
            andon_domain::operations::find(name).unwrap().fields
        });
        for column in table.columns {
            let name = column.name.strip_suffix("_text").unwrap_or(column.name);
            let named = fields
                .iter()
                .find(|field| field.path.rsplit('.').next() == Some(name));
            // The currency is a part of the value.
            let is_sensitive = named.is_some() || name == "value_currency";
            let class = if is_sensitive {
                Class::BusinessSensitive
            } else {
                Class::Internal
            };
            sensitive += u32::from(is_sensitive);
            assert_eq!(column.class, class, "{}.{}", table.name, column.name);
            assert!(!column.description.is_empty() && !column.description.ends_with('.'));
        }
    }
    assert_eq!(sensitive, 23, "each sensitive column was looked at");
}

/// Set `UPDATE_GUIDE=1` to write the page.
#[test]
fn the_guide_shows_the_mirror_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/mirror.md");
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(path, mirror_guide()).unwrap();
    }
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == mirror_guide(),
        "docs/guide/mirror.md is out of date; run this test with UPDATE_GUIDE=1"
    );
}
