//! Records that a system should not send.

use serde_json::Value;

use super::{Case, Expected, body, case, field, incomplete, one_with};
use crate::systems::{MACHINES, ORDERS};

/// The rows.
pub(super) fn rows() -> Vec<Case> {
    vec![
        case(
            "nulls in every field but the key",
            ORDERS,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |read, _| {
                body(read.page(&[r#"{"PurchaseOrder":"1","Supplier":null,"DocumentCurrency":null,"PurchasingProcessingStatus":null,"PurchaseOrderDate":null,"LastChangeDateTime":null,"to_PurchaseOrderItem":{"results":[{"PurchaseOrderItem":"10","OrderQuantity":null,"NetPriceAmount":null,"NetPriceQuantity":null}]}}"#], None))
            },
        ),
        case(
            "nulls in every field but the key",
            MACHINES,
            Expected::Shown(|records| incomplete(records, "status")),
            |read, _| {
                body(read.page(&[r#"{"machine_id":"M-01","status":null,"status_since":null,"observed_at":null,"updated_at":null,"version":null,"counters":null,"alarms":null}"#], None))
            },
        ),
        case("no key", MACHINES, Expected::Records(0), |read, _| {
            body(read.page(&[r#"{"status":"running","version":1}"#], None))
        }),
        case(
            "fields and words nobody knows",
            ORDERS,
            Expected::Shown(|records| field(records, "status", &"unknown".into())),
            |read, _| {
                body(read.page(&[r#"{"PurchaseOrder":"1","PurchasingProcessingStatus":"ZZ","NewField":{"a":[1]},"to_PurchaseOrderItem":{"results":[]}}"#], None))
            },
        ),
        case(
            "fields and words nobody knows",
            MACHINES,
            Expected::Shown(|records| field(records, "status", &"unknown".into())),
            |read, _| {
                body(
                    read.page(
                        &[&read.record().replace("running", "Tanzt").replacen(
                            '{',
                            r#"{"new":{"a":[1]},"#,
                            1,
                        )],
                        None,
                    ),
                )
            },
        ),
        case(
            "the year 1",
            ORDERS,
            Expected::Shown(|records| field(records, "order_date", &"0001-01-01".into())),
            |read, _| {
                body(read.page(
                    &[&read.record().replace("1782086400000", "-62135596800000")],
                    None,
                ))
            },
        ),
        case(
            "the year 9999",
            ORDERS,
            Expected::Shown(|records| field(records, "order_date", &"9999-12-31".into())),
            |read, _| {
                body(read.page(
                    &[&read.record().replace("1782086400000", "253402214400000")],
                    None,
                ))
            },
        ),
        case(
            "a date beyond every calendar",
            ORDERS,
            Expected::Shown(|records| field(records, "order_date", &Value::Null)),
            |read, _| {
                body(read.page(
                    &[&read.record().replace("1782086400000", "99999999999999999")],
                    None,
                ))
            },
        ),
        case(
            "a negative offset",
            ORDERS,
            Expected::Shown(|records| field(records, "order_date", &"2026-06-22".into())),
            |read, _| {
                body(read.page(
                    &[&read.record().replace("1782086400000", "1782086400000-0330")],
                    None,
                ))
            },
        ),
        case(
            "a time without its offset",
            MACHINES,
            Expected::Shown(|records| incomplete(records, "status_since")),
            |read, _| {
                body(
                    read.page(
                        &[&read
                            .record()
                            .replacen("2026-06-22T10:00:00Z", "2026-06-22T10:00:00", 1)],
                        None,
                    ),
                )
            },
        ),
        case(
            "a time in the hour that a summer's end repeats",
            MACHINES,
            Expected::Shown(|records| field(records, "status_since", &"2026-10-25T01:30:00.000Z".into())),
            |read, _| {
                body(
                    read.page(
                        &[&read
                            .record()
                            .replacen("2026-06-22T10:00:00Z", "2026-10-25T02:30:00+01:00", 1)],
                        None,
                    ),
                )
            },
        ),
        case(
            "years 1 and 9999, and an unknown offset",
            MACHINES,
            Expected::Records(3),
            |read, _| {
                let with = |id: &str, time: &str| {
                    read.record()
                        .replacen("M-01", id, 1)
                        .replacen("2026-06-22T10:00:00Z", time, 1)
                };
                let all = [
                    with("A", "0001-01-01T00:00:00Z"),
                    with("B", "9999-12-31T23:59:59Z"),
                    with("C", "2026-06-22T10:00:00-00:00"),
                ];
                body(read.page(&all.each_ref().map(String::as_str), None))
            },
        ),
        case(
            "the same machine twice, the older one last",
            MACHINES,
            Expected::Shown(|records| one_with(records, "version", &7.into())),
            |read, _| {
                let newer = read.record().replace("\"version\":3", "\"version\":7");
                body(read.page(&[&newer, read.record()], None))
            },
        ),
        case(
            "a price for nothing",
            ORDERS,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |read, _| {
                body(
                    read.page(
                        &[&read
                            .record()
                            .replace("\"NetPriceQuantity\":\"1\"", "\"NetPriceQuantity\":\"0\"")],
                        None,
                    ),
                )
            },
        ),
        case(
            "a quantity of 40 digits",
            ORDERS,
            Expected::Shown(|records| field(records, "net_value", &Value::Null)),
            |read, _| {
                body(
                    read.page(
                        &[&read
                            .record()
                            .replace("10.000", "1234567890123456789012345678901234567890.5")],
                        None,
                    ),
                )
            },
        ),
    ]
}
