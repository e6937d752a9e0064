//! The thread of the first day, in the real window: an agent asks, the desktop notifies, the operator approves by
//! keyboard, SAP has the order once, the agent has its answer.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use crate::desk::{Desk, SOON};
use crate::webdriver::{Window, keys, until};

const APPROVE: &str = ".df button.main:not([aria-disabled=true])";
const CONFIRM: &str = "dialog[open] button.main:not([aria-disabled=true])";
const REASON: &str = "Stock is below the reorder point, checked with the buyer.";

#[tokio::test]
async fn an_order_goes_from_the_agent_by_keyboard_to_sap_and_back() -> anyhow::Result<()> {
    let mut desk = Desk::new().await?;
    let window = desk.open().await?;
    let high = desk.notified("HIGH").await?;
    let title = template_text(&high)?;
    let id = window.line_of(&title).await?;
    let other = desk.notified("MEDIUM").await?;
    let other = window.line_of(&template_text(&other)?).await?;
    picture(&window).await?;

    // J and K walk the list; the walk ends at the request that was notified first.
    window.press(&["j"]).await?;
    choose(&window, "j", &other).await?;
    window.press(&["k"]).await?;
    choose(&window, "k", &id).await?;
    window.wait_for_text("#request-title", &title, SOON).await?;
    // The button comes alive when the request was long enough in view; the key obeys the same clock.
    window.wait_for(APPROVE, SOON).await?;
    assert_eq!(desk.plant("/counts").await?["purchase_order_posts"], json!(0));
    window.press(&["a"]).await?;
    window.wait_for("dialog[open] textarea", SOON).await?;
    window.type_keys(REASON).await?;
    window.wait_for(CONFIRM, SOON).await?;
    window.press(&[keys::ENTER]).await?;

    let number = until(Duration::from_secs(60), "the agent's answer", async || {
        Ok(number_told(&desk.plant_log()))
    })
    .await?;
    let counts = desk.plant("/counts").await?;
    assert_eq!(
        (
            &counts["purchase_order_posts"],
            &counts["purchase_orders_created"]
        ),
        (&json!(1), &json!(1)),
        "SAP was asked once and has one order: {counts}"
    );
    let references = counts["by_reference"].as_object().context("no references")?;
    assert_eq!(references.len(), 1, "{counts}");
    assert!(references.values().all(|times| *times == json!(1)), "{counts}");
    let order = desk.plant(&format!("/orders/{number}")).await?.to_string();
    let material = title.rsplit(' ').next().unwrap_or_default();
    assert!(order.contains(material), "the order is about {material}: {order}");

    // Back to what was decided: the notification still opens it, and the page knows SAP's number.
    desk.recorder.press(&high, "default")?;
    window.wait_for_text("#request-title", &title, SOON).await?;
    window.wait_for_text("main", &number, SOON).await?;
    let again = desk
        .recorder
        .heard()?
        .into_iter()
        .filter(|event| event["body"] == high["body"]);
    assert_eq!(again.count(), 1, "one request, one notification");
    window.close().await
}

#[tokio::test]
async fn a_click_on_a_notification_opens_the_request_and_decides_nothing() -> anyhow::Result<()> {
    let mut desk = Desk::new().await?;
    let window = desk.open().await?;
    let first = desk.notified("HIGH").await?;
    let second = desk.notified("MEDIUM").await?;
    let first_id = window.line_of(&template_text(&first)?).await?;
    let second_id = window.line_of(&template_text(&second)?).await?;
    // From another screen, and from another request.
    window.press(&["g"]).await?;
    window.press(&["p"]).await?;
    until(SOON, "the plant's screen", async || {
        Ok(window.address().await?.contains("#/plant").then_some(()))
    })
    .await?;
    for (notice, id) in [(&second, &second_id), (&first, &first_id)] {
        desk.recorder.press(notice, "default")?;
        until(SOON, "the request's address", async || {
            Ok(window
                .address()
                .await?
                .ends_with(&format!("#/approvals/{id}"))
                .then_some(()))
        })
        .await?;
        window
            .wait_for_text("#request-title", &template_text(notice)?, SOON)
            .await?;
        window.wait_for(APPROVE, SOON).await?;
    }
    assert_eq!(desk.plant("/counts").await?["purchase_order_posts"], json!(0));
    let waiting = window
        .invoke("approval_list", json!({ "request": { "view": "waiting" } }))
        .await?;
    let waiting = waiting["ok"]["items"].as_array().context("no list")?;
    for id in [&first_id, &second_id] {
        let item = waiting.iter().find(|item| item["id"] == json!(id));
        assert_eq!(
            item.map(|item| &item["state"]),
            Some(&json!("pending")),
            "{waiting:?}"
        );
    }
    window.close().await
}

/// The notification's text, after a look at what it may and may not say.
fn template_text(notice: &serde_json::Value) -> anyhow::Result<String> {
    assert!(
        notice["app"]
            .as_str()
            .is_some_and(|app| app.eq_ignore_ascii_case("andon")),
        "{notice}"
    );
    let keys: Vec<_> = notice["actions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|button| &button["key"])
        .collect();
    assert_eq!(keys, [&json!("default")], "a click opens; no button decides");
    let body = notice["body"].as_str().context("no body")?;
    let words: Vec<&str> = body.split(' ').collect();
    assert!(
        matches!(words[..], ["Order", count, _unit, "of", _material] if count.parse::<u32>().is_ok()),
        "only the template's words: {body}"
    );
    Ok(body.to_owned())
}

/// Presses the key until the line is chosen; the list may have more lines than the test needs.
async fn choose(window: &Window, key: &str, id: &str) -> anyhow::Result<()> {
    let mut last = None;
    until(SOON, &format!("{key} to reach: {id}"), async || {
        let now = window.chosen().await?;
        if now.as_deref() == Some(id) {
            return Ok(Some(()));
        }
        if now.is_some() && now != last {
            window.press(&[key]).await?;
            last = now;
        }
        Ok(None)
    })
    .await
}

/// SAP's number in the agent's log, once the agent was told.
fn number_told(log: &str) -> Option<String> {
    let line = log
        .lines()
        .find(|line| line.contains("the purchase order exists"))?;
    let (_, rest) = line.split_once("order=")?;
    let number: String = rest
        .trim_start_matches('"')
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (number.len() == 10).then_some(number)
}

/// Keeps a picture of the window for the documentation when `ANDON_PICTURES` names a folder.
async fn picture(window: &Window) -> anyhow::Result<()> {
    let Some(folder) = std::env::var_os("ANDON_PICTURES") else {
        return Ok(());
    };
    window.wait_for(APPROVE, SOON).await?;
    std::fs::create_dir_all(&folder)?;
    let file = std::path::Path::new(&folder).join("window.png");
    Ok(std::fs::write(file, window.screenshot().await?)?)
}
