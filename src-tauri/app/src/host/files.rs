//! The page and its files. The page itself only for somebody who is in; a link with a token lets them in.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use tower_http::services::ServeDir;

use super::Host;

/// Files of the built UI. They hold no data; data comes through commands.
pub(crate) fn service(folder: PathBuf) -> ServeDir {
    ServeDir::new(folder).append_index_html_on_directories(false)
}

/// `/`: spends a link, shows the page, or says how to get in.
pub(crate) async fn enter(
    State(host): State<Arc<Host>>,
    method: Method,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    // A look ahead (HEAD) must not spend the link of the person who opens it next.
    if let Some(token) = query.get("token").filter(|_| method == Method::GET) {
        return match host.doors.spend(token, host.address.port()) {
            Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
            None => closed("This link was used already or is too old."),
        };
    }
    if host.entry(&headers).is_none() {
        return closed("Nobody is signed in here.");
    }
    match tokio::fs::read_to_string(host.index()).await {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!("the page cannot be read: {error}");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "The page was not built. Run make run, or give --ui.",
            )
                .into_response()
        }
    }
}

fn closed(why: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Andon</title><h1>{why}</h1>\
         <p>Run <code>andonctl open</code> on this machine and open the link it prints. A link works once.</p></html>"
    );
    (StatusCode::UNAUTHORIZED, Html(page)).into_response()
}
