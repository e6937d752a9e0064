//! One machine, timelines, orders, quality, feeds in trouble.

use super::*;
use crate::error::EngineError;
use andon_domain::System;

#[tokio::test]
async fn a_machine_is_shown_with_its_states_stops_and_order() {
    let world = plant();
    calendar(&world);
    *world.mirror.history.lock().unwrap() = vec![
        ran("M11", time("22T11:00"), Some(time("22T13:00")), 100, 100),
        ran("M12", time("22T12:00"), None, 100, 100),
    ];
    *world.mirror.downtime.lock().unwrap() = vec![
        stop("1", "M11", time("22T13:00"), Some(time("22T13:10")), Some("A")),
        stop("2", "M11", time("22T13:20"), None, Some("B")),
        stop("3", "M12", time("22T13:20"), None, Some("C")),
    ];
    let mut down = status("M11", MachineState::Down, Some(now()));
    down.status_since = Some(time("22T13:20"));
    down.order_id = Some("PO-1".to_owned());
    add_machine(&world, down);
    *world.mirror.orders.lock().unwrap() = vec![order("PO-1", ProductionOrderStatus::Active)];
    let request = PlantMachineRequest {
        machine_id: "M11".to_owned(),
        ..PlantMachineRequest::default()
    };
    let viewer = person("vic", Role::Viewer);
    let shown = machine(&world.engine, &viewer, &request).await.unwrap();
    let pieces: Vec<_> = shown
        .timeline
        .iter()
        .map(|piece| (piece.start, piece.end, piece.state, piece.is_begun_before))
        .collect();
    assert_eq!(
        pieces,
        [
            (
                time("22T12:00"),
                time("22T13:00"),
                Some(MachineState::Running),
                true
            ),
            (time("22T13:00"), time("22T13:20"), None, false),
            (time("22T13:20"), now(), Some(MachineState::Down), false),
        ]
    );
    assert!(shown.timeline[2].is_open && !shown.is_stale);
    let stops: Vec<_> = shown.downtime.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(stops, ["2", "1"], "its own, newest first");
    assert_eq!(shown.order.map(|order| order.id), Some("PO-1".to_owned()));
    let many = timelines(&world.engine, &viewer, &asked(PlantRange::CurrentShift))
        .await
        .unwrap();
    assert_eq!((many.machines.len(), many.left_out), (3, 0));
    let states = |id: &str| {
        let of = many
            .machines
            .iter()
            .find(|machine| machine.machine_id == id)
            .unwrap();
        of.segments.iter().map(|segment| segment.2).collect::<Vec<_>>()
    };
    assert_eq!(
        states("M11"),
        [Some(MachineState::Running), None, Some(MachineState::Down)]
    );
    assert_eq!(states("M12"), [Some(MachineState::Running)]);
    let nobody = PlantMachineRequest {
        machine_id: "M99".to_owned(),
        ..PlantMachineRequest::default()
    };
    let missing = machine(&world.engine, &viewer, &nobody).await;
    assert!(matches!(missing, Err(EngineError::NotFound(_))));
}

#[tokio::test]
async fn what_stands_still_is_drawn_to_its_last_measurement_and_not_to_now() {
    let world = plant();
    calendar(&world);
    *world.mirror.history.lock().unwrap() = ["M11", "M12"]
        .map(|id| ran(id, time("22T12:00"), None, 60, 60))
        .to_vec();
    let later = now().plus(Duration::from_secs(3600));
    world.clock.forward(Duration::from_secs(3600));
    told(&world, later);
    let mut fresh = status("M12", MachineState::Running, Some(later));
    fresh.status_since = Some(time("22T12:00"));
    add_machine(&world, fresh);
    let viewer = person("vic", Role::Viewer);
    let many = timelines(&world.engine, &viewer, &asked(PlantRange::CurrentShift))
        .await
        .unwrap();
    let drawn = |id: &str| {
        let of = many.machines.iter().find(|machine| machine.machine_id == id);
        let ends = of.unwrap().segments.iter();
        ends.map(|segment| (segment.1 as i64, segment.2))
            .collect::<Vec<_>>()
    };
    let running = Some(MachineState::Running);
    assert_eq!(drawn("M11"), [(now().millis(), running), (later.millis(), None)]);
    assert_eq!(drawn("M12"), [(later.millis(), running)]);
    assert!(
        many.basis
            .notes
            .iter()
            .any(|note| note.kind == FigureNoteKind::MachinesStale)
    );
    let request = PlantMachineRequest {
        machine_id: "M11".to_owned(),
        ..PlantMachineRequest::default()
    };
    let shown = machine(&world.engine, &viewer, &request).await.unwrap();
    let states: Vec<_> = shown
        .timeline
        .iter()
        .map(|piece| (piece.end, piece.state))
        .collect();
    assert_eq!(states, [(now(), running), (later, None)]);
    assert_eq!(shown.figures.uncovered_s, 3600.0);
    assert!(
        shown
            .basis
            .notes
            .iter()
            .any(|note| note.kind == FigureNoteKind::SourceStale)
    );
}

