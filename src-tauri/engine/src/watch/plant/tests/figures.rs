//! Figures of a window: sums, what is known up to when, corrections, trend.

use super::*;

#[tokio::test]
async fn the_figures_of_a_shift_add_over_its_lines_and_their_losses_close() {
    let world = plant();
    calendar(&world);
    let (start, end) = (time("22T04:00"), time("22T12:00"));
    *world.mirror.history.lock().unwrap() = vec![
        ran("M11", start, Some(time("22T10:00")), 300, 270),
        ran("M12", start, Some(end), 480, 480),
        ran("M21", start, Some(time("22T08:00")), 240, 240),
    ];
    *world.mirror.downtime.lock().unwrap() = vec![
        stop("1", "M11", time("22T10:00"), Some(time("22T11:00")), Some("E312")),
        stop("2", "M21", time("22T08:00"), Some(time("22T09:00")), None),
    ];
    let answer = ask(&world, &asked(PlantRange::PreviousShift)).await;
    let total = &answer.total;
    assert_eq!((total.machines, total.planned_busy_s), (3, 24.0 * 3600.0));
    assert_eq!(total.production_s, 18.0 * 3600.0);
    assert_eq!(total.availability, Some(0.75));
    assert_eq!(
        (total.produced, total.good, total.scrap),
        (Some(1020.0), Some(990.0), Some(30.0))
    );
    assert_eq!(total.oee, Some(990.0 / 1440.0));
    assert_eq!((total.failures, total.mttr_s), (2, Some(3600.0)));
    let sum = |of: fn(&Figures) -> f64| answer.lines.iter().map(|line| of(&line.figures)).sum::<f64>();
    assert_eq!(answer.lines.len(), 2);
    assert_eq!(sum(|figures| figures.planned_busy_s), total.planned_busy_s);
    assert_eq!(sum(|figures| figures.production_s), total.production_s);
    let lost: f64 = answer
        .waterfall
        .iter()
        .filter(|step| !step.is_total)
        .map(|step| step.seconds)
        .sum();
    let good = answer.waterfall.last().unwrap();
    assert_eq!(
        (good.kind, lost + good.seconds),
        (WaterfallKind::Good, total.planned_busy_s)
    );
    assert_eq!(answer.pareto.total_s, total.downtime_s);
    let bars: Vec<_> = answer
        .pareto
        .by_seconds
        .iter()
        .map(|bar| (bar.kind, bar.code.as_deref(), bar.seconds, bar.cumulative))
        .collect();
    assert_eq!(
        bars,
        [
            (ParetoKind::Reason, Some("E312"), 3600.0, Some(0.5)),
            (ParetoKind::NoReason, None, 3600.0, Some(1.0)),
        ]
    );
    assert!(
        answer.machines.is_empty(),
        "machine by machine only where a part is asked for"
    );
    let line = PlantWindowRequest {
        work_center: Some("L1".to_owned()),
        ..asked(PlantRange::PreviousShift)
    };
    let line = ask(&world, &line).await;
    assert_eq!((line.machines.len(), line.total.machines), (2, 2));
    assert_eq!(line.total, answer.lines[0].figures);
}

#[tokio::test]
async fn the_running_shift_counts_to_the_last_answer_and_without_one_the_rest_is_no_data() {
    let world = plant();
    calendar(&world);
    let since = time("22T12:00");
    *world.mirror.history.lock().unwrap() = ["M11", "M12", "M21"]
        .map(|id| ran(id, since, None, 60, 60))
        .to_vec();
    let fresh = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(fresh.total.coverage, Some(1.0));
    assert_eq!(fresh.total.availability, Some(1.0), "the break is not planned");
    world.clock.forward(Duration::from_secs(3600));
    let old = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(old.window.as_of, now().plus(Duration::from_secs(3600)));
    assert_eq!(
        old.total.production_s, fresh.total.production_s,
        "nothing is bridged to now"
    );
    assert_eq!(old.total.uncovered_s, 3.0 * 3600.0);
    assert!(old.total.is_low_confidence);
    let kinds: Vec<_> = old.basis.notes.iter().map(|note| note.kind).collect();
    assert!(kinds.contains(&FigureNoteKind::SourceStale), "{kinds:?}");
    let no_data = old
        .waterfall
        .iter()
        .find(|step| step.kind == WaterfallKind::NoData)
        .unwrap();
    assert_eq!(no_data.seconds, 3.0 * 3600.0);
}

