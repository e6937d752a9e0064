use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use andon_domain::audit::AuditOutcome;
use andon_domain::ports::{Model, ModelReply, ModelRequest};
use andon_domain::{PortError, PortErrorKind, Role, System};
use andon_guard::{CancelFlag, Cell, RowSet};
use async_trait::async_trait;

use super::*;
use crate::testing::{World, person, world};
use crate::world::Systems;

const GOOD: &str = "SELECT status, COUNT(*) AS orders FROM purchase_orders GROUP BY status";

fn statement(sql: &str) -> Statement {
    Statement {
        sql: sql.to_owned(),
        ..Statement::default()
    }
}

async fn run_as(world: &World, name: &str, role: Role, sql: &str) -> Result<QueryResult, EngineError> {
    run(&world.engine, &person(name, role), statement(sql)).await
}

#[tokio::test]
async fn an_allowed_query_runs_as_the_guard_wrote_it_and_leaves_its_lines() {
    let world = world(Systems::default());
    let sql = "SELECT * FROM machines WHERE status = 'down'";
    let result = run_as(&world, "vic", Role::Viewer, sql).await.unwrap();
    assert_eq!(
        world.source.ran.lock().unwrap().as_slice(),
        std::slice::from_ref(&result.sql_run)
    );
    assert!(
        result.sql_run.contains("LIMIT")
            && !result.sql_run.contains('*')
            && !result.sql_run.contains("'down'")
    );
    assert_eq!(
        (
            result.sql_written.as_str(),
            result.attempts,
            result.rows.rows.len()
        ),
        (sql, 1, 5)
    );
    assert_eq!(
        (result.reads[0].table.as_str(), result.class),
        ("machines", Class::Internal)
    );
    let event = world.audit.last();
    assert_eq!(
        (event.action.as_str(), &event.detail["rows"], &event.detail["sql"]),
        ("query.run", &5.into(), &sql.into())
    );
    assert_eq!(event.subject.as_ref(), Some(&result.id));
    let kept = history(&world.engine, &person("vic", Role::Viewer), 10)
        .await
        .unwrap();
    assert_eq!(
        (kept[0].id.as_str(), kept[0].rows, kept[0].is_allowed),
        (result.id.as_str(), Some(5), true)
    );
}

#[tokio::test]
async fn a_refused_query_reaches_no_source_and_is_an_outcome_with_its_lines() {
    let world = world(Systems::default());
    for sql in [
        "DELETE FROM machines",
        "SELECT supplier FROM purchase_orders",
        "SELECT * FROM sqlite_master",
    ] {
        let refused = run_as(&world, "vic", Role::Viewer, sql).await;
        assert!(matches!(refused, Err(EngineError::QueryRefused(_))), "{sql}");
        assert_eq!(world.audit.last().outcome, AuditOutcome::Refused);
        let kept = world.history.0.lock().unwrap().last().cloned().unwrap();
        assert!(!kept.is_allowed && kept.problem.is_some() && kept.sql == sql);
    }
    assert!(world.source.ran.lock().unwrap().is_empty());
    let allowed = run_as(
        &world,
        "otto",
        Role::Operator,
        "SELECT supplier FROM purchase_orders",
    )
    .await
    .unwrap();
    assert_eq!(allowed.class, Class::BusinessSensitive);
}

#[tokio::test]
async fn rows_that_cannot_be_written_down_are_not_handed_out() {
    let world = world(Systems::default());
    world.audit.refuses.store(true, Ordering::SeqCst);
    assert!(run_as(&world, "vic", Role::Viewer, GOOD).await.is_err());
    world.audit.refuses.store(false, Ordering::SeqCst);
    let error = PortError::new(System::Sql, PortErrorKind::TimedOut, "took longer than 10 s");
    *world.source.answer.lock().unwrap() = Err(error);
    assert!(run_as(&world, "vic", Role::Viewer, GOOD).await.is_err());
    assert_eq!(
        (world.audit.last().action.as_str(), world.audit.last().outcome),
        ("query.failed", AuditOutcome::Failed)
    );
}

