//! The SAP side over HTTP.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::plant::{Plant, SERVICE, order};

#[tokio::test]
async fn logon_needs_user_password_and_client() {
    let plant = Plant::start(&[]).await;
    let url = format!("{}/{SERVICE}/", plant.text("sap", "endpoint"));
    let anonymous = plant.http.get(&url).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert!(
        anonymous.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Basic realm=")
    );
    assert!(anonymous.text().await.unwrap().contains("Logon Error Message"));
    let wrong = plant
        .http
        .get(&url)
        .basic_auth("ANDON", Some("wrong"))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401, "wrong password");
    let (user, password) = (plant.text("sap", "username"), plant.text("sap", "password"));
    let client = plant
        .http
        .get(&url)
        .basic_auth(user, Some(password))
        .query(&[("sap-client", "200")])
        .send();
    assert_eq!(client.await.unwrap().status(), 401, "wrong client");
    assert_eq!(plant.control("/counts", None).await["sap_401"], json!(3));
    let root = plant.sap_json(&format!("{SERVICE}/")).await;
    assert!(
        root["d"]["EntitySets"]
            .as_array()
            .unwrap()
            .contains(&json!("A_PurchaseOrder"))
    );
}

#[tokio::test]
async fn errors_have_the_shape_of_sap() {
    let plant = Plant::start(&[]).await;
    for (path, status, code) in [
        ("API_NOPE_SRV/".to_owned(), 404, "/IWFND/MED/170"),
        (
            format!("{SERVICE}/A_PurchaseOrder('1')"),
            404,
            "/IWBEP/CM_MGW_RT/020",
        ),
        (
            format!("{SERVICE}/A_Nope"),
            404,
            "005056A509B11EE1B9A8FEC11C21578E",
        ),
        (
            format!("{SERVICE}/A_PurchaseOrder?$filter=Supplier eq 1"),
            400,
            "005056A509B11EE1B9A8FEC11C23378E",
        ),
    ] {
        let answer = plant.sap(Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], json!(code));
        assert!(body["error"]["message"]["value"].is_string(), "{body}");
        assert!(body["error"]["innererror"]["transactionid"].is_string(), "{body}");
    }
    let deleted = plant
        .sap(
            Method::DELETE,
            &format!("{SERVICE}/A_PurchaseOrder('4500000001')"),
        )
        .send();
    assert_eq!(deleted.await.unwrap().status(), 405);
    let metadata = plant
        .sap(Method::GET, &format!("{SERVICE}/$metadata"))
        .send()
        .await
        .unwrap();
    assert!(
        metadata.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/xml")
    );
    assert!(metadata.text().await.unwrap().contains("A_PurchaseOrderItemType"));
}

#[tokio::test]
async fn following_next_reads_all_orders_once() {
    let plant = Plant::start(&[]).await;
    let mut next = Some(format!(
        "{SERVICE}/A_PurchaseOrder?$select=PurchaseOrder,to_PurchaseOrderItem/Material&$expand=to_PurchaseOrderItem\
         &$inlinecount=allpages&$format=json"
    ));
    let (mut numbers, mut pages, mut items) = (BTreeSet::new(), 0, 0);
    while let Some(path) = next.take() {
        let body = plant.sap_json(&path).await;
        let rows = body["d"]["results"].as_array().expect("results").clone();
        assert_eq!(body["d"]["__count"], json!("300"));
        pages += 1;
        for row in rows {
            items += row["to_PurchaseOrderItem"]["results"]
                .as_array()
                .expect("items")
                .len();
            assert!(
                numbers.insert(row["PurchaseOrder"].as_str().expect("a number").to_owned()),
                "came twice"
            );
        }
        next = body["d"]["__next"].as_str().map(str::to_owned);
        assert!(
            next.as_ref()
                .is_none_or(|link| link.starts_with("http://127.0.0.1:")),
            "not absolute: {next:?}"
        );
    }
    assert_eq!((numbers.len(), pages), (300, 3));
    assert!(items > 600, "few items: {items}");
}

#[tokio::test]
async fn reads_of_one_order_and_its_items_agree() {
    let plant = Plant::start(&[]).await;
    let one = plant
        .sap(Method::GET, &format!("{SERVICE}/A_PurchaseOrder('4500000123')"))
        .send()
        .await
        .unwrap();
    assert!(
        one.headers()["etag"]
            .to_str()
            .unwrap()
            .starts_with("W/\"datetimeoffset'")
    );
    let body: serde_json::Value = one.json().await.unwrap();
    assert!(
        body["d"]["PurchaseOrderDate"]
            .as_str()
            .unwrap()
            .starts_with("/Date(")
    );
    assert!(body["d"]["to_PurchaseOrderItem"]["__deferred"]["uri"].is_string());
    let below = plant
        .sap_json(&format!(
            "{SERVICE}/A_PurchaseOrder('4500000123')/to_PurchaseOrderItem"
        ))
        .await;
    let filter = "A_PurchaseOrderItem?$filter=PurchaseOrder eq '4500000123'";
    let filtered = plant.sap_json(&format!("{SERVICE}/{filter}")).await;
    assert_eq!(below["d"]["results"], filtered["d"]["results"]);
    let count = plant
        .sap(Method::GET, &format!("{SERVICE}/A_PurchaseOrder/$count"))
        .send()
        .await
        .unwrap();
    assert_eq!(count.text().await.unwrap(), "300");
    let stock = plant
        .sap_json(
            "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod?$filter=Material eq 'HX-220' and Plant eq '1010'",
        )
        .await;
    assert!(stock["d"]["results"][0]["MatlWrhsStkQtyInMatlBaseUnit"].is_string());
}

