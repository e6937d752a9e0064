//! The bridge between the page and the console: every command of the table under its own name, and events the other way.
//!
//! Tauri has checked the capability list by command name before the handler runs.

use std::sync::Arc;

use andon_api::wire::ApiEvent;
use serde_json::Value;
use tauri::ipc::{Invoke, InvokeBody, InvokeError};
use tauri::{AppHandle, Emitter, Wry};
use tokio::sync::broadcast::error::RecvError;

use crate::Desk;

const EVENT: &str = "andon://event";

/// Answers every command of the table.
pub(crate) fn handler(desk: Arc<Desk>) -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    move |invoke| {
        let name = invoke.message.command().to_owned();
        let body = match invoke.message.payload() {
            InvokeBody::Json(arguments) => arguments.get("request").cloned().unwrap_or(Value::Null),
            InvokeBody::Raw(_) => Value::Null,
        };
        let desk = Arc::clone(&desk);
        invoke.resolver.respond_async(async move {
            let answer = desk.console.call(&desk.session, &name, body).await;
            answer.map_err(|error| InvokeError(serde_json::to_value(&error).unwrap_or(Value::Null)))
        });
        true
    }
}

/// Tells the page what changed.
pub(crate) fn forward_events(app: &AppHandle, desk: &Arc<Desk>) {
    let mut changes = desk.console.events();
    let (app, desk) = (app.clone(), Arc::clone(desk));
    tauri::async_runtime::spawn(async move {
        loop {
            let event = match changes.recv().await {
                Ok(change) => andon_api::event(&change, desk.session.tenant()),
                Err(RecvError::Lagged(_)) => Some(ApiEvent::Resync),
                Err(RecvError::Closed) => return,
            };
            if let Some(event) = event {
                // The page may be loading; it asks for everything when it is ready.
                let _ = app.emit_to("main", EVENT, event);
            }
        }
    });
}
