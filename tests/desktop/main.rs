//! The real window, driven from outside: WebKitWebDriver under Xvfb, a session bus, a keyring and a notification
//! recorder. `scripts/test-desktop` sets that up; `cargo nextest run` alone leaves these tests out.

mod desk;
mod journey;
mod life;
mod process;
mod recorder;
mod walls;
mod webdriver;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use recorder::Recorder;
use webdriver::{Launch, Window, keys};

/// WebKit's own test browser: it proves the driver before the window is blamed.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

#[tokio::test]
async fn the_driver_types_clicks_and_reads() -> anyhow::Result<()> {
    let launch = Launch {
        binary: Path::new(MINI_BROWSER),
        args: &["--automation"],
        env: &[],
    };
    let window = Window::open(&launch).await?;
    let page = "<input id=in><button onclick=\"out.textContent=document.getElementById('in').value\">Go</button>\
                <p id=out></p><script>onkeydown=e=>document.title=(e.shiftKey?'S-':'')+e.key</script>";
    window
        .go(&format!("data:text/html,{}", page.replace('#', "%23")))
        .await?;
    let input = window.wait_for("#in", Duration::from_secs(10)).await?;
    window.type_into(&input, "Überstunden").await?;
    window.click(&window.find("button").await?).await?;
    window
        .wait_for_text("#out", "Überstunden", Duration::from_secs(5))
        .await?;
    window.press(&[keys::SHIFT, "T"]).await?;
    assert_eq!(
        window
            .script("return document.title + arguments[0]", json!(["!"]))
            .await?,
        json!("S-T!")
    );
    assert!(
        window.screenshot().await?.starts_with(b"\x89PNG"),
        "a screenshot is a PNG"
    );
    window.close().await
}

#[tokio::test]
async fn the_recorder_hears_a_notification_and_presses_its_button() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut recorder = Recorder::start(folder.path()).await?;
    let sender = Command::new("notify-send")
        .args([
            "--app-name=Andon",
            "--urgency=critical",
            "--action=review=Open",
            "Approval needed",
            "Order 7",
        ])
        .stdout(Stdio::piped())
        .spawn()?;
    let heard = recorder
        .wait_for("a notification", Duration::from_secs(5), |e| {
            e["event"] == "notify"
        })
        .await?;
    assert_eq!(
        (&heard["app"], &heard["urgency"]),
        (&json!("Andon"), &json!(2)),
        "sender and urgency are kept"
    );
    assert_eq!(
        (&heard["summary"], &heard["body"]),
        (&json!("Approval needed"), &json!("Order 7"))
    );
    recorder.press(&heard, "review")?;
    let answer = sender.wait_with_output()?;
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout).trim(),
        "review",
        "the sender learns which button was pressed"
    );
    recorder
        .wait_for("the end of the notification", Duration::from_secs(5), |e| {
            e["event"] == "close"
        })
        .await?;
    Ok(())
}