#[tokio::test]
async fn a_machine_that_stands_still_behind_a_healthy_mes_is_not_counted_as_running() {
    let world = plant();
    calendar(&world);
    let since = time("22T12:00");
    *world.mirror.history.lock().unwrap() = ["M11", "M12", "M21"]
        .map(|id| ran(id, since, None, 60, 60))
        .to_vec();
    let hour = Duration::from_secs(3600);
    world.clock.forward(hour);
    told(&world, now().plus(hour));
    for id in ["M11", "M21"] {
        add_machine(&world, status(id, MachineState::Running, Some(now().plus(hour))));
    }
    let answer = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(
        answer.total.uncovered_s, 3600.0,
        "from its last measurement on nothing is known of M12"
    );
    assert_eq!(
        answer.total.planned_busy_s - answer.total.production_s,
        3600.0,
        "and that time is no production"
    );
    let note = |kind| {
        let mut notes = answer.basis.notes.iter();
        notes.find(|note| note.kind == kind).map(|note| note.count)
    };
    assert_eq!(note(FigureNoteKind::MachinesStale), Some(Some(1)));
    assert_eq!(
        note(FigureNoteKind::SourceStale),
        None,
        "the others are up to date"
    );
    let before = ask(&world, &asked(PlantRange::PreviousShift)).await;
    assert!(
        before
            .basis
            .notes
            .iter()
            .all(|note| note.kind != FigureNoteKind::MachinesStale),
        "a shift that ended before is known"
    );
}

#[tokio::test]
async fn a_source_that_stands_still_is_stale_however_promptly_it_answers() {
    let world = plant();
    calendar(&world);
    *world.mirror.history.lock().unwrap() = ["M11", "M12", "M21"]
        .map(|id| ran(id, time("22T12:00"), None, 60, 60))
        .to_vec();
    let hour = Duration::from_secs(3600);
    let fresh = ask(&world, &asked(PlantRange::CurrentShift)).await;
    world.clock.forward(hour);
    told(&world, now().plus(hour));
    let frozen = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(frozen.total.production_s, fresh.total.production_s);
    assert_eq!(frozen.total.uncovered_s, 3.0 * 3600.0);
    assert!(frozen.total.is_low_confidence);
    let kinds: Vec<_> = frozen.basis.notes.iter().map(|note| note.kind).collect();
    assert!(kinds.contains(&FigureNoteKind::SourceStale), "{kinds:?}");
    assert_eq!(frozen.basis.data_until, Some(now()), "the last measurement");
    add_machine(&world, status("M31", MachineState::Offline, Some(now())));
    let with_offline = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(
        with_offline.basis.notes, frozen.basis.notes,
        "what is said to be offline is not expected to be measured"
    );
}

#[tokio::test]
async fn a_finished_shift_that_changed_later_says_so() {
    let world = plant();
    calendar(&world);
    let mut late = stop("1", "M11", time("22T10:00"), Some(time("22T11:00")), None);
    late.updated_at = Some(time("22T12:14"));
    let mut corrected = stop("2", "M11", time("22T11:00"), Some(time("22T11:30")), None);
    corrected.updated_at = Some(time("22T12:16"));
    let mut closed = stop("3", "M11", time("22T11:50"), Some(time("22T12:30")), None);
    closed.updated_at = Some(time("22T12:30"));
    *world.mirror.downtime.lock().unwrap() = vec![late, corrected, closed];
    let answer = ask(&world, &asked(PlantRange::PreviousShift)).await;
    assert_eq!(
        answer.basis.corrected, 1,
        "what comes within the grace is no correction, nor the end of a stop that went on"
    );
    let running = ask(&world, &asked(PlantRange::CurrentShift)).await;
    assert_eq!(running.basis.corrected, 0);
}

#[tokio::test]
async fn the_trend_has_each_shift_that_has_begun_and_remembers_the_finished() {
    let world = plant();
    calendar(&world);
    let early = ran("M11", time("22T04:00"), Some(time("22T12:00")), 240, 240);
    *world.mirror.history.lock().unwrap() = vec![early];
    let only = PlantWindowRequest {
        machine_id: Some("M11".to_owned()),
        ..asked(PlantRange::CurrentShift)
    };
    let trend = ask(&world, &only).await.trend;
    let points: Vec<_> = trend
        .iter()
        .map(|point| (point.label.as_deref(), point.oee, point.is_finished))
        .collect();
    assert_eq!(
        points,
        [
            (Some("night"), None, true),
            (Some("early"), Some(0.5), true),
            (Some("late"), None, false)
        ]
    );
    let made = std::mem::take(&mut *world.mirror.history.lock().unwrap());
    let again = ask(&world, &only).await.trend;
    assert_eq!(again[1].oee, Some(0.5), "remembered");
    world.clock.forward(Duration::from_secs(31 * 60));
    let later = ask(&world, &only).await.trend;
    assert_eq!(later[1].oee, None, "and looked at again after a while");
    *world.mirror.history.lock().unwrap() = made;
    let unsure = ask(&world, &only).await.trend;
    assert_eq!(unsure[1].oee, None, "also where nothing was known of it");
    world.clock.forward(Duration::from_secs(61));
    let known = ask(&world, &only).await.trend;
    assert_eq!(known[1].oee, Some(0.5), "but not as long");
    world.mirror.history.lock().unwrap().clear();
    let admin = person("ada", Role::Admin);
    crate::watch::rebuild(&world.engine, &admin, &[]).await.unwrap();
    let rebuilt = ask(&world, &only).await.trend;
    assert_eq!(
        rebuilt[1].oee, None,
        "nothing is remembered of what was thrown away"
    );
}
