//! Events for a browser, as server-sent events. What was missed is one event: look at everything again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use andon_api::wire::ApiEvent;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

use super::{Host, not_signed_in};
use crate::timers;

const HEARTBEAT: Duration = Duration::from_secs(15);

pub(crate) async fn stream(State(host): State<Arc<Host>>, headers: HeaderMap) -> Response {
    let Some(entry) = host.entry(&headers) else {
        return not_signed_in(&host);
    };
    let tenant = entry.session().tenant().clone();
    let changes = BroadcastStream::new(host.console.events());
    let events = changes.filter_map(move |change| {
        let event = match change {
            Ok(change) => andon_api::event(&change, &tenant),
            Err(_lagged) => Some(ApiEvent::Resync),
        };
        std::future::ready(
            event
                .and_then(|event| Event::default().json_data(event).ok())
                .map(Ok::<_, Infallible>),
        )
    });
    // A stream that went on would hold up the end of the console.
    let events = events.take_until(timers::until_stopped(host.stopped.clone()));
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response()
}
