//! For tests: arbitrary and mutated bodies through the reader of pages and error bodies. Nothing a stranger writes makes it
//! panic, and no record comes from what is not there.

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::fault::{self, SapError};
use super::names::{Names, Service, ServiceNames};
use super::rows::{BucketRow, CostCenterRow, EntryRow, OrderRow, ProductRow};
use super::wire::{Envelope, Page};

/// A page of every kind of row, as SAP sends them.
const PAGES: [&str; 3] = [
    r#"{"d":{"__count":"2","results":[{"__metadata":{"uri":"x"},"PurchaseOrder":"4500000001","PurchaseOrderDate":"\/Date(1782086400000)\/",
"LastChangeDateTime":"\/Date(1782137076042+0000)\/","PurchasingCompletenessStatus":false,"to_PurchaseOrderItem":{"results":[
{"PurchaseOrderItem":"00010","OrderQuantity":"10.000","NetPriceAmount":"12.34","NetPriceQuantity":"1","IsFinallyInvoiced":true}]}},
{"PurchaseOrder":null,"to_PurchaseOrderItem":{"__deferred":{"uri":"y"}}}],"__next":"A_PurchaseOrder?$skiptoken=1"}}"#,
    r#"{"d":[{"Material":"A","Plant":"1010","MatlWrhsStkQtyInMatlBaseUnit":"12345678901234567.12345678901234"}]}"#,
    r#"{"d":{"results":[{"Product":"A","GrossWeight":1.5e3,"to_Description":{"results":[{"Language":"EN","ProductDescription":"x"}]},
"CostCenter":"1","ValidityEndDate":"/Date(253402214400000)/","AmountInCompanyCodeCurrency":"-5.00-"}]}}"#,
];

const ERRORS: [&str; 2] = [
    r#"{"error":{"code":"SY/530","message":{"lang":"en","value":"An exception"},"innererror":{"transactionid":"T","errordetails":[{"message":"x"}]}}}"#,
    "<?xml version=\"1.0\"?><error><code>SY/530</code><message xml:lang=\"en\">a &lt; b</message></error>",
];

/// Rows of a body; at most one row for each two bytes can be in it.
fn count<T: DeserializeOwned>(body: &[u8]) -> usize {
    let rows = serde_json::from_slice::<Envelope<Page<T>>>(fault::without_bom(body))
        .map_or(0, |envelope| envelope.d.rows.len());
    assert!(rows * 2 <= body.len(), "{rows} rows in {} bytes", body.len());
    rows
}

fn through(body: &[u8]) {
    let fields = [("Supplier".to_owned(), "ZZ".to_owned())].into();
    let names = Names(
        [(
            Service::PurchaseOrders,
            ServiceNames {
                fields,
                ..ServiceNames::default()
            },
        )]
        .into(),
    );
    let standard = names.to_standard(Service::PurchaseOrders, body);
    count::<OrderRow>(&standard);
    count::<OrderRow>(body);
    count::<BucketRow>(body);
    count::<ProductRow>(body);
    count::<CostCenterRow>(body);
    count::<EntryRow>(body);
    if let Some(error) = SapError::read(body) {
        assert!(error.message.chars().count() <= 700 * 8, "an error is cut");
    }
    fault::warnings(&String::from_utf8_lossy(body));
}

#[test]
fn the_bodies_that_are_mutated_are_read_whole() {
    assert_eq!(count::<OrderRow>(PAGES[0].as_bytes()), 2);
    assert_eq!(count::<BucketRow>(PAGES[1].as_bytes()), 1);
    assert_eq!(count::<ProductRow>(PAGES[2].as_bytes()), 1);
    assert!(
        ERRORS
            .iter()
            .all(|body| SapError::read(body.as_bytes()).is_some())
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_or_read(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        through(&body);
    }

    #[test]
    fn mutated_bodies_are_refused_or_read(
        which in 0_usize..5,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        twice in proptest::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let whole = PAGES.iter().chain(&ERRORS).nth(which).unwrap();
        let mut body = whole.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Some((from, to)) = twice {
            // A part of it twice: duplicate keys, arrays in arrays.
            let (from, to) = (from.index(body.len()), to.index(body.len()));
            let part = body[from.min(to)..from.max(to)].to_vec();
            body.splice(from..from, part);
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        through(&body);
    }

    #[test]
    fn fields_of_any_json_type_are_tolerated(
        name in "(PurchaseOrder|Supplier|NetPriceAmount|to_PurchaseOrderItem|IsFinallyInvoiced|ReleaseIsNotCompleted)",
        value in "(null|true|-1|1e400|0\\.1|\"\"|\"x\"|\\[\\]|\\{\\}|\\[\\[\\]\\]|\\{\"results\":\\[\\]\\}|\\{\"results\":null\\}|\\{\"__deferred\":1\\})",
    ) {
        let body = format!("{{\"d\":{{\"results\":[{{\"PurchasingGroup\":\"1\",\"{name}\":{value}}}]}}}}");
        through(body.as_bytes());
    }
}
