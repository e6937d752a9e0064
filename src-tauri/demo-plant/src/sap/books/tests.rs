//! What the books hold when they open, and how orders and goods change them.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::company::SHORT_AT_OPENING;
use crate::sap::schema::SERVICES;

const NOW: i64 = 1_795_000_000_000;

fn open(seed: u64) -> Books {
    Books::open(seed, 300, NOW)
}

fn records(books: &Books, set: SetId) -> Vec<Record<'_>> {
    (0..books.count(set))
        .filter_map(|index| books.at(set, index))
        .collect()
}

fn text(record: Record<'_>, name: &str) -> String {
    record
        .field(name)
        .map_or_else(String::new, |value| value.as_text().to_owned())
}

fn unrestricted(books: &Books, material: &str, plant: &str) -> Decimal {
    books.tables[&SetId::StockBucket]
        .iter()
        .filter(|row| row.text("Material") == material && row.text("Plant") == plant && is_free(row))
        .map(|row| row.decimal(QUANTITY))
        .sum()
}

#[test]
fn every_set_lies_in_key_order_with_unique_keys_at_every_seed() {
    for seed in [1, 22_400, u64::MAX] {
        let books = open(seed);
        for set in SERVICES.iter().flat_map(|service| service.sets) {
            let keys: Vec<Vec<Edm>> = records(&books, *set)
                .iter()
                .map(|record| set.set().keys().map(|key| record.get(key)).collect())
                .collect();
            assert!(!keys.is_empty(), "{set:?} is empty");
            for pair in keys.windows(2) {
                let order = pair[0]
                    .iter()
                    .zip(&pair[1])
                    .filter_map(|(a, b)| a.compare(b))
                    .find(|order| order.is_ne());
                assert_eq!(order, Some(std::cmp::Ordering::Less), "{set:?}: {pair:?}");
            }
        }
    }
}

#[test]
fn values_fit_what_metadata_announces() {
    let books = open(22_400);
    for set in SERVICES.iter().flat_map(|service| service.sets) {
        for record in records(&books, *set) {
            for property in set.set().properties {
                let value = record.get(property);
                assert!(property.edm_type.accepts(&value), "{}: {value:?}", property.name);
                if value != Edm::Null {
                    let read = property.edm_type.read_json(&serde_json::json!(value));
                    assert!(read.is_ok(), "{}: {value:?} {read:?}", property.name);
                }
            }
        }
    }
}

#[test]
fn history_lies_in_the_past_and_uses_every_supplier() {
    let books = open(22_400);
    let orders = records(&books, SetId::PurchaseOrder);
    assert_eq!(orders.len(), 300);
    for order in &orders {
        let Some(Edm::DateTime(ms)) = order.field("PurchaseOrderDate") else {
            panic!("no date")
        };
        assert!(ms <= NOW && ms % DAY_MS == 0, "dates are past midnights: {ms}");
        let Some(Edm::DateTimeOffset(changed)) = order.field("LastChangeDateTime") else {
            panic!("no change")
        };
        assert!(
            (ms..=NOW).contains(&changed),
            "changed after it was made: {changed}"
        );
        let number = text(*order, "PurchaseOrder");
        assert!(
            !books.of_order(SetId::PurchaseOrderItem, &number).is_empty(),
            "{number} has no items"
        );
    }
    let suppliers: BTreeSet<String> = orders.iter().map(|order| text(*order, "Supplier")).collect();
    assert_eq!(suppliers.len(), 12);
}

#[test]
fn the_mix_has_every_case_at_every_seed() {
    for seed in [1, 22_400, u64::MAX] {
        let books = open(seed);
        let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (set, names) in [
            (
                SetId::PurchaseOrder,
                &[
                    "PurchasingProcessingStatus",
                    "DocumentCurrency",
                    "PurchasingDocumentDeletionCode",
                ][..],
            ),
            (
                SetId::PurchaseOrderItem,
                &["AccountAssignmentCategory", "PurchaseOrderItemCategory"],
            ),
            (SetId::StockBucket, &["InventorySpecialStockType", "Batch"]),
            (
                SetId::ProductValuation,
                &["InventoryValuationProcedure", "ValuationType"],
            ),
            (SetId::ProductDescription, &["Language"]),
        ] {
            for record in records(&books, set) {
                for name in names {
                    seen.entry(name).or_default().insert(text(record, name));
                }
            }
        }
        for (name, wanted) in [
            ("PurchasingProcessingStatus", &["02", "03", "05", "08"][..]),
            ("DocumentCurrency", &["CHF", "EUR", "GBP", "JPY", "USD"]),
            ("PurchasingDocumentDeletionCode", &["", "L", "S"]),
            ("AccountAssignmentCategory", &["", "K"]),
            ("PurchaseOrderItemCategory", &["0", "2"]),
            ("InventorySpecialStockType", &["", "K"]),
            ("Batch", &["", "0000004711", "0000004716"]),
            ("InventoryValuationProcedure", &["S", "V"]),
            ("ValuationType", &["", "NEW", "REPAIRED"]),
            ("Language", &["DE", "EN"]),
        ] {
            let found: Vec<&str> = seen[name].iter().map(String::as_str).collect();
            assert_eq!(found, wanted, "{name} at seed {seed}");
        }
        let items = records(&books, SetId::PurchaseOrderItem);
        let has = |name: &str, wanted: Edm| {
            assert!(
                items.iter().any(|item| item.field(name) == Some(wanted.clone())),
                "no {name} {wanted:?} at seed {seed}"
            );
        };
        for per in [1, 100, 1000] {
            has("NetPriceQuantity", Edm::Decimal(Decimal::from(per)));
        }
        has("PurchasingDocumentDeletionCode", Edm::text("L"));
        has("PurchasingItemIsFreeOfCharge", Edm::Boolean(true));
        has("IsReturnsItem", Edm::Boolean(true));
        has("OrderPriceUnitToOrderUnitNmrtr", Edm::Decimal(Decimal::from(25)));
        let orders = records(&books, SetId::PurchaseOrder);
        let held = orders
            .iter()
            .any(|order| order.field("PurchasingCompletenessStatus") == Some(Edm::Boolean(true)));
        assert!(held, "nothing is held at seed {seed}");
    }
}

