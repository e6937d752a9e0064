//! Each SAP service over HTTP: what its `$metadata` names, how it filters, orders, expands and pages, what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::plant::{Plant, SERVICE, order};

const STOCK: &str = "API_MATERIAL_STOCK_SRV";
const PRODUCTS: &str = "API_PRODUCT_SRV";
const COSTS: &str = "API_COSTCENTER_SRV";
const PLAN: &str = "API_FINPLANNINGENTRYITEM_SRV";
const JOURNAL: &str = "API_JOURNALENTRYITEMBASIC_SRV";

/// Every row of a collection, following `__next` to its end.
pub(crate) async fn all(plant: &Plant, path: &str) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let mut body = plant.sap_json(&path).await;
        let Value::Array(page) = body["d"]["results"].take() else {
            panic!("no results: {path}")
        };
        rows.extend(page);
        next = body["d"]["__next"].as_str().map(str::to_owned);
    }
    rows
}

/// Status, code and text of a refusal.
async fn refused(plant: &Plant, path: &str) -> (u16, String, String) {
    let answer = plant.sap(Method::GET, path).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        status,
        text(&body["error"]["code"]),
        text(&body["error"]["message"]["value"]),
    )
}

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().filter_map(|row| row[field].as_str()).collect()
}

/// Hundredths, so that sums are exact.
fn hundredths(value: &Value) -> i64 {
    let text = value.as_str().expect("amounts are strings");
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{rest:0<2}");
    format!("{whole}{digits}").parse().expect("two decimals")
}

fn year() -> String {
    jiff::Timestamp::now().strftime("%Y").to_string()
}

#[tokio::test]
async fn metadata_names_the_sets_of_every_service() {
    let plant = Plant::start(&[]).await;
    for (service, sets) in [
        (
            SERVICE,
            &[
                "A_PurchaseOrder",
                "A_PurchaseOrderItem",
                "A_PurchaseOrderScheduleLine",
                "A_PurOrdAccountAssignment",
            ][..],
        ),
        (STOCK, &["A_MaterialStock", "A_MatlStkInAcctMod"]),
        (
            PRODUCTS,
            &[
                "A_Product",
                "A_ProductDescription",
                "A_ProductPlant",
                "A_ProductValuation",
            ],
        ),
        (COSTS, &["A_CostCenter", "A_CostCenterText"]),
        (PLAN, &["A_FinPlanningEntryItem"]),
        (JOURNAL, &["A_JournalEntryItemBasic"]),
    ] {
        let answer = plant.sap(Method::GET, &format!("{service}/$metadata")).send();
        let document = answer.await.unwrap().text().await.unwrap();
        for set in sets {
            let wanted = format!("<EntitySet Name=\"{set}\" EntityType=\"{service}.{set}Type\"");
            assert!(document.contains(&wanted), "{service} does not name {set}");
            // Each row comes exactly once, in the order of the keys that the document names, page after page.
            let rows = all(&plant, &format!("{service}/{set}?$inlinecount=allpages")).await;
            let ids: BTreeSet<&str> = rows
                .iter()
                .filter_map(|row| row["__metadata"]["uri"].as_str())
                .collect();
            assert_eq!(ids.len(), rows.len(), "{set}: a row came twice");
            let count = plant.sap(Method::GET, &format!("{service}/{set}/$count")).send();
            let count = count.await.unwrap().text().await.unwrap();
            assert_eq!(count, rows.len().to_string(), "{set}: a row is missing");
            // A key as the service writes it leads back to its row.
            let uri = rows[rows.len() / 2]["__metadata"]["uri"].as_str().unwrap();
            let one = plant.sap_json(uri).await;
            assert_eq!(one["d"]["__metadata"]["uri"], json!(uri));
        }
    }
}

