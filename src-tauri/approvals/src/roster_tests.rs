use super::*;
use crate::testing::{key, roster};

#[test]
fn weak_points_and_rubbish_are_refused_at_enrolment() {
    let keyed = |public_key: &str| {
        let key_id = public_key.get(..16).unwrap_or_default().to_owned();
        OperatorKey {
            key_id,
            public_key: public_key.to_owned(),
        }
        .check()
    };
    assert!(keyed(&hex(key(1).verifying_key().as_bytes())).is_ok());
    // The points of small order in their canonical encodings.
    let weak = [
        format!("01{}", "0".repeat(62)),
        "0".repeat(64),
        format!("{}80", "0".repeat(62)),
        format!("ec{}7f", "f".repeat(60)),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned(),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".to_owned(),
    ];
    for point in &weak {
        assert_eq!(keyed(point).err(), Some(KeyFault::Weak), "{point}");
    }
    for text in [
        "",
        "00",
        "zz",
        &"f".repeat(64)[..63],
        &format!("02{}", "0".repeat(62)),
    ] {
        assert!(keyed(text).is_err(), "{text}");
    }
}

#[test]
fn a_roster_names_each_person_and_each_key_once() {
    assert_eq!(roster().check(), Ok(()));
    let with = |change: fn(&mut Roster)| {
        let mut changed = roster();
        change(&mut changed);
        changed.check()
    };
    assert!(matches!(
        with(|r| r.people[1].id = r.people[0].id.clone()),
        Err(RosterFault::Twice(_))
    ));
    assert!(matches!(
        with(|r| r.people[1].key = r.people[0].key.clone()),
        Err(RosterFault::Twice(_))
    ));
    assert!(matches!(
        with(|r| r.people[1].key.key_id = r.people[0].key.key_id.clone()),
        Err(RosterFault::KeyName(_))
    ));
    assert!(matches!(
        with(|r| r.people[1].key.key_id.truncate(4)),
        Err(RosterFault::KeyName(_))
    ));
    let weak = |r: &mut Roster| {
        r.people[1].key.public_key = format!("01{}", "0".repeat(62));
        r.people[1].key.key_id = r.people[1].key.public_key[..16].to_owned();
    };
    assert!(matches!(with(weak), Err(RosterFault::Key(_, KeyFault::Weak))));
}