#[tokio::test]
async fn a_machine_without_connection_is_offline_as_long_as_the_mes_says_so() {
    let world = plant();
    calendar(&world);
    let mut segment = ran("M11", time("22T14:00"), None, 0, 0);
    segment.status = MachineState::Offline;
    *world.mirror.history.lock().unwrap() = vec![segment];
    add_machine(
        &world,
        status("M11", MachineState::Offline, Some(time("22T14:00"))),
    );
    let request = PlantMachineRequest {
        machine_id: "M11".to_owned(),
        ..PlantMachineRequest::default()
    };
    let shown = machine(&world.engine, &person("vic", Role::Viewer), &request)
        .await
        .unwrap();
    let last = shown.timeline.last().map(|piece| (piece.end, piece.state));
    assert_eq!(last, Some((now(), Some(MachineState::Offline))));
    assert!(shown.basis.notes.is_empty(), "{:?}", shown.basis.notes);
}

#[tokio::test]
async fn stops_of_the_last_eight_hours_are_by_the_clock_of_the_plant() {
    let world = plant();
    world.tenant().feeds.set_skew(System::Mes, -2 * 3_600_000);
    let ended = |id, hours_ago: u64| {
        let end = now().minus(Duration::from_secs(hours_ago * 3_600));
        stop(id, "M11", end.minus(Duration::from_secs(60)), Some(end), None)
    };
    *world.mirror.downtime.lock().unwrap() = vec![ended("older", 11), ended("within", 9)];
    let board = crate::watch::board(&world.engine, &person("vic", Role::Viewer))
        .await
        .unwrap();
    let shown: Vec<_> = board.downtime.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(shown, ["within"]);
}

fn order(id: &str, status: ProductionOrderStatus) -> ProductionOrder {
    ProductionOrder {
        id: id.to_owned(),
        order_number: None,
        status,
        status_raw: None,
        priority: None,
        product: Some(Product {
            id: "P".to_owned(),
            name: Some("Valve".to_owned()),
            revision: None,
        }),
        equipment: Equipment::default(),
        quantity: OrderQuantity {
            planned: Some(300.into()),
            good: Some(120.into()),
            ..OrderQuantity::default()
        },
        planned_cycle_s: None,
        planned_start: None,
        planned_end: None,
        due_at: Some(time("22T16:00")),
        actual_start: None,
        actual_end: None,
        lot_id: None,
        updated_at: None,
        version: 1,
        incomplete: Vec::new(),
    }
}

#[tokio::test]
async fn orders_say_how_late_they_are_and_at_which_rate() {
    use ProductionOrderStatus::{Active, Completed, Paused, Planned};
    let world = plant();
    calendar(&world);
    // 60 good in the hour up to now, on one machine.
    let hour_ago = now().minus(Duration::from_secs(3600));
    *world.mirror.history.lock().unwrap() = vec![ran("M11", hour_ago, None, 60, 60)];
    let slow = order("PO-1", Active);
    let started = ProductionOrder {
        actual_start: Some(now().minus(Duration::from_secs(2 * 3600))),
        due_at: Some(time("22T20:00")),
        ..order("PO-2", Active)
    };
    let overdue = ProductionOrder {
        due_at: Some(now().minus(Duration::from_secs(600))),
        ..order("PO-3", Paused)
    };
    let done = ProductionOrder {
        actual_end: Some(time("22T15:00")),
        ..order("PO-4", Completed)
    };
    let silent = ProductionOrder {
        due_at: None,
        planned_end: None,
        ..order("PO-5", Planned)
    };
    *world.mirror.orders.lock().unwrap() = vec![slow, started, overdue, done, silent];
    let answer = orders(
        &world.engine,
        &person("vic", Role::Viewer),
        &asked(PlantRange::CurrentShift),
    )
    .await
    .unwrap();
    let of = |id: &str| answer.orders.iter().find(|order| order.order.id == id).unwrap();
    let slow = of("PO-1");
    let rate = slow.rate.unwrap();
    assert_eq!((rate.per_hour, rate.basis), (60.0, RateBasis::RecentHistory));
    assert_eq!(slow.remaining, Some(180.into()));
    assert_eq!(slow.progress, Some(0.4));
    let end = now().plus(Duration::from_secs(3 * 3600));
    assert_eq!(
        (slow.expected_end, slow.lateness),
        (Some(end), Lateness::ExpectedLate)
    );
    assert_eq!(slow.late_s, Some(end.since(time("22T16:00")).as_secs_f64()));
    let started = of("PO-2");
    assert_eq!(
        started.rate.map(|rate| (rate.per_hour, rate.basis)),
        Some((60.0, RateBasis::SinceStart))
    );
    assert_eq!(started.lateness, Lateness::OnTime);
    let overdue = of("PO-3");
    assert_eq!((overdue.rate, overdue.expected_end), (None, None), "it stands");
    assert_eq!((overdue.lateness, overdue.late_s), (Lateness::Late, Some(600.0)));
    assert_eq!(of("PO-4").lateness, Lateness::OnTime);
    assert_eq!((of("PO-5").lateness, of("PO-5").due), (Lateness::Unknown, None));
    assert_eq!(answer.orders[0].order.id, "PO-1", "the latest stands first");
}

