//! Agents, settings and query history.

use andon_domain::ports::{AuditFilter, QueryRecord};
use andon_domain::{AgentGrant, Class, PortErrorKind};
use serde_json::json;

use crate::arrange::{Folder, at, event, tenant};

fn grant(agent: &str) -> AgentGrant {
    AgentGrant {
        agent: agent.into(),
        tenant: tenant(),
        scopes: vec!["sap.get_*".to_owned(), "sap.create_purchase_order".to_owned()],
        clearance: Class::BusinessSensitive,
        expires_at: Some(at(9_000)),
    }
}

#[tokio::test]
async fn an_agent_is_found_by_its_token_and_a_revoked_name_is_free_again() {
    let folder = Folder::new();
    let store = folder.open();
    let agents = store.agents();
    let add = async |token: u8| {
        agents
            .add(
                &grant("buyer"),
                [token; 32],
                at(0),
                "person:ada",
                event("agent.added", "buyer"),
            )
            .await
    };
    add(1).await.unwrap();
    assert_eq!(
        add(2).await.unwrap_err().kind,
        PortErrorKind::Conflict,
        "a living agent of the same name"
    );
    let found = agents.by_token([1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.grant, found.created_by.as_str()),
        (grant("buyer"), "person:ada")
    );
    assert_eq!(agents.by_token([2; 32]).await.unwrap(), None);
    assert!(
        agents
            .revoke(&tenant(), &"buyer".into(), at(5), event("agent.revoked", "buyer"))
            .await
            .unwrap()
    );
    assert!(
        !agents
            .revoke(&tenant(), &"buyer".into(), at(6), event("agent.revoked", "buyer"))
            .await
            .unwrap()
    );
    assert_eq!(
        agents.by_token([1; 32]).await.unwrap().unwrap().revoked_at,
        Some(at(5)),
        "still known, as revoked"
    );
    assert_eq!(
        add(1).await.unwrap_err().kind,
        PortErrorKind::Conflict,
        "a token is never given out twice"
    );
    add(3).await.unwrap();
    assert_eq!(agents.list(&tenant()).await.unwrap().len(), 2);
    assert_eq!(agents.list(&"second".into()).await.unwrap(), vec![]);
    let events = store
        .audit(&tenant())
        .tail(&AuditFilter {
            limit: 10,
            ..Default::default()
        })
        .await
        .unwrap();
    assert_eq!(
        events.len(),
        3,
        "refused and empty changes leave no event: {events:?}"
    );
}

#[tokio::test]
async fn calls_are_noted_to_within_ten_seconds() {
    let folder = Folder::new();
    let store = folder.open();
    let agents = store.agents();
    agents
        .add(
            &grant("buyer"),
            [1; 32],
            at(0),
            "person:ada",
            event("agent.added", "buyer"),
        )
        .await
        .unwrap();
    for (call, noted) in [(1_000, 1_000), (10_999, 1_000), (11_000, 11_000)] {
        agents.touch(&tenant(), &"buyer".into(), at(call)).await.unwrap();
        let agent = agents.by_token([1; 32]).await.unwrap().unwrap();
        assert_eq!(agent.last_used_at, Some(at(noted)), "a call at {call} ms");
    }
}

#[tokio::test]
async fn settings_are_per_tenant_and_audited() {
    let folder = Folder::new();
    let store = folder.open();
    let settings = store.settings();
    assert_eq!(settings.get(&tenant(), "undo").await.unwrap(), None);
    for value in [json!({"seconds": 5}), json!(null)] {
        settings
            .set(&tenant(), "undo", &value, event("settings.changed", "undo"))
            .await
            .unwrap();
        assert_eq!(settings.get(&tenant(), "undo").await.unwrap(), Some(value));
    }
    assert_eq!(settings.get(&"second".into(), "undo").await.unwrap(), None);
    let bad = json!({"ratio": 1.5});
    let mut unacceptable = event("settings.changed", "undo");
    unacceptable.detail = bad.clone();
    let error = settings
        .set(&tenant(), "undo", &bad, unacceptable)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        PortErrorKind::Invalid,
        "an event without canonical form"
    );
    assert_eq!(
        settings.get(&tenant(), "undo").await.unwrap(),
        Some(json!(null)),
        "not set without its event"
    );
    assert_eq!(store.audit(&tenant()).verify().await.unwrap().events, 2);
}

#[tokio::test]
async fn history_is_kept_per_person_newest_first() {
    let folder = Folder::new();
    let store = folder.open();
    let history = store.history();
    let record = |id: &str, actor: &str, millis: i64| QueryRecord {
        id: id.to_owned(),
        actor: actor.to_owned(),
        at: at(millis),
        question: Some("how many machines are down?".to_owned()),
        sql: "SELECT count(*) FROM machines".to_owned(),
        is_allowed: true,
        rows: Some(1),
        elapsed_ms: None,
        problem: None,
    };
    for (id, actor, millis) in [
        ("a", "person:ada", 1),
        ("b", "person:bob", 2),
        ("c", "person:ada", 3),
    ] {
        history.put(&tenant(), record(id, actor, millis)).await.unwrap();
    }
    let listed = history.list(&tenant(), "person:ada", 10).await.unwrap();
    assert_eq!(
        listed,
        vec![record("c", "person:ada", 3), record("a", "person:ada", 1)]
    );
    assert_eq!(history.list(&tenant(), "person:ada", 1).await.unwrap().len(), 1);
    assert_eq!(
        history.list(&"second".into(), "person:ada", 10).await.unwrap(),
        vec![]
    );
}