#[tokio::test]
async fn orders_are_filtered_by_what_buyers_look_for() {
    let plant = Plant::start(&[]).await;
    let everything = all(&plant, &format!("{SERVICE}/A_PurchaseOrder")).await;
    let find = |filter: &'static str| {
        let path = format!("{SERVICE}/A_PurchaseOrder?$filter={filter}");
        let plant = &plant;
        async move { all(plant, &path).await }
    };
    let by_status = find("PurchasingProcessingStatus eq '03'").await;
    assert!(!by_status.is_empty(), "nothing waits for its release");
    assert!(
        by_status
            .iter()
            .all(|row| row["ReleaseIsNotCompleted"] == json!(true))
    );
    let rest = find("not (PurchasingProcessingStatus eq '03')").await;
    assert_eq!(by_status.len() + rest.len(), everything.len());
    assert!(
        find("PurchasingProcessingStatus eq 'active'").await.is_empty(),
        "the word is no code, and no hit is no error"
    );
    let several = find(
        "(Supplier eq '0000100482' or startswith(Supplier,'00001012')) and PurchasingDocumentDeletionCode eq ''",
    )
    .await;
    let suppliers: BTreeSet<&str> = texts(&several, "Supplier").into_iter().collect();
    assert_eq!(suppliers, BTreeSet::from(["0000100482", "0000101268"]));
    let some = find("substringof('482',Supplier)").await;
    assert!(!some.is_empty() && some.iter().all(|row| row["Supplier"] == json!("0000100482")));

    let newest = plant
        .sap_json(&format!(
            "{SERVICE}/A_PurchaseOrder?$orderby=PurchaseOrderDate desc,PurchaseOrder desc&$top=3&$skip=1\
             &$select=PurchaseOrder&$inlinecount=allpages"
        ))
        .await;
    assert_eq!(newest["d"]["__count"], json!("300"));
    let mut numbers = texts(&everything, "PurchaseOrder");
    let date = |row: &Value| row["PurchaseOrderDate"].as_str().unwrap_or_default().to_owned();
    let dates: BTreeMap<&str, String> = numbers.iter().copied().zip(everything.iter().map(date)).collect();
    numbers.sort_by_key(|number| std::cmp::Reverse((dates[number].clone(), *number)));
    let rows = newest["d"]["results"].as_array().unwrap();
    assert_eq!(texts(rows, "PurchaseOrder"), numbers[1..4]);
    assert_eq!(rows[0].as_object().unwrap().len(), 2, "only what was selected");
}

#[tokio::test]
async fn expansion_shows_items_schedule_and_account_assignment() {
    let plant = Plant::start(&[]).await;
    let orders = all(
        &plant,
        &format!(
            "{SERVICE}/A_PurchaseOrder?$expand=to_PurchaseOrderItem/to_ScheduleLine,\
             to_PurchaseOrderItem/to_AccountAssignment"
        ),
    )
    .await;
    let (mut items, mut shared, mut split) = (0, 0, 0);
    for item in orders
        .iter()
        .flat_map(|order| order["to_PurchaseOrderItem"]["results"].as_array().unwrap())
    {
        items += 1;
        let schedule = item["to_ScheduleLine"]["results"].as_array().unwrap();
        split += usize::from(schedule.len() > 1);
        assert_eq!(schedule[0]["PurchasingDocumentItem"], item["PurchaseOrderItem"]);
        let accounts = item["to_AccountAssignment"]["results"].as_array().unwrap();
        shared += usize::from(accounts.len() > 1);
        assert_eq!(
            accounts.is_empty(),
            item["AccountAssignmentCategory"] == json!(""),
            "{item}"
        );
        assert!(
            item["OrderQuantity"].is_string() && item["NetPriceQuantity"].is_string(),
            "{item}"
        );
    }
    assert!(
        items > 1500 && shared > 0 && split > 0,
        "{items} {shared} {split}"
    );
}

