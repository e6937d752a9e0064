//! Hold, release and target on the floor itself; what HTTP adds is tested on the built program.

use super::*;

/// A machine that runs, with nothing foreseen, and its order.
fn runner(floor: &Floor) -> (usize, u64) {
    let index = (0..floor.machines.len())
        .find(|index| {
            let machine = &floor.machines[*index];
            machine.status == Status::Running && machine.foreseen.is_empty()
        })
        .unwrap();
    (index, floor.machines[index].order)
}

fn version(floor: &Floor, order: u64) -> u64 {
    floor.orders[&order].version
}

#[test]
fn a_held_order_stops_its_machine_until_it_is_released() {
    let mut floor = open(22_400, 1.0);
    let (index, order) = runner(&floor);
    let before = version(&floor, order);
    floor.hold_order(order, before).unwrap();
    assert_eq!(version(&floor, order), before + 1, "one change, one version");
    assert_eq!(floor.orders[&order].status, OrderStatus::Paused);
    let machine = &floor.machines[index];
    assert_eq!((machine.status, machine.order), (Status::Idle, order));
    assert_eq!(machine.reason.as_ref().map(|reason| &*reason.code), Some("H01"));
    let made = floor.orders[&order].counted;
    floor.advance(NOW + 2 * MINUTE);
    assert_eq!(floor.orders[&order].counted, made, "nothing is made on hold");
    assert_eq!(floor.machines[index].status, Status::Idle);
    floor.release_order(order, before + 1).unwrap();
    assert_eq!(version(&floor, order), before + 2);
    assert_eq!(floor.orders[&order].status, OrderStatus::Released);
    floor.advance(NOW + 3 * MINUTE);
    assert_eq!(floor.machines[index].status, Status::Running);
    assert_eq!(floor.orders[&order].status, OrderStatus::Active);
    check(&floor, &mut BTreeMap::new());
}

#[test]
fn a_machine_that_waits_long_takes_another_order_and_comes_back_to_the_held_one() {
    let mut floor = open(22_400, 1.0);
    let (index, order) = runner(&floor);
    floor.hold_order(order, version(&floor, order)).unwrap();
    floor.advance(NOW + 40 * MINUTE);
    assert_ne!(
        floor.machines[index].order, order,
        "it went on with another order"
    );
    assert_eq!(floor.orders[&order].status, OrderStatus::Paused);
    floor.release_order(order, version(&floor, order)).unwrap();
    assert_eq!(floor.machines[index].queue.front(), Some(&order), "it is next");
    floor.advance(NOW + 30 * HOUR);
    assert!(
        floor.orders[&order].status.is_over(),
        "{:?}",
        floor.orders[&order]
    );
    check(&floor, &mut BTreeMap::new());
}

#[test]
fn what_is_not_right_is_refused_and_changes_nothing() {
    let mut floor = open(22_400, 1.0);
    let (index, order) = runner(&floor);
    let is = version(&floor, order);
    assert_eq!(floor.hold_order(order, is + 1), Err(Unwilling::OtherVersion(is)));
    assert_eq!(
        floor.release_order(order, is),
        Err(Unwilling::Status(OrderStatus::Active))
    );
    assert_eq!(floor.hold_order(1, 1), Err(Unwilling::NoSuchOrder));
    let over = floor
        .orders
        .values()
        .find(|order| order.status.is_over())
        .unwrap();
    let (over, status, of) = (over.number, over.status, over.version);
    assert_eq!(floor.hold_order(over, of), Err(Unwilling::Status(status)));
    assert_eq!(floor.set_cycle("XX-01", 1, 5_000), Err(Unwilling::NoSuchMachine));
    assert_eq!(version(&floor, order), is);
    assert_eq!(floor.machines[index].status, Status::Running);
    assert!(floor.advance(NOW).is_empty(), "nothing to tell");
}

#[test]
fn a_new_target_cuts_the_history_and_reaches_the_order() {
    let mut floor = open(22_400, 1.0);
    let (index, order) = runner(&floor);
    floor.advance(NOW + 5 * SECOND);
    let (id, is) = (floor.machines[index].id.clone(), floor.machines[index].version);
    let cycle_ms = floor.machines[index].cycle_ms * 103 / 100;
    let segments = floor.machines[index].history.len();
    assert_eq!(floor.set_cycle(&id, is, cycle_ms), Ok(index));
    let machine = &floor.machines[index];
    assert_eq!((machine.cycle_ms, machine.version), (cycle_ms, is + 1));
    assert_eq!(floor.orders[&order].cycle_ms, cycle_ms);
    assert_eq!(machine.history.len(), segments + 1);
    assert_eq!(machine.history.back().unwrap().cycle_ms, cycle_ms);
    assert_eq!(
        floor.set_cycle(&id, is, cycle_ms),
        Err(Unwilling::OtherVersion(is + 1))
    );
}

#[test]
fn pieces_that_come_in_do_not_change_the_version() {
    let mut floor = open(22_400, 1.0);
    let (index, order) = runner(&floor);
    let before = (floor.machines[index].version, version(&floor, order));
    let (updated, since) = (
        floor.orders[&order].updated_ms,
        floor.machines[index].status_since_ms,
    );
    floor.advance(NOW + MINUTE);
    if floor.machines[index].status_since_ms == since {
        assert_eq!((floor.machines[index].version, version(&floor, order)), before);
        assert!(floor.orders[&order].updated_ms > updated, "but it was reported");
    }
}

#[test]
fn a_day_of_commands_leaves_the_floor_consistent() {
    for seed in 0..3 {
        let mut floor = open(seed, 10.0);
        let mut dice = Dice::new(seed, "commands");
        let mut before = BTreeMap::new();
        let mut done = 0;
        for minute in 1..=240 {
            floor.advance(NOW + minute * MINUTE);
            let numbers: Vec<u64> = floor.orders.keys().copied().collect();
            let number = *dice.pick(&numbers).unwrap();
            let is = version(&floor, number);
            done += usize::from(floor.hold_order(number, is).is_ok());
            let number = *dice.pick(&numbers).unwrap();
            let is = version(&floor, number);
            done += usize::from(floor.release_order(number, is).is_ok());
            let machine = &floor.machines[usize::try_from(dice.between(0, 23)).unwrap()];
            let cycle_ms = machine.cycle_ms * dice.between(95, 105) / 100;
            let (id, is) = (machine.id.clone(), machine.version);
            floor.set_cycle(&id, is, cycle_ms.max(1_000)).unwrap();
            if minute % 20 == 0 {
                check(&floor, &mut before);
            }
        }
        assert!(done > 8, "seed {seed}: only {done} commands were possible");
    }
}
