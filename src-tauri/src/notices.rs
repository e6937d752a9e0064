//! Desktop notifications for new requests. Their text comes from a template, never from an agent, and a click only opens.
//!
//! Delivery is not certain on any desktop: the list in the window stays the truth.

use std::sync::Arc;

use andon_api::Change;
use tauri::{AppHandle, Emitter};
use tauri_plugin_notification::NotificationExt;
use tokio::sync::broadcast::error::RecvError;

use crate::{Desk, show_main, tray};

/// Listens for changes; notifies of new requests and keeps the tray's lamp.
pub(crate) fn start(app: &AppHandle, desk: &Arc<Desk>) {
    let handle = app.clone();
    let opened = app.notification().on_action(move |performed| {
        show_main(&handle);
        let id = performed
            .notification()
            .and_then(|notice| notice.extra().get("approval").cloned());
        if let Some(id) = id {
            // The page opens the item; nothing is decided here.
            let _ = handle.emit_to("main", "andon://open", id);
        }
    });
    if let Err(error) = opened {
        tracing::warn!("clicks on notifications are not reported: {error}");
    }
    let mut changes = desk.console.events();
    let (app, desk) = (app.clone(), Arc::clone(desk));
    tauri::async_runtime::spawn(async move {
        loop {
            match changes.recv().await {
                Ok(change) => {
                    if let Change::RequestArrived { id, risk, title, .. } = &change {
                        notify(&app, &id.to_string(), *risk, title);
                    }
                    if matches!(
                        change,
                        Change::RequestArrived { .. } | Change::ApprovalChanged { .. }
                    ) {
                        tray::refresh(&app, &desk).await;
                    }
                }
                Err(RecvError::Lagged(_)) => tray::refresh(&app, &desk).await,
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn notify(app: &AppHandle, id: &str, risk: andon_api::Risk, title: &str) {
    let shown = app
        .notification()
        .builder()
        .title(format!("{}, waits for a decision", risk.as_str().to_uppercase()))
        .body(escape(&andon_api::text::visible(title, 120)))
        .extra("approval", id)
        .show();
    if let Err(error) = shown {
        tracing::warn!("notification was not shown: {error}");
    }
}

/// Servers with `body-markup` read the body as markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