#[tokio::test]
async fn literals_of_the_wrong_type_are_invalid_tokens() {
    let plant = Plant::start(&[]).await;
    for path in [
        format!("{SERVICE}/A_PurchaseOrder?$filter=LastChangeDateTime gt datetime'2026-01-01T00:00:00'"),
        format!("{SERVICE}/A_PurchaseOrder?$filter=PurchaseOrderDate ge '2026-01-01'"),
        format!("{SERVICE}/A_PurchaseOrderItem?$filter=OrderQuantity gt '5'"),
        format!("{PRODUCTS}/A_Product?$filter=IsMarkedForDeletion eq 'X'"),
        format!("{COSTS}/A_CostCenter?$filter=ValidityEndDate ge datetimeoffset'2026-01-01T00:00:00Z'"),
        format!("{COSTS}/A_CostCenter?$filter=IsBlkdForPrimaryCostsPosting eq true"),
        format!("{JOURNAL}/A_JournalEntryItemBasic?$filter=LedgerFiscalYear eq 2026"),
    ] {
        let (status, _, text) = refused(&plant, &path).await;
        assert_eq!(status, 400, "{path}");
        assert!(text.starts_with("Invalid token detected at position"), "{text}");
    }
    let (status, code, _) = refused(&plant, &format!("{PRODUCTS}/A_Product('NOPE')")).await;
    assert_eq!((status, code.as_str()), (404, "/IWBEP/CM_MGW_RT/020"));
}

#[tokio::test]
async fn amounts_of_the_journal_can_be_read_but_not_filtered() {
    let plant = Plant::start(&[]).await;
    let path = format!("{JOURNAL}/A_JournalEntryItemBasic");
    let (status, _, text) = refused(
        &plant,
        &format!("{path}?$filter=AmountInCompanyCodeCurrency gt 5M"),
    )
    .await;
    assert_eq!(
        (status, text.as_str()),
        (400, "Property 'AmountInCompanyCodeCurrency' is not filterable")
    );
    let (status, _, _) = refused(&plant, &format!("{path}?$orderby=ID")).await;
    assert_eq!(status, 400, "the generated key cannot be sorted by");
    let filter = format!(
        "CompanyCode eq '1000' and Ledger eq '0L' and LedgerFiscalYear eq '{}' and CostCenter eq '0000010100'",
        year()
    );
    let rows = all(
        &plant,
        &format!(
            "{path}?$filter={filter}&$orderby=FiscalPeriod&$select=FiscalPeriod,AmountInCompanyCodeCurrency"
        ),
    )
    .await;
    let sum: i64 = rows
        .iter()
        .map(|row| hundredths(&row["AmountInCompanyCodeCurrency"]))
        .sum();
    assert!(sum > 0, "no actuals");
    let periods = texts(&rows, "FiscalPeriod");
    assert!(periods.is_sorted() && periods[0] == "001", "{periods:?}");
}

#[tokio::test]
async fn a_plan_is_one_year_category_and_ledger_and_one_cost_centre_has_none() {
    let plant = Plant::start(&[]).await;
    let planned = |center: &'static str, more: &'static str| {
        let filter = format!(
            "LedgerFiscalYear eq '{}' and CostCenter eq '{center}'{more}",
            year()
        );
        let path = format!("{PLAN}/A_FinPlanningEntryItem?$filter={filter}");
        let plant = &plant;
        async move { all(plant, &path).await }
    };
    let one = planned(
        "0000010100",
        " and PlanningCategory eq 'PLN' and Ledger eq '0L' and CompanyCode eq '1000'",
    )
    .await;
    assert_eq!(one.len(), 36, "twelve months of three accounts");
    assert!(one.iter().all(|row| row["CompanyCodeCurrency"] == json!("EUR")));
    assert_eq!(
        planned("0000010100", "").await.len(),
        4 * 36,
        "two categories in two ledgers"
    );
    assert!(planned("0000050100", "").await.is_empty(), "nobody planned it");
}