#[tokio::test]
async fn checking_while_somebody_types_runs_and_writes_nothing() {
    let world = world(Systems::default());
    let viewer = person("vic", Role::Viewer);
    assert!(check(&world.engine, &viewer, GOOD).is_ok());
    assert!(matches!(
        check(&world.engine, &viewer, "SELECT"),
        Err(EngineError::QueryRefused(_))
    ));
    assert!(world.audit.actions().is_empty() && world.source.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_result_belongs_to_who_ran_it() {
    let world = world(Systems::default());
    let (vic, eve) = (person("vic", Role::Viewer), person("eve", Role::Admin));
    let id = run_as(&world, "vic", Role::Viewer, GOOD).await.unwrap().id;
    let rows = window(&world.engine, &vic, &id, 3, 10).unwrap();
    assert_eq!(rows.rows(), [[Cell::Integer(3)], [Cell::Integer(4)]]);
    assert!(
        window(&world.engine, &vic, &id, 99, 10)
            .unwrap()
            .rows()
            .is_empty()
    );
    assert!(matches!(
        window(&world.engine, &eve, &id, 0, 10),
        Err(EngineError::NotFound(_))
    ));
    assert!(matches!(
        export_csv(&world.engine, &eve, &id).await,
        Err(EngineError::NotFound(_))
    ));
    assert!(
        export_csv(&world.engine, &vic, &id)
            .await
            .unwrap()
            .starts_with("status\r\n0\r\n")
    );
    assert_eq!(world.audit.last().action, "query.exported");
    let public = Caller {
        clearance: Class::Public,
        ..vic.clone()
    };
    assert!(
        result(&world.engine, &public, &id).is_err(),
        "a clearance taken away takes results away"
    );
    for _ in 0..20 {
        run_as(&world, "vic", Role::Viewer, GOOD).await.unwrap();
    }
    assert!(
        result(&world.engine, &vic, &id).is_err(),
        "the shelf holds twenty"
    );
}

#[tokio::test]
async fn the_shelf_keeps_to_its_bytes_but_never_drops_the_newest() {
    let world = world(Systems::default());
    let large = || RowSet {
        columns: Vec::new(),
        rows: vec![vec![Cell::Text("x".repeat(70 * 1024 * 1024))]],
        truncated: false,
        elapsed_ms: 0,
    };
    *world.source.answer.lock().unwrap() = Ok(large());
    let viewer = person("vic", Role::Viewer);
    let first = run_as(&world, "vic", Role::Viewer, GOOD).await.unwrap().id;
    assert!(result(&world.engine, &viewer, &first).is_ok());
    let second = run_as(&world, "vic", Role::Viewer, GOOD).await.unwrap().id;
    assert!(
        result(&world.engine, &viewer, &first).is_err() && result(&world.engine, &viewer, &second).is_ok()
    );
}

#[test]
fn the_schema_is_what_the_clearance_leaves() {
    let world = world(Systems::default());
    let columns = |role| {
        let tables = schema(&world.engine, &person("x", role)).unwrap();
        let orders = tables
            .into_iter()
            .find(|table| table.name == "purchase_orders")
            .unwrap();
        orders
            .columns
            .into_iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
    };
    assert!(!columns(Role::Viewer).contains(&"net_value".to_owned()));
    assert!(columns(Role::Operator).contains(&"net_value".to_owned()));
}

#[test]
fn every_ready_question_passes_the_guard_and_is_offered_to_who_may_read_it() {
    let world = world(Systems::default());
    for question in READY_QUESTIONS {
        let checked = check(&world.engine, &person("otto", Role::Operator), question.sql);
        assert!(
            checked.is_ok(),
            "{}: {:?}",
            question.id,
            checked.err().map(|e| match e {
                EngineError::QueryRefused(refusal) => refusal.to_string(),
                other => other.to_string(),
            })
        );
    }
    let ids = |role| {
        let offered = ready_questions(&world.engine, &person("x", role)).unwrap();
        offered.iter().map(|question| question.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Role::Operator).len(), READY_QUESTIONS.len());
    assert!(ids(Role::Viewer).contains(&"machines_down") && !ids(Role::Viewer).contains(&"open_value"));
}

/// A model that answers from a list and remembers what it was asked.
#[derive(Default)]
struct ScriptedModel {
    answers: Mutex<VecDeque<&'static str>>,
    asked: Mutex<Vec<ModelRequest>>,
}

#[async_trait]
impl Model for ScriptedModel {
    async fn write_sql(&self, request: &ModelRequest) -> Result<ModelReply, PortError> {
        self.asked.lock().unwrap().push(request.clone());
        let sql = self.answers.lock().unwrap().pop_front();
        let sql =
            sql.ok_or_else(|| PortError::new(System::Model, PortErrorKind::Unavailable, "does not answer"))?;
        Ok(ModelReply {
            sql: sql.to_owned(),
            assumptions: Some("open means not closed".to_owned()),
            tokens: Some(10),
        })
    }
    fn name(&self) -> String {
        "test-model".to_owned()
    }
}

fn with_model(answers: &[&'static str]) -> (World, Arc<ScriptedModel>) {
    let model = Arc::new(ScriptedModel::default());
    model.answers.lock().unwrap().extend(answers);
    (
        world(Systems {
            model: Some(model.clone()),
            ..Systems::default()
        }),
        model,
    )
}

#[tokio::test]
async fn a_model_is_told_why_it_was_refused_and_may_mend_it_twice() {
    let (world, model) = with_model(&["DROP TABLE machines", "SELECT stat FROM machines", GOOD]);
    let viewer = person("vic", Role::Viewer);
    let answer = ask(&world.engine, &viewer, " How many orders? ", CancelFlag::new())
        .await
        .unwrap();
    let result = answer.result.unwrap();
    assert_eq!((result.attempts, result.sql_written.as_str()), (3, GOOD));
    assert_eq!(
        (answer.refused.len(), answer.tokens, answer.model.as_str()),
        (2, Some(30), "test-model")
    );
    let asked = model.asked.lock().unwrap();
    assert_eq!(
        (asked[0].today.as_str(), asked[0].dialect.as_str()),
        ("2026-06-22", "sqlite")
    );
    assert!(asked[0].schema.contains("purchase_orders: Orders") && !asked[0].schema.contains("net_value"));
    assert_eq!(
        (asked[0].question.as_str(), &asked[0].previous),
        ("How many orders?", &None)
    );
    let (sql, reasons) = asked[2].previous.clone().unwrap();
    assert!(
        sql == "SELECT stat FROM machines" && reasons.contains("status"),
        "the reasons name the way out: {reasons}"
    );
    assert_eq!(
        world.audit.actions(),
        ["query.refused", "query.refused", "query.run"]
    );
    assert!(
        world
            .history
            .0
            .lock()
            .unwrap()
            .iter()
            .all(|row| row.question.is_some())
    );
}

#[tokio::test]
async fn a_model_that_never_mends_it_leaves_every_attempt_to_see() {
    let (world, model) = with_model(&["DROP TABLE machines"; 4]);
    let answer = ask(
        &world.engine,
        &person("vic", Role::Viewer),
        "Drop it",
        CancelFlag::new(),
    )
    .await
    .unwrap();
    assert!(answer.result.is_none());
    assert_eq!((answer.refused.len(), model.asked.lock().unwrap().len()), (3, 3));
    assert!(world.source.ran.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_model_without_its_answer_or_without_a_question_nothing_runs() {
    let viewer = person("vic", Role::Viewer);
    let none = world(Systems::default());
    let missing = ask(&none.engine, &viewer, "How many?", CancelFlag::new()).await;
    assert!(matches!(missing, Err(EngineError::NotConfigured(what)) if what == "model"));
    let (world, _) = with_model(&[]);
    assert!(matches!(
        ask(&world.engine, &viewer, "How many?", CancelFlag::new()).await,
        Err(EngineError::Port(_))
    ));
    assert_eq!(world.audit.last().action, "query.model_failed");
    let empty = ask(&world.engine, &viewer, "  ", CancelFlag::new()).await;
    assert!(matches!(
        empty,
        Err(EngineError::InvalidInput {
            field: "question",
            ..
        })
    ));
    let cancel = CancelFlag::new();
    cancel.cancel();
    let cancelled = ask(&world.engine, &viewer, "How many?", cancel).await;
    assert!(matches!(cancelled, Err(EngineError::Port(error)) if error.kind == PortErrorKind::Cancelled));
}