#[tokio::test]
async fn creating_an_order_needs_token_and_cookies() {
    let plant = Plant::start(&[]).await;
    let path = format!("{SERVICE}/A_PurchaseOrder");
    let bare = plant
        .sap(Method::POST, &path)
        .json(&order("REF000000001"))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 403);
    assert_eq!(bare.headers()["x-csrf-token"], "Required");
    let (token, _) = plant.token().await;
    let no_cookies = plant
        .sap(Method::POST, &path)
        .header("x-csrf-token", token)
        .json(&order("REF000000001"))
        .send();
    assert_eq!(
        no_cookies.await.unwrap().status(),
        403,
        "a token without its session"
    );
    assert_eq!(
        plant.control("/counts", None).await["purchase_order_posts"],
        json!(0)
    );

    let created = plant.post_order(&order("REF000000001")).await.unwrap();
    assert_eq!(created.status(), 201);
    assert!(
        created.headers().get("sap-message").is_none(),
        "nothing to warn about"
    );
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    let body: serde_json::Value = created.json().await.unwrap();
    assert_eq!(body["d"]["PurchaseOrder"], json!("4500000301"));
    let read = plant.sap_json(&location).await;
    assert_eq!(read["d"]["CorrespncExternalReference"], json!("REF000000001"));
    let filter = "A_PurchaseOrder?$filter=CorrespncExternalReference eq 'REF000000001'";
    let found = plant.sap_json(&format!("{SERVICE}/{filter}")).await;
    assert_eq!(found["d"]["results"].as_array().unwrap().len(), 1);

    plant.post_order(&order("REF000000001")).await.unwrap();
    let counts = plant.control("/counts", None).await;
    assert_eq!(
        counts["by_reference"]["REF000000001"],
        json!(2),
        "SAP does not refuse a double"
    );
    assert_eq!(counts["purchase_orders_created"], json!(2));
}

#[tokio::test]
async fn wrong_orders_are_refused_and_odd_ones_warned_about() {
    let plant = Plant::start(&[]).await;
    let mut wrong = order("REF000000002");
    wrong["Supplier"] = json!("0000999999");
    let refused = plant.post_order(&wrong).await.unwrap();
    assert_eq!(refused.status(), 400);
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], json!("06/321"));
    assert_eq!(
        body["error"]["innererror"]["errordetails"][0]["propertyref"],
        json!("Supplier")
    );
    let mut dear = order("REF000000003");
    dear["to_PurchaseOrderItem"][0]["NetPriceAmount"] = json!("99.99");
    let created = plant.post_order(&dear).await.unwrap();
    assert_eq!(created.status(), 201);
    let message: serde_json::Value =
        serde_json::from_slice(created.headers()["sap-message"].as_bytes()).unwrap();
    assert_eq!(
        (&message["code"], &message["severity"]),
        (&json!("06/207"), &json!("warning"))
    );
    assert_eq!(
        plant.control("/counts", None).await["purchase_orders_created"],
        json!(1)
    );
}

#[tokio::test]
async fn faults_break_what_they_say() {
    let plant = Plant::start(&[]).await;
    let root = format!("{SERVICE}/");
    plant
        .control("/faults", Some(json!({"sap": "lost_answer"})))
        .await;
    let lost = plant.post_order(&order("LOST00000001")).await;
    assert!(lost.is_err(), "the answer must be lost: {lost:?}");
    assert_eq!(
        plant.control("/counts", None).await["by_reference"]["LOST00000001"],
        json!(1)
    );
    plant.control("/faults", Some(json!({"sap": "down"}))).await;
    assert!(
        plant.sap(Method::GET, &root).send().await.is_err(),
        "nobody answers"
    );
    plant.control("/faults", Some(json!({"sap": "busy"}))).await;
    let busy = plant.sap(Method::GET, &root).send().await.unwrap();
    assert_eq!(
        (busy.status().as_u16(), busy.headers().contains_key("retry-after")),
        (503, true)
    );
    plant.control("/faults", Some(json!({"sap": "html_login"}))).await;
    let form = plant.sap(Method::GET, &root).send().await.unwrap();
    assert!(
        form.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    plant.control("/faults", Some(json!({"sap": "ok"}))).await;
    plant.sap_json(&root).await;
    let order = plant.control("/orders/4500000301", None).await;
    assert_eq!(order["CorrespncExternalReference"], json!("LOST00000001"));
}

#[tokio::test]
async fn tokens_of_an_ended_session_are_refused_until_a_new_one_is_fetched() {
    let plant = Plant::start(&[]).await;
    let (token, cookies) = plant.token().await;
    let ended = plant.control("/sessions/end", Some(json!({}))).await;
    assert_eq!(ended, json!({"done": true}));
    let refused = plant
        .sap(Method::POST, &format!("{SERVICE}/A_PurchaseOrder"))
        .header("x-csrf-token", token)
        .header("cookie", cookies)
        .json(&order("ENDED0000001"))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["x-csrf-token"], "Required");
    let created = plant.post_order(&order("ENDED0000001")).await.unwrap();
    assert_eq!(created.status(), 201);
}