#[tokio::test]
async fn cost_centres_have_time_slices_with_texts_in_two_languages() {
    let plant = Plant::start(&[]).await;
    let today = jiff::Timestamp::now().strftime("%Y-%m-%dT00:00:00").to_string();
    let everything = all(&plant, &format!("{COSTS}/A_CostCenter?$expand=to_Text")).await;
    let open = json!("/Date(253402214400000)/");
    let current = all(
        &plant,
        &format!(
            "{COSTS}/A_CostCenter?$filter=CompanyCode eq '1000' and ValidityStartDate le datetime'{today}' and \
             ValidityEndDate ge datetime'{today}'&$expand=to_Text"
        ),
    )
    .await;
    let numbers = texts(&current, "CostCenter");
    let once: BTreeSet<&str> = numbers.iter().copied().collect();
    assert_eq!(once.len(), numbers.len(), "one slice each is valid today");
    let slices = |number: &str| -> Vec<&Value> {
        everything
            .iter()
            .filter(|row| row["CostCenter"] == json!(number))
            .collect()
    };
    assert!(
        !once.contains("0000020200") && slices("0000020200").len() == 1,
        "has expired"
    );
    assert!(
        !once.contains("0000010500") && slices("0000010500").len() == 1,
        "begins next year"
    );
    let renewed = slices("0000010100");
    assert_eq!(renewed.len(), 2, "renewed at the turn of the year");
    assert_eq!(renewed[1]["ValidityEndDate"], open);
    assert_ne!(
        renewed[0]["CostCtrResponsiblePersonName"],
        renewed[1]["CostCtrResponsiblePersonName"]
    );
    let blocked: Vec<&Value> = current
        .iter()
        .filter(|row| row["IsBlkdForPrimaryCostsPosting"] == json!("X"))
        .collect();
    assert_eq!(blocked.len(), 1, "one is blocked, the others say nothing");
    for row in &everything {
        let found = row["to_Text"]["results"].as_array().unwrap();
        assert_eq!(texts(found, "Language"), ["DE", "EN"]);
        assert!(
            found
                .iter()
                .all(|text| text["ValidityEndDate"] == row["ValidityEndDate"])
        );
    }
    let key = "ControllingArea='1000',CostCenter='0000010100',ValidityEndDate=datetime'9999-12-31T00:00:00'";
    let one = plant.sap_json(&format!("{COSTS}/A_CostCenter({key})")).await;
    assert_eq!(one["d"]["CostCenter"], json!("0000010100"));
}

