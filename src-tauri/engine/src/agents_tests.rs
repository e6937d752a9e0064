use std::sync::atomic::Ordering;

use andon_domain::{Class, TenantId};

use super::*;
use crate::testing::{World, person, world};
use crate::world::Systems;

fn grant(name: &str) -> AgentGrant {
    AgentGrant {
        agent: AgentId::from(name),
        tenant: TenantId::default_tenant(),
        scopes: vec!["sap.get_*".to_owned(), "sap.create_purchase_order".to_owned()],
        clearance: Class::BusinessSensitive,
        expires_at: None,
    }
}

fn plant() -> World {
    world(Systems::default())
}

#[test]
fn base64url_is_that_of_the_standard() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg"),
        ("fo", "Zm8"),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg"),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64url(bytes.as_bytes()), text);
    }
    assert_eq!(base64url(&[0xfb, 0xff, 0xfe]), "-__-");
    assert_eq!(base64url(&[0; TOKEN_BYTES]).len(), 43);
}

#[tokio::test]
async fn a_token_opens_the_door_it_was_made_for_and_is_kept_as_a_hash() {
    let world = plant();
    let admin = person("ada", Role::Admin);
    let (record, token) = add(&world.engine, &admin, grant("buyer")).await.unwrap();
    assert_eq!(record.created_by, "person:ada");
    assert_eq!(
        (token.expose().len(), &token.expose()[..6]),
        (TOKEN_LENGTH, "andon_")
    );
    assert_eq!(world.agents.rows.lock().unwrap()[0].0, sha256(token.expose()));
    let caller = authenticate(&world.engine, token.expose()).await.unwrap();
    assert_eq!(
        (caller.actor().as_str(), caller.via),
        ("agent:buyer", Via::Gateway)
    );
    assert_eq!(
        (caller.clearance, caller.scopes),
        (Class::BusinessSensitive, grant("buyer").scopes)
    );
    let mut wrong = token.expose().to_owned();
    wrong.pop();
    let unknown = format!("{wrong}~");
    for bad in ["", "andon_", wrong.as_str(), unknown.as_str()] {
        assert!(matches!(
            authenticate(&world.engine, bad).await,
            Err(EngineError::NotPermitted { .. })
        ));
    }
}

#[tokio::test]
async fn a_revoked_and_an_expired_token_are_refused_and_written_down() {
    let world = plant();
    let admin = person("ada", Role::Admin);
    let (_, revoked) = add(&world.engine, &admin, grant("one")).await.unwrap();
    revoke(&world.engine, &admin, &AgentId::from("one"))
        .await
        .unwrap();
    assert!(matches!(
        revoke(&world.engine, &admin, &AgentId::from("one")).await,
        Err(EngineError::NotFound(_))
    ));
    let end = world.engine.clock().now().plus(Duration::from_secs(60));
    let (_, expired) = add(
        &world.engine,
        &admin,
        AgentGrant {
            expires_at: Some(end),
            ..grant("two")
        },
    )
    .await
    .unwrap();
    authenticate(&world.engine, expired.expose()).await.unwrap();
    world.clock.forward(Duration::from_secs(60));
    for (token, reason) in [(&revoked, "revoked"), (&expired, "expired")] {
        let refused = authenticate(&world.engine, token.expose()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            bad_token().to_string(),
            "the words tell nothing"
        );
        assert_eq!(world.audit.last().action, "agent.token_refused");
        assert_eq!(world.audit.last().detail["reason"], reason);
    }
}

#[tokio::test]
async fn calls_are_noted_at_most_once_a_minute() {
    let world = plant();
    let (_, token) = add(&world.engine, &person("ada", Role::Admin), grant("buyer"))
        .await
        .unwrap();
    for (after_s, touches) in [(0, 1), (59, 1), (1, 2), (30, 2)] {
        world.clock.forward(Duration::from_secs(after_s));
        authenticate(&world.engine, token.expose()).await.unwrap();
        assert_eq!(world.agents.touches.load(Ordering::SeqCst), touches);
    }
}

#[tokio::test]
async fn an_agent_of_the_console_gets_a_fresh_token_at_each_start() {
    let world = plant();
    let system = Caller::system(TenantId::default_tenant());
    let (_, first) = ensure(&world.engine, &system, grant("demo")).await.unwrap();
    let (_, second) = ensure(&world.engine, &system, grant("demo")).await.unwrap();
    assert!(authenticate(&world.engine, first.expose()).await.is_err());
    assert!(authenticate(&world.engine, second.expose()).await.is_ok());
    let agents = list(&world.engine, &person("ada", Role::Admin)).await.unwrap();
    assert_eq!(
        agents.iter().filter(|agent| agent.revoked_at.is_none()).count(),
        1
    );
}

#[tokio::test]
async fn only_an_admin_adds_agents_and_only_sound_ones() {
    let world = plant();
    let admin = person("ada", Role::Admin);
    let operator = person("otto", Role::Operator);
    assert!(matches!(
        add(&world.engine, &operator, grant("x")).await,
        Err(EngineError::NotPermitted { .. })
    ));
    assert!(matches!(
        list(&world.engine, &operator).await,
        Err(EngineError::NotPermitted { .. })
    ));
    let long = "a".repeat(65);
    for name in ["", "Buyer", "a b", "a/b", "ä", long.as_str()] {
        let refused = add(&world.engine, &admin, grant(name)).await;
        assert!(
            matches!(refused, Err(EngineError::InvalidInput { field: "agent", .. })),
            "{name}"
        );
    }
    for scopes in [
        vec![],
        vec!["sap.delete_everything".to_owned()],
        vec!["sap.get_*".to_owned(); 65],
    ] {
        let refused = add(&world.engine, &admin, AgentGrant { scopes, ..grant("x") }).await;
        assert!(matches!(
            refused,
            Err(EngineError::InvalidInput { field: "scopes", .. })
        ));
    }
    let past = AgentGrant {
        expires_at: Some(world.engine.clock().now()),
        ..grant("x")
    };
    let refused = add(&world.engine, &admin, past).await;
    assert!(matches!(
        refused,
        Err(EngineError::InvalidInput {
            field: "expires_at",
            ..
        })
    ));
    add(&world.engine, &admin, grant("x")).await.unwrap();
    let refused = add(&world.engine, &admin, grant("x")).await;
    assert!(
        matches!(refused, Err(EngineError::InvalidInput { field: "agent", .. })),
        "the name is taken"
    );
}
