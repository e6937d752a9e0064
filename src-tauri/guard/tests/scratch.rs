use andon_guard::*;
#[test]
fn scratch() {
    let policy = Policy::from_json(&std::fs::read_to_string("/tmp/guard/policy.json").unwrap()).unwrap();
    let d: Dialect = std::env::var("D").unwrap_or("sqlite".into()).parse().unwrap();
    for line in std::fs::read_to_string("/tmp/guard/q.sql").unwrap().lines() {
        println!("{line}");
        match check(line, d, &policy) {
            Ok(q) => println!("   OK {} {:?} score {} {:?} cols {:?} fn {:?} {:?}\n", q.sql(), q.params(), q.score().total, q.reads().iter().map(|r| format!("{}{:?}", r.table, r.columns)).collect::<Vec<_>>(), q.columns().iter().map(|c| format!("{}:{:?}", c.name, c.class)).collect::<Vec<_>>(), q.functions(), q.changes().iter().map(|c| &c.message).collect::<Vec<_>>()),
            Err(r) => { for x in &r.reasons { println!("   NO {} {} | {} @{:?}:{:?}", x.code, x.message, x.hint, x.line, x.column); } println!(); }
        }
    }
}