#[tokio::test]
async fn products_have_descriptions_plants_and_valuations() {
    let plant = Plant::start(&[]).await;
    let products = all(
        &plant,
        &format!("{PRODUCTS}/A_Product?$expand=to_Description,to_Plant,to_Valuation"),
    )
    .await;
    let inner =
        |product: &Value, navigation: &str| product[navigation]["results"].as_array().unwrap().clone();
    let only_german: Vec<&str> = products
        .iter()
        .filter(|product| texts(&inner(product, "to_Description"), "Language") == ["DE"])
        .filter_map(|product| product["Product"].as_str())
        .collect();
    assert_eq!(only_german, ["WP-075"]);
    let mut without = Vec::new();
    for product in &products {
        let valued: BTreeSet<String> = inner(product, "to_Valuation")
            .iter()
            .map(|row| row["ValuationArea"].to_string())
            .collect();
        for row in inner(product, "to_Plant") {
            if !valued.contains(&row["Plant"].to_string()) {
                without.push((product["Product"].clone(), row["Plant"].clone()));
            }
        }
    }
    assert_eq!(
        without,
        [(json!("CG-201"), json!("1030"))],
        "one material is not valuated in one plant"
    );
    let split = plant
        .sap_json(&format!(
            "{PRODUCTS}/A_ProductValuation?$filter=Product eq 'SV-045' and ValuationArea eq '1020'"
        ))
        .await;
    let split = split["d"]["results"].as_array().unwrap();
    assert_eq!(texts(split, "ValuationType"), ["", "NEW", "REPAIRED"]);
    let by_procedure = |procedure: &'static str| {
        let path = format!(
            "{PRODUCTS}/A_ProductValuation/$count?$filter=InventoryValuationProcedure eq '{procedure}'"
        );
        let request = plant.sap(Method::GET, &path).send();
        async move { request.await.unwrap().text().await.unwrap() }
    };
    assert!(by_procedure("S").await != "0" && by_procedure("V").await != "0");
    let thousand = plant
        .sap_json(&format!(
            "{PRODUCTS}/A_ProductValuation?$filter=PriceUnitQty eq 1000M"
        ))
        .await;
    assert!(!thousand["d"]["results"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn stock_has_special_batched_and_negative_buckets() {
    let plant = Plant::start(&[]).await;
    let rows = all(&plant, &format!("{STOCK}/A_MatlStkInAcctMod")).await;
    let count = |test: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| test(row)).count();
    let quantity = |row: &Value| row["MatlWrhsStkQtyInMatlBaseUnit"].as_str().unwrap().to_owned();
    assert!(
        count(&|row| row["InventorySpecialStockType"] == json!("K")) > 0,
        "consignment"
    );
    assert!(count(&|row| row["Batch"] != json!("")) > 0, "batches");
    assert_eq!(count(&|row| quantity(row).starts_with('-')), 1, "negative");
    for kind in ["01", "02", "07"] {
        assert!(
            count(&|row| row["InventoryStockType"] == json!(kind)) > 0,
            "type {kind}"
        );
    }
}

#[tokio::test]
async fn a_new_order_is_found_by_when_it_changed_and_by_whom_it_is_charged_to() {
    let plant = Plant::start(&[]).await;
    let before = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string();
    let path = format!("{SERVICE}/A_PurchaseOrder?$filter=LastChangeDateTime gt datetimeoffset'{before}'");
    assert!(all(&plant, &path).await.is_empty(), "nothing changed yet");
    let mut body = order("INCREMENTAL1");
    body["to_PurchaseOrderItem"][0]["to_AccountAssignment"] = json!([{"CostCenter": "0000020100"}]);
    let created = plant.post_order(&body).await.unwrap();
    assert_eq!(created.status(), 201);
    let found = all(&plant, &path).await;
    assert_eq!(texts(&found, "PurchaseOrder"), ["4500000301"]);
    let charged = all(
        &plant,
        &format!("{SERVICE}/A_PurOrdAccountAssignment?$filter=PurchaseOrder eq '4500000301'"),
    )
    .await;
    assert_eq!(texts(&charged, "CostCenter"), ["0000020100"]);
    let lines = plant
        .sap_json(&format!(
            "{SERVICE}/A_PurchaseOrderItem(PurchaseOrder='4500000301',PurchaseOrderItem='00010')/to_ScheduleLine"
        ))
        .await;
    assert_eq!(lines["d"]["results"][0]["ScheduleLineOrderQuantity"], json!("10"));
}

#[tokio::test]
async fn services_can_be_switched_off_or_denied_one_by_one() {
    let plant = Plant::start(&[]).await;
    let root = |service: &str| format!("{service}/");
    let wanted = json!({"sap_services": {PLAN: "off", JOURNAL: "denied"}});
    let set = plant.control("/faults", Some(wanted)).await;
    assert_eq!(set["sap_services"], json!({PLAN: "off", JOURNAL: "denied"}));
    let (status, code, _) = refused(&plant, &root(PLAN)).await;
    assert_eq!((status, code.as_str()), (404, "/IWFND/MED/170"));
    assert_eq!(refused(&plant, &format!("{PLAN}/$metadata")).await.0, 404);
    assert_eq!(refused(&plant, &root(JOURNAL)).await.0, 403);
    plant.sap_json(&root(COSTS)).await;
    let again = json!({"sap_services": {PLAN: "ok", JOURNAL: "ok"}});
    plant.control("/faults", Some(again)).await;
    plant.sap_json(&root(PLAN)).await;
    plant.sap_json(&root(JOURNAL)).await;
    for (fault, status) in [("no_permission", 403), ("backend_error", 500)] {
        plant.control("/faults", Some(json!({"sap": fault}))).await;
        assert_eq!(refused(&plant, &root(COSTS)).await.0, status, "{fault}");
    }
    plant
        .control("/faults", Some(json!({"sap": "wrong_client"})))
        .await;
    let client = plant.sap(Method::GET, &root(COSTS)).send().await.unwrap();
    assert_eq!(client.status(), 401);
    let url = format!("{}/faults", plant.text("control", "endpoint"));
    let unknown = json!({"sap_services": {"API_NOPE_SRV": "off"}});
    let answer = plant.http.post(url).json(&unknown).send().await.unwrap();
    assert_eq!(answer.status(), 400, "a service that is not there");
}
