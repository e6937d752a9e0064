//! Cost centres of a day, and amounts that are exact or absent.

use super::*;

fn center(area: &str, number: &str, from: &str, to: &str) -> Value {
    json!({"ControllingArea": area, "CostCenter": number, "ValidityStartDate": from, "ValidityEndDate": to,
        "CompanyCode": "1000", "Department": "MAINT", "CostCtrResponsiblePersonName": "Ada", "CostCenterCurrency": "EUR",
        "IsBlkdForPrimaryCostsPosting": "", "to_Text": {"results": [
            {"Language": "EN", "CostCenterName": "Maintenance"}, {"Language": "DE", "CostCenterName": "Instandhaltung"}]}})
}

fn open_center(number: &str) -> Value {
    center("A000", number, "/Date(1577836800000)/", "/Date(253402214400000)/")
}

fn entry(number: &str, amount: &str, currency: &str) -> Value {
    json!({"CostCenter": number, "ControllingArea": "A000", "CompanyCode": "1000", "Ledger": "0L",
        "LedgerFiscalYear": "2026", "PlanningCategory": "PLN", "CompanyCodeCurrency": currency,
        "AmountInCompanyCodeCurrency": amount})
}

/// A system with these centres, plan rows and journal rows.
async fn system(centers: Vec<Value>, plan: Vec<Value>, journal: Vec<Value>) -> Stranger {
    Stranger::start(move |seen| {
        let service = service_of(seen);
        if is_metadata(seen) {
            return metadata(description_of(service, |name| Some(name.to_owned())));
        }
        match service {
            Service::CostCenters => page(&centers, None, None),
            Service::Plan => page(&plan, Some(plan.len()), None),
            _ => page(&journal, Some(journal.len()), None),
        }
    })
    .await
}

