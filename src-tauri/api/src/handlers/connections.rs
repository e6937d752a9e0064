//! The connected systems: how they are, and what an administrator does about it.

use andon_domain::ports::Traffic;
use andon_engine::connections::{self, Connection, Connections, OperationUse};
use andon_engine::status::{self, HealthSample, SystemStatus};
use andon_engine::watch::{self, FeedView, FeedViewState};

use super::{Context, admin, session};
use crate::error::ApiError;
use crate::wire::{
    ConnectionFeed, ConnectionFeedState, ConnectionFindings, ConnectionList, ConnectionOperation,
    ConnectionView, Empty, FeedPauseRequest, FeedRef, HealthSampleView, MirrorRebuildRequest, StatusView,
    SystemRef, TrafficView,
};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn list(context: &Context<'_>, _: Empty) -> Answer<ConnectionList> {
    let known = connections::list(context.engine(), &context.caller).await;
    let Connections {
        connections,
        cache,
        cache_of_all,
        may_manage,
    } = known.map_err(|e| context.fail(e))?;
    Ok(ConnectionList {
        server_time: context.engine().clock().now(),
        connections: connections
            .into_iter()
            .map(|connection| view(connection, may_manage))
            .collect(),
        cache,
        cache_of_all,
        may_manage,
    })
}

pub(crate) async fn test(context: &Context<'_>, request: SystemRef) -> Answer<StatusView> {
    // A person pressed "test".
    admin::try_again(context, request.system)?;
    status::check_all(context.engine(), &context.caller.tenant)
        .await
        .map_err(|e| context.fail(e))?;
    session::status(context, Empty {}).await
}

pub(crate) async fn examine(context: &Context<'_>, request: SystemRef) -> Answer<ConnectionFindings> {
    let findings = connections::examine(context.engine(), &context.caller, request.system)
        .await
        .map_err(|e| context.fail(e))?;
    Ok(ConnectionFindings {
        system: request.system,
        at: context.engine().clock().now(),
        findings,
    })
}

pub(crate) async fn pause(context: &Context<'_>, request: FeedPauseRequest) -> Answer<ConnectionList> {
    let FeedPauseRequest { feed, is_paused } = request;
    watch::set_paused(context.engine(), &context.caller, feed, is_paused)
        .await
        .map_err(|e| context.fail(e))?;
    list(context, Empty {}).await
}

pub(crate) async fn sync(context: &Context<'_>, request: FeedRef) -> Answer<ConnectionList> {
    watch::ask_now(context.engine(), &context.caller, request.feed)
        .await
        .map_err(|e| context.fail(e))?;
    list(context, Empty {}).await
}

pub(crate) async fn rebuild(context: &Context<'_>, request: MirrorRebuildRequest) -> Answer<ConnectionList> {
    watch::rebuild(context.engine(), &context.caller, &request.feeds)
        .await
        .map_err(|e| context.fail(e))?;
    list(context, Empty {}).await
}

pub(crate) async fn clear_cache(context: &Context<'_>, request: SystemRef) -> Answer<ConnectionList> {
    connections::clear_cache(context.engine(), &context.caller, request.system)
        .await
        .map_err(|e| context.fail(e))?;
    list(context, Empty {}).await
}

fn view(connection: Connection, may_manage: bool) -> ConnectionView {
    let Connection {
        status,
        is_configured,
        checks,
        traffic,
        feeds,
        operations,
        cache,
    } = connection;
    let SystemStatus {
        system,
        health,
        checked_at,
        last_contact,
    } = status;
    ConnectionView {
        system,
        is_configured,
        state: health.state,
        message: health.message,
        hint: health.hint,
        latency_ms: health.latency_ms,
        checked_at,
        last_contact,
        clock_skew_ms: health.clock_skew_ms,
        checks: checks.into_iter().map(check).collect(),
        traffic: traffic.map(|traffic| exchanged(traffic, may_manage)),
        feeds: feeds
            .into_iter()
            .map(|(view, records)| feed(view, records))
            .collect(),
        operations: operations.into_iter().map(operation).collect(),
        cache,
    }
}

fn check(sample: HealthSample) -> HealthSampleView {
    let HealthSample {
        at,
        state,
        latency_ms,
    } = sample;
    HealthSampleView {
        at,
        state,
        latency_ms,
    }
}

fn exchanged(traffic: Traffic, may_manage: bool) -> TrafficView {
    let Traffic {
        calls,
        failures,
        retries,
        refused_at_once,
        open,
        failing_since,
        latencies,
        troubles,
    } = traffic;
    TrafficView {
        calls,
        failures,
        retries,
        refused_at_once,
        open,
        failing_since,
        latencies,
        troubles: may_manage.then_some(troubles),
    }
}

fn feed(view: FeedView, records: Option<u64>) -> ConnectionFeed {
    let FeedView {
        feed,
        system: _,
        state,
        last_contact,
        last_full,
        interval_s,
        failures,
        dropped,
        is_truncated,
        message,
        is_paused,
        is_in_flight,
    } = view;
    ConnectionFeed {
        feed,
        state: match state {
            FeedViewState::Live => ConnectionFeedState::Live,
            FeedViewState::Polling => ConnectionFeedState::Polling,
            FeedViewState::Delayed => ConnectionFeedState::Delayed,
            FeedViewState::Stale => ConnectionFeedState::Stale,
            FeedViewState::Offline => ConnectionFeedState::Offline,
            FeedViewState::Paused => ConnectionFeedState::Paused,
            FeedViewState::Unauthorized => ConnectionFeedState::Unauthorized,
            FeedViewState::NotOffered => ConnectionFeedState::NotOffered,
            FeedViewState::NotConfigured => ConnectionFeedState::NotConfigured,
        },
        last_contact,
        last_full,
        interval_s,
        failures,
        dropped,
        is_truncated,
        message,
        is_paused,
        is_in_flight,
        records,
    }
}

fn operation(used: OperationUse) -> ConnectionOperation {
    let OperationUse {
        operation,
        is_available,
        cache,
    } = used;
    ConnectionOperation {
        name: operation.name.to_owned(),
        effect: operation.effect,
        risk: operation.risk,
        class: operation.class,
        highest_class: operation.highest_class(),
        sentence: operation.sentence.to_owned(),
        is_available,
        cache,
    }
}