#[test]
fn yen_amounts_have_no_decimals() {
    let books = open(22_400);
    let yen: Vec<Record<'_>> = records(&books, SetId::PurchaseOrderItem)
        .into_iter()
        .filter(|item| text(*item, "DocumentCurrency") == "JPY")
        .collect();
    assert!(!yen.is_empty());
    for item in yen {
        let price = item.field("NetPriceAmount").unwrap().as_decimal();
        assert_eq!(price, price.trunc(), "a fraction of a yen");
    }
}

#[test]
fn shares_of_account_assignments_add_up_to_their_item() {
    let books = open(22_400);
    let mut shared = 0;
    for item in records(&books, SetId::PurchaseOrderItem) {
        let navigation = SetId::PurchaseOrderItem
            .set()
            .navigation("to_AccountAssignment")
            .unwrap();
        let accounts = books.follow(navigation, item);
        let is_charged = text(item, "AccountAssignmentCategory") == "K";
        assert_eq!(is_charged, !accounts.is_empty());
        shared += usize::from(accounts.len() == 2);
        let decimal = |record: Record<'_>, name: &str| record.field(name).unwrap().as_decimal();
        if is_charged {
            let value = decimal(item, "OrderQuantity") * decimal(item, "NetPriceAmount");
            let sum: Decimal = accounts.iter().map(|row| decimal(*row, "PurgDocNetAmount")).sum();
            assert_eq!(sum, value);
        }
    }
    assert!(shared > 0, "no shared item");
}

#[test]
fn one_cost_centre_has_no_plan_and_every_current_one_has_actuals() {
    let books = open(22_400);
    let centers = |set| -> BTreeSet<String> {
        records(&books, set)
            .into_iter()
            .filter(|record| text(*record, "LedgerFiscalYear") == "2026")
            .map(|record| text(record, "CostCenter"))
            .collect()
    };
    let (planned, posted) = (centers(SetId::PlanItem), centers(SetId::JournalItem));
    let unplanned: Vec<&String> = posted.difference(&planned).collect();
    assert_eq!(unplanned, ["0000050100"]);
    assert!(
        !posted.contains("0000010500") && !posted.contains("0000020200"),
        "not valid this year"
    );
}

#[test]
fn opening_shortages_are_true_at_every_seed() {
    for seed in 0..20 {
        let books = open(seed);
        for (number, plant) in SHORT_AT_OPENING {
            let reorder = Decimal::from(Material::named(number).unwrap().reorder_point);
            assert!(
                unrestricted(&books, number, plant) < reorder,
                "{number} in {plant}, seed {seed}"
            );
        }
        assert!(
            books.tables[&SetId::StockBucket]
                .iter()
                .any(|row| row.decimal(QUANTITY).is_sign_negative())
        );
    }
}

#[test]
fn goods_arrive_for_an_order_of_this_run() {
    let mut books = open(22_400);
    let material = Material::named("HX-220").unwrap();
    let row = fill_item(Row::default(), material, 10, "1010", Decimal::from(60));
    let header = Row::default().with("CorrespncExternalReference", Edm::text("REF1"));
    let draft = Draft {
        header,
        items: vec![DraftItem {
            row,
            delivery_ms: NOW,
            accounts: Vec::new(),
        }],
    };
    let before = unrestricted(&books, "HX-220", "1010");
    let version = books.version();
    let first = books.file(draft.clone(), NOW);
    let second = books.file(draft, NOW);
    assert_eq!((first.as_str(), second.as_str()), ("4500000301", "4500000302"));
    assert_eq!(
        books.by_reference().get("REF1"),
        Some(&2),
        "the same reference makes a second order"
    );
    let receipt = Receipt {
        due_ms: NOW,
        order: first.clone(),
    };
    books.receive(&receipt, NOW + 5);
    assert_eq!(unrestricted(&books, "HX-220", "1010"), before + Decimal::from(60));
    let changed = |number| {
        books
            .order(number)
            .and_then(|order| order.field("LastChangeDateTime"))
    };
    assert_eq!(changed(&first), Some(Edm::DateTimeOffset(NOW + 5)));
    assert_eq!(changed(&second), None);
    assert!(books.version() > version + 2, "what was found before is outdated");
}