async fn centers(server: &Stranger, parameters: &Value) -> andon_domain::ports::Fetched {
    read(
        "sap.get_cost_centers",
        sap(server).cost_centers_read(),
        parameters,
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_day_picks_one_span_and_a_year_the_amounts() {
    let long_ago = center("A000", "0000001000", "/Date(0)/", "/Date(86400000)/");
    let plan = vec![
        entry("0000001000", "1000.10", "EUR"),
        entry("1000", "0.20", "EUR"),
        entry("0000001000", "-0.30", "EUR"),
    ];
    // Of another ledger: a system that ignores the condition must not add it in.
    let mut foreign = entry("0000001000", "777", "EUR");
    foreign["Ledger"] = json!("2L");
    let server = system(
        vec![long_ago, open_center("0000001000")],
        plan,
        vec![entry("0000001000", "500.25", "EUR"), foreign],
    )
    .await;
    let found = centers(&server, &json!({"company_code": "1000"})).await;
    assert_eq!(found.records.len(), 1, "the span of long ago is not of today");
    let record = &found.records[0];
    assert_eq!(
        (
            &record["budget"],
            &record["actual"],
            &record["amounts_currency"],
            &record["fiscal_year"]
        ),
        (&json!("1000.00"), &json!("500.25"), &json!("EUR"), &json!("2026"))
    );
    assert_eq!(
        (&record["name"], &record["valid_to"], &record["is_blocked"]),
        (&json!("Maintenance"), &json!("9999-12-31"), &json!(false))
    );
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let asked = |service| {
        let seen = server.seen();
        let mut of = seen
            .iter()
            .filter(|seen| service_of(seen) == service && !is_metadata(seen));
        of.next().unwrap().query("$filter").to_owned()
    };
    assert_eq!(
        asked(Service::CostCenters),
        "CompanyCode eq '1000' and ValidityStartDate le datetime'2026-06-22T00:00:00' and \
         ValidityEndDate ge datetime'2026-06-22T00:00:00'",
        "today by the clock"
    );
    assert_eq!(
        asked(Service::Plan),
        "PlanningCategory eq 'PLN' and Ledger eq '0L' and LedgerFiscalYear eq '2026' and \
         (CostCenter eq '0000001000' or CostCenter eq '1000')"
    );
    assert!(!asked(Service::Journal).contains("PlanningCategory"));
}

#[tokio::test]
async fn day_year_language_and_category_are_those_asked_for() {
    let server = system(vec![open_center("1")], vec![], vec![]).await;
    let mut config = config(&server);
    config.language = "DE".to_owned();
    config.planning_category = "BUD1".to_owned();
    config.ledger = "2L".to_owned();
    let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
    let asked = json!({"valid_on": "2024-02-29", "fiscal_year": "2025"});
    let found = read("sap.get_cost_centers", sap.cost_centers_read(), &asked)
        .await
        .unwrap();
    assert_eq!(
        (&found.records[0]["name"], &found.records[0]["fiscal_year"]),
        (&json!("Instandhaltung"), &json!("2025"))
    );
    let filters: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.query("$filter").to_owned())
        .collect();
    assert!(filters[0].contains("datetime'2024-02-29T00:00:00'"));
    assert!(filters.iter().any(|filter| {
        filter.contains("PlanningCategory eq 'BUD1' and Ledger eq '2L' and LedgerFiscalYear eq '2025'")
    }));
}

#[tokio::test]
async fn what_is_not_known_is_absent_with_its_reason_and_never_zero() {
    let plan = vec![
        entry("1", "10", "EUR"),
        entry("1", "10", "USD"),
        entry("2", "12345678901234567890123456.123456", "EUR"),
        entry("4", "1", "EUR"),
    ];
    let journal = vec![
        entry("1", "5", "EUR"),
        entry("3", "5", "EUR"),
        entry("4", "1", "USD"),
    ];
    let server = system(["1", "2", "3", "4"].map(open_center).to_vec(), plan, journal).await;
    let found = centers(&server, &json!({})).await;
    let amounts: Vec<_> = found
        .records
        .iter()
        .map(|row| (row["budget"].clone(), row["actual"].clone()))
        .collect();
    let none = Value::Null;
    assert_eq!(
        amounts,
        [
            (none.clone(), json!("5")),
            (none.clone(), none.clone()),
            (none.clone(), json!("5")),
            (none.clone(), none)
        ]
    );
    assert_eq!(
        found.warnings,
        [
            "actuals not available, no journal rows: 2",
            "budget and actuals not available, in different currencies: 4",
            "budget not available, an amount cannot be kept exactly: 2",
            "budget not available, in several currencies: 1",
            "budget not available, no plan rows: 3",
        ]
    );
}

#[tokio::test]
async fn without_a_plan_or_a_journal_the_cost_centers_come_all_the_same() {
    let server = Stranger::start(|seen| match service_of(seen) {
        Service::CostCenters => page(&[open_center("1")], None, None),
        Service::Plan => not_active(),
        _ => Reply::json(
            403,
            &json!({"error": {"code": "x", "message": {"value": "No authorization"}}}),
        ),
    })
    .await;
    let found = centers(&server, &json!({})).await;
    let record = &found.records[0];
    assert_eq!(
        (&record["budget"], &record["actual"], &record["amounts_currency"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(
        found.warnings,
        [
            "budget not available: SAP does not offer the service",
            "actuals not available: No authorization"
        ]
    );
}

#[tokio::test]
async fn a_plan_service_with_other_fields_tells_nothing_rather_than_the_wrong_sum() {
    for (lacking, warning) in [
        (
            "AmountInCompanyCodeCurrency",
            "budget not available: the service has no field AmountInCompanyCodeCurrency; name it in sap.services.plan.fields",
        ),
        (
            "Ledger",
            "budget not available: the service has no field Ledger; name it in sap.services.plan.fields",
        ),
    ] {
        let server = Stranger::start(move |seen| {
            let service = service_of(seen);
            if is_metadata(seen) {
                let keep = |name: &'static str| {
                    (service != Service::Plan || name != lacking).then(|| name.to_owned())
                };
                return metadata(description_of(service, keep));
            }
            match service {
                Service::CostCenters => page(&[open_center("1")], None, None),
                _ => page(&[entry("1", "5", "EUR")], Some(1), None),
            }
        })
        .await;
        let found = centers(&server, &json!({})).await;
        assert_eq!(
            (&found.records[0]["budget"], &found.records[0]["actual"]),
            (&Value::Null, &json!("5"))
        );
        assert_eq!(found.warnings, [warning]);
        // By the configuration there is one ledger only: then the rows may be added up.
        let mut config = config(&server);
        config
            .names
            .0
            .entry(Service::Plan)
            .or_default()
            .fields
            .insert("Ledger".to_owned(), String::new());
        let sap = Sap::new(config, Fixed::new(Some("secret")), noon()).unwrap();
        let found = read("sap.get_cost_centers", sap.cost_centers_read(), &json!({}))
            .await
            .unwrap();
        let expected = if lacking == "Ledger" {
            json!("5")
        } else {
            Value::Null
        };
        assert_eq!(found.records[0]["budget"], expected);
    }
}

#[tokio::test]
async fn more_rows_than_a_page_are_asked_for_in_parts_and_none_is_lost() {
    // A server with pages of 6 rows, no links, and no order: skipping would lose or repeat rows.
    let all: Vec<Value> = (0..20)
        .map(|n| entry(&format!("{}", 1 + n % 4), "1", "EUR"))
        .collect();
    let server = Stranger::start(move |seen| {
        let service = service_of(seen);
        if is_metadata(seen) {
            return metadata(description_of(service, |name| Some(name.to_owned())));
        }
        if service == Service::CostCenters {
            return page(&["1", "2", "3", "4"].map(open_center), None, None);
        }
        assert_eq!(seen.query("$skip"), "", "rows without an order are never skipped");
        let rows: Vec<Value> = all
            .iter()
            .filter(|row| {
                seen.query("$filter").contains(&format!(
                    "CostCenter eq '{}'",
                    row["CostCenter"].as_str().unwrap()
                ))
            })
            .cloned()
            .collect();
        let count = rows.len();
        page(&rows[..count.min(6)], Some(count), None)
    })
    .await;
    let found = centers(&server, &json!({})).await;
    assert!(
        found
            .records
            .iter()
            .all(|row| row["budget"] == "5" && row["actual"] == "5"),
        "{:?}",
        found.records
    );
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
}

#[tokio::test]
async fn a_number_used_in_two_areas_is_not_mixed_up() {
    let spans = ("/Date(0)/", "/Date(253402214400000)/");
    let both = vec![
        center("A000", "1", spans.0, spans.1),
        center("B000", "1", spans.0, spans.1),
    ];
    let mut other = entry("1", "7", "EUR");
    other["ControllingArea"] = json!("B000");
    let nobodys = |amount| {
        let mut row = entry("1", amount, "EUR");
        row.as_object_mut()
            .unwrap()
            .retain(|name, _| !["ControllingArea", "CompanyCode"].contains(&name.as_str()));
        row
    };
    let server = system(both, vec![entry("1", "5", "EUR"), other], vec![nobodys("9")]).await;
    let found = centers(&server, &json!({})).await;
    let budgets: Vec<_> = found.records.iter().map(|row| row["budget"].clone()).collect();
    assert_eq!(budgets, [json!("5"), json!("7")]);
    assert_eq!(
        found.warnings,
        ["actuals not available, rows do not tell whose they are: 1"]
    );
}

/// Centres a filter asks for, read the way a gateway does that applies the conversion of keys to values: without zeros.
fn converted(filter: &str) -> Vec<String> {
    let values = filter.split("CostCenter eq '").skip(1);
    let values = values.filter_map(|rest| rest.split_once('\''));
    values
        .map(|(value, _)| value.trim_start_matches('0').to_owned())
        .collect()
}

#[tokio::test]
async fn no_row_is_added_up_twice_however_a_server_reads_the_condition_on_centers() {
    // One that converts keys and cuts its pages, and one that does not look at the condition.
    for (looks_at_it, most) in [(true, 60), (true, 7), (false, 60)] {
        let numbers: Vec<String> = (4_001..4_061).map(|n| format!("{n:010}")).collect();
        let centers_there: Vec<Value> = numbers.iter().map(|number| open_center(number)).collect();
        let server = Stranger::start(move |seen| {
            let service = service_of(seen);
            if is_metadata(seen) {
                return metadata(description_of(service, |name| Some(name.to_owned())));
            }
            if service == Service::CostCenters {
                return page(&centers_there, None, None);
            }
            let asked = converted(seen.query("$filter"));
            let is_asked =
                |number: &&String| !looks_at_it || asked.iter().any(|own| number.ends_with(own.as_str()));
            let rows: Vec<Value> = numbers
                .iter()
                .filter(is_asked)
                .map(|number| entry(number, "12.50", "EUR"))
                .collect();
            page(&rows[..rows.len().min(most)], Some(rows.len()), None)
        })
        .await;
        let found = centers(&server, &json!({})).await;
        assert_eq!(found.records.len(), 60);
        for record in &found.records {
            assert_eq!(
                (&record["budget"], &record["actual"]),
                (&json!("12.50"), &json!("12.50")),
                "{record}"
            );
        }
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        let plan: Vec<Vec<String>> = server
            .seen()
            .iter()
            .filter(|seen| service_of(seen) == Service::Plan && !is_metadata(seen))
            .map(|seen| converted(seen.query("$filter")))
            .collect();
        assert!(plan.len() > 1, "too many centres for one address");
    }
}
