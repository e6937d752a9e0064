//! What goes wrong has a code of its own each, with SAP's words for people and its transaction for the log.

use super::*;

fn said(status: u16, code: &str, words: &str) -> Reply {
    Reply::json(
        status,
        &json!({"error": {"code": code, "message": {"lang": "en", "value": words}, "innererror": {"transactionid": "TX4711"}}}),
    )
}

async fn failure(reply: Reply) -> PortError {
    let Reply::Bytes(bytes) = reply else {
        unreachable!()
    };
    let server = Stranger::start(move |_| Reply::Bytes(bytes.clone())).await;
    orders(&sap(&server), &json!({})).await.unwrap_err()
}

#[tokio::test]
async fn every_kind_of_failure_has_its_own_code() {
    use PortErrorKind as Kind;
    let html = |status, body: &str| Reply::with(status, &[("content-type", "text/html")], body);
    let login = "<html><form><input type=\"password\" name=\"sap-password\"></form></html>";
    let other_client = [
        ("content-type", "application/json"),
        (
            "set-cookie",
            "sap-usercontext=sap-language=EN&sap-client=200; path=/",
        ),
    ];
    for (reply, kind, code) in [
        (Reply::with(401, &[], ""), Kind::Unauthorized, "sap_logon_refused"),
        (html(200, login), Kind::Unauthorized, "sap_logon_page"),
        (not_active(), Kind::NotFound, "sap_service_not_active"),
        (
            html(403, "<html>Service inactive</html>"),
            Kind::NotFound,
            "sap_service_not_active",
        ),
        (
            said(403, "/IWFND/CM_BEC/026", "No authorization"),
            Kind::Forbidden,
            "sap_not_permitted",
        ),
        (
            said(404, "/IWBEP/CM_MGW_RT/020", "Resource not found"),
            Kind::NotFound,
            "sap_record_not_found",
        ),
        (
            html(404, "<html>not found</html>"),
            Kind::NotFound,
            "sap_wrong_path",
        ),
        (
            html(500, "<html>Client 100 is not available in this system</html>"),
            Kind::NotConfigured,
            "sap_wrong_client",
        ),
        (
            Reply::with(200, &other_client, "{\"d\":{\"results\":[]}}"),
            Kind::NotConfigured,
            "sap_wrong_client",
        ),
        (Reply::with(429, &[], ""), Kind::Unavailable, "sap_busy"),
        (Reply::with(503, &[], ""), Kind::Unavailable, "sap_busy"),
        (
            said(500, "SY/530", "An exception was raised"),
            Kind::Unavailable,
            "sap_backend_error",
        ),
        (
            said(400, "005056A5", "Invalid token detected"),
            Kind::Rejected,
            "sap_rejected",
        ),
        (
            said(412, "x", "Precondition failed"),
            Kind::Conflict,
            "sap_changed_meanwhile",
        ),
        (
            Reply::with(302, &[("location", "https://login.example.org")], ""),
            Kind::Unauthorized,
            "sap_logon_page",
        ),
        (
            Reply::with(302, &[("location", "https://sap2.example.org/sap")], ""),
            Kind::Protocol,
            "sap_redirected",
        ),
        (
            Reply::with(200, &[], "{\"value\":[]}"),
            Kind::Protocol,
            "sap_not_odata",
        ),
        (html(200, "<html>welcome</html>"), Kind::Protocol, "sap_not_odata"),
    ] {
        let error = failure(reply).await;
        assert_eq!((error.kind, error.code), (kind, Some(code)), "{error:?}");
    }
}

#[tokio::test]
async fn saps_words_are_shown_escaped_and_cut_and_its_transaction_only_logged() {
    let error = failure(said(500, "SY/530", &format!("dump\u{202e}{}", "x".repeat(5_000)))).await;
    assert!(
        error.message.starts_with("dump⟦U+202E⟧x") && error.message.ends_with('…'),
        "{}",
        error.message
    );
    assert!(error.message.chars().count() < 700);
    assert!(
        error.detail.contains("TX4711") && error.detail.contains("SY/530"),
        "{}",
        error.detail
    );
    assert!(!error.message.contains("TX4711"));
}

#[tokio::test]
async fn the_right_client_is_recognised_by_its_cookie() {
    for cookie in [
        "sap-usercontext=sap-client=100; path=/",
        "sap-usercontext=sap-language=EN&sap-client=100",
        "other=1",
    ] {
        let server =
            Stranger::start(move |_| Reply::with(200, &[("set-cookie", cookie)], "{\"d\":{\"results\":[]}}"))
                .await;
        assert!(
            orders(&sap(&server), &json!({}))
                .await
                .unwrap()
                .records
                .is_empty()
        );
    }
}