#[tokio::test]
async fn quality_shows_yield_by_product_and_the_last_fails_with_their_limits() {
    let world = plant();
    calendar(&world);
    let report = |id: &str, at: &str, result| QualityReport {
        id: id.to_owned(),
        order_id: None,
        machine_id: Some("M11".to_owned()),
        product_id: Some("P".to_owned()),
        lot_id: None,
        serial: None,
        inspection: InspectionType::Final,
        result,
        inspected_at: Some(time(at)),
        quantity: InspectedQuantity {
            inspected: Some(10.into()),
            good: Some(9.into()),
            ..InspectedQuantity::default()
        },
        characteristics: Vec::new(),
        defects: Vec::new(),
        disposition: andon_domain::records::Disposition::Unknown,
        inspector_ref: None,
        updated_at: None,
        version: 1,
        incomplete: Vec::new(),
    };
    let characteristic = |id: &str, value: i64| andon_domain::records::Characteristic {
        id: id.to_owned(),
        name: None,
        value: Some(value.into()),
        unit: None,
        target: Some(5.into()),
        lsl: Some(4.into()),
        usl: Some(6.into()),
        result: InspectionResult::Unknown,
    };
    let mut failed = report("2", "22T13:00", InspectionResult::Fail);
    failed.characteristics = vec![characteristic("good", 5), characteristic("wide", 7)];
    *world.mirror.reports.lock().unwrap() = vec![
        report("before", "22T11:00", InspectionResult::Fail),
        report("1", "22T12:30", InspectionResult::Pass),
        failed,
    ];
    *world.mirror.orders.lock().unwrap() = vec![order("PO-1", ProductionOrderStatus::Active)];
    let viewer = person("vic", Role::Viewer);
    let answer = quality(&world.engine, &viewer, &asked(PlantRange::CurrentShift))
        .await
        .unwrap();
    assert_eq!(answer.total.first_pass_yield, Some(0.9));
    assert_eq!(answer.total.inspected, Some(20.into()));
    let product = answer.products[0].product.as_ref().unwrap();
    assert_eq!(
        product.name.as_deref(),
        Some("Valve"),
        "named as the orders name it"
    );
    let fails: Vec<_> = answer
        .fails
        .iter()
        .map(|fail| (fail.id.as_str(), fail.characteristics.len()))
        .collect();
    assert_eq!(
        fails,
        [("2", 1)],
        "only what is outside its limits, only of the window"
    );
    let elsewhere = PlantWindowRequest {
        work_center: Some("L2".to_owned()),
        ..asked(PlantRange::CurrentShift)
    };
    let elsewhere = quality(&world.engine, &viewer, &elsewhere).await.unwrap();
    assert_eq!(elsewhere.total.first_pass_yield, None);
}

#[tokio::test]
async fn feeds_in_trouble_are_named_on_the_board() {
    let world = plant();
    let troubled = async || {
        let board = crate::watch::board(&world.engine, &person("vic", Role::Viewer))
            .await
            .unwrap();
        let feeds: Vec<Feed> = board.troubled_feeds.iter().map(|view| view.feed).collect();
        feeds
    };
    assert_eq!(troubled().await, []);
    world.clock.forward(Duration::from_secs(10 * 60));
    assert_eq!(
        troubled().await,
        [
            Feed::Downtime,
            Feed::ProductionOrders,
            Feed::Quality,
            Feed::MachineHistory
        ],
        "the calendar is asked for less often, and the machines have a place of their own"
    );
}
