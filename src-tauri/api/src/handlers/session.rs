//! Who is signed in, and how everything is.

use andon_approvals::{ApprovalFilter, Person, State};
use andon_domain::ports::KeyringState;
use andon_domain::{Principal, UserId};
use andon_engine::{approve, status, watch};

use super::{Context, plant};
use crate::console::limited;
use crate::error::{ApiError, ErrorCode};
use crate::wire::{Empty, PersonView, SessionSwitchRequest, SessionView, StatusView, SystemView};

type Answer<T> = Result<T, ApiError>;

pub(crate) async fn get(context: &Context<'_>, _: Empty) -> Answer<SessionView> {
    view(context)
}

pub(crate) async fn switch(context: &Context<'_>, request: SessionSwitchRequest) -> Answer<SessionView> {
    let user = UserId::from(request.user.as_str());
    let roster = context.engine().roster();
    let is_own = user == context.console.first_admin.id;
    let is_known = roster
        .person(&user)
        .is_some_and(|person| person.is_demo || is_own);
    if !context.console.is_demo() || !is_known {
        return Err(ApiError::new(
            context.request,
            ErrorCode::NotPermitted,
            "only people of the demo can be switched to",
            "Sign in as that person instead.",
        ));
    }
    let event = andon_domain::audit::AuditEvent::new(
        &context.caller,
        context.engine().clock().now(),
        "session.switched",
        user.to_string(),
    );
    andon_engine::audit::append(context.engine(), event)
        .await
        .map_err(|e| context.fail(e))?;
    context.session.become_user(user);
    let switched = Context {
        caller: context.session.caller(context.console),
        ..*context
    };
    view(&switched)
}

fn view(context: &Context<'_>) -> Answer<SessionView> {
    let engine = context.engine();
    let tenant = engine
        .tenant(&context.caller.tenant)
        .map_err(|e| context.fail(e))?;
    let roster = engine.roster();
    let overview = status::overview(engine, &context.caller).map_err(|e| context.fail(e))?;
    let id = match &context.caller.principal {
        Principal::Person(user) => user.to_string(),
        Principal::Agent(_) | Principal::System => context.caller.actor(),
    };
    let is_enrolled = roster.person(&UserId::from(id.as_str())).is_some();
    let keyring = overview.keyring.and_then(limited);
    Ok(SessionView {
        user: PersonView {
            name: context.caller.display_name.clone(),
            role: context.caller.role,
            is_demo: roster
                .person(&UserId::from(id.as_str()))
                .is_some_and(|person| person.is_demo),
            id,
        },
        tenant: tenant.parts.id.to_string(),
        tenant_name: tenant.parts.name.clone(),
        environment: tenant.parts.environment.clone(),
        clearance: context.caller.clearance,
        roster: if context.console.is_demo() {
            roster.people.iter().map(person).collect()
        } else {
            Vec::new()
        },
        is_demo: context.console.is_demo(),
        limited: keyring.or((!is_enrolled).then_some(KeyringState::Absent)),
        time_zone: tenant.time_zone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server_time: engine.clock().now(),
    })
}

fn person(person: &Person) -> PersonView {
    PersonView {
        id: person.id.to_string(),
        name: person.name.clone(),
        role: person.role,
        is_demo: person.is_demo,
    }
}

pub(crate) async fn status(context: &Context<'_>, _: Empty) -> Answer<StatusView> {
    let (engine, caller) = (context.engine(), &context.caller);
    let overview = status::overview(engine, caller).map_err(|e| context.fail(e))?;
    let filter = ApprovalFilter {
        states: vec![State::Pending, State::Unknown],
        limit: 1_000,
        ..ApprovalFilter::default()
    };
    let waiting = approve::list(engine, caller, &filter)
        .await
        .map_err(|e| context.fail(e))?;
    let board = watch::board(engine, caller).await.map_err(|e| context.fail(e))?;
    Ok(StatusView {
        server_time: engine.clock().now(),
        systems: overview.systems.into_iter().map(system).collect(),
        feed: plant::feed(&board.feed),
        cache: overview.cache,
        keyring: overview.keyring.unwrap_or(KeyringState::Available),
        storage_trouble: match overview.storage {
            status::StorageState::Ok => None,
            status::StorageState::Failing { message, .. } => Some(message),
        },
        model: overview.model,
        gateway: context.console.gateway.clone(),
        waiting: u64::try_from(waiting.len()).unwrap_or(u64::MAX),
        highest_risk: waiting.iter().map(|row| row.request.risk).max(),
        abnormal: u64::try_from(board.abnormal.len()).unwrap_or(u64::MAX),
    })
}

fn system(status: status::SystemStatus) -> SystemView {
    let status::SystemStatus {
        system,
        health,
        checked_at,
        last_contact,
    } = status;
    SystemView {
        system,
        state: health.state,
        message: health.message,
        hint: health.hint,
        latency_ms: health.latency_ms,
        checked_at,
        last_contact,
    }
}
