//! The longest and deepest texts that the limits let through, on a thread as small as any host uses, in a debug build.
//! A stack overflow would abort the test process, so a pass is the proof.

use andon_guard::{Dialect, Policy, check};

const POLICY: &str = r#"{"tables":{"t":{"columns":["a","b"]}},"limits":{"score":1000}}"#;
/// Tokio's workers and Rust's own threads have 2 MiB; half of it may be in use by the caller.
const STACK: usize = 1024 * 1024;

fn chains() -> Vec<(&'static str, String)> {
    let chain = |head: &str, link: &str, count: usize| format!("{head}{}", link.repeat(count));
    let cases: &[(&str, &str, &str, usize)] = &[
        ("plus", "SELECT a", " + 1", 2),
        ("and", "SELECT a FROM t WHERE a", " AND a", 2),
        ("or with columns", "SELECT a FROM t WHERE t.a", " OR t.b", 4),
        ("concat", "SELECT a FROM t ORDER BY a", " || 'x'", 2),
        ("is null", "SELECT a FROM t WHERE a", " IS NULL", 2),
        ("is distinct", "SELECT a FROM t WHERE a", " IS DISTINCT FROM 1", 4),
        ("in", "SELECT a FROM t WHERE a", " IN (1)", 4),
        ("between", "SELECT a FROM t WHERE a", " BETWEEN 1 AND 2", 4),
        ("like", "SELECT a FROM t WHERE a", " LIKE 'x'", 2),
        ("collate", "SELECT a FROM t WHERE a", " COLLATE nocase", 2),
        ("cast", "SELECT a", "::int", 2),
        ("time zone", "SELECT a", " AT TIME ZONE 'UTC'", 4),
        ("subscript", "SELECT a", "[1]", 3),
        ("arrow", "SELECT a", "->'x'", 2),
        ("dot", "SELECT a", ".a", 2),
        ("union", "SELECT 1", " UNION ALL SELECT 1", 4),
        ("intersect", "SELECT 1", " UNION SELECT 1 INTERSECT SELECT 1", 6),
        ("join", "SELECT 1 FROM t", " JOIN t ON 1", 4),
        ("comma", "SELECT 1 FROM t", ", t", 2),
        ("not", "SELECT ", "NOT ", 1),
        ("minus", "SELECT ", "- ", 1),
        ("plus sign", "SELECT ", "+ ", 1),
        ("tilde", "SELECT ", "~ ", 1),
        ("parentheses", "SELECT ", "(", 1),
        ("query parentheses", "", "(", 1),
        ("from parentheses", "SELECT 1 FROM ", "(", 1),
        ("subqueries", "SELECT ", "(SELECT ", 2),
        ("derived", "SELECT 1 FROM ", "(SELECT 1 FROM ", 4),
        ("exists", "SELECT ", "EXISTS (SELECT ", 3),
        ("case", "SELECT ", "CASE WHEN ", 2),
        ("case then", "SELECT ", "CASE WHEN 1 THEN ", 4),
        ("call", "SELECT ", "abs(", 2),
        ("cast in cast", "SELECT ", "CAST(", 2),
        ("interval", "SELECT ", "INTERVAL ", 1),
        ("with", "", "WITH x AS (", 4),
        ("in in", "SELECT 1 ", "IN (SELECT 1 WHERE 1 ", 6),
        ("array", "SELECT ", "ARRAY[", 2),
        ("bracket", "SELECT ", "[", 1),
        ("brace", "SELECT ", "{", 1),
        ("prior", "SELECT ", "PRIOR ", 1),
        ("semicolons", "", ";", 1),
        ("commas", "SELECT 1", ", 1", 2),
        ("values", "SELECT 1 FROM (VALUES (1)", ", (1)", 4),
        ("explain", "", "EXPLAIN ", 1),
        ("begin", "", "BEGIN ", 1),
        ("if", "", "IF 1 THEN ", 3),
        ("array type", "SELECT CAST(a AS INT", "[]", 2),
        ("map type", "SELECT CAST(a AS ", "ARRAY<", 2),
        ("ctes", "WITH x AS (SELECT 1)", ", x AS (SELECT 1)", 7),
        (
            "windows",
            "SELECT 1 FROM t WINDOW w AS (ORDER BY a)",
            ", w AS (ORDER BY a)",
            8,
        ),
        ("keep", "SELECT a FROM t GROUP BY a", " + 1", 2),
        ("alias", "SELECT a + 1 AS x FROM t WHERE x = 1", " OR x = 1", 4),
    ];
    let mut chains = Vec::new();
    for (name, head, link, tokens) in cases {
        let most = (1985 / tokens).min((16 * 1024 - 64) / link.len());
        for count in [20, 23, 100, most] {
            let text = chain(head, link, count.min(most));
            let opened = text
                .matches('(')
                .count()
                .saturating_sub(text.matches(')').count());
            let ends = if name.starts_with("case") {
                " END".repeat(count.min(most))
            } else {
                String::new()
            };
            chains.push((*name, text.clone()));
            chains.push((*name, format!("{text} 1{ends}{}", ")".repeat(opened))));
        }
    }
    chains
}

#[test]
fn the_longest_chains_fit_a_small_stack_and_answer_in_time() {
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let policy = Policy::from_json(POLICY).unwrap();
        for (name, sql) in chains() {
            for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
                let start = cpu();
                let verdict = check(&sql, dialect, &policy);
                let words = match &verdict {
                    Ok(_) => "allowed".to_owned(),
                    Err(refusal) => refusal.reasons[0].code.to_string(),
                };
                let took = cpu() - start;
                println!("{name} {dialect} {} bytes: {words} in {took:?}", sql.len());
                assert!(took.as_secs() < 5, "must not take exponential time: {name}");
            }
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn a_short_text_cannot_ask_for_much_work() {
    let columns: Vec<String> = (0..300).map(|n| format!("\"column_{n}\"")).collect();
    let policy = format!(r#"{{"tables":{{"t":{{"columns":[{}]}}}}}}"#, columns.join(","));
    let policy = Policy::from_json(&policy).unwrap();
    let tables: Vec<String> = (0..600).map(|n| format!("t t{n}")).collect();
    let doubled = (0..20).fold("SELECT * FROM t".to_owned(), |inner, n| {
        format!("SELECT *, * FROM ({inner}) AS d{n}")
    });
    let unknown: Vec<String> = (0..800).map(|n| format!("unknown_{n}")).collect();
    for sql in [
        format!("SELECT * FROM {}", tables.join(", ")),
        format!(
            "SELECT {} FROM {}",
            unknown[..200].join(", "),
            tables[..500].join(", ")
        ),
        format!("SELECT {} FROM t", ["*"; 900].join(", ")),
        format!("SELECT {} FROM t", unknown.join(", ")),
        format!("SELECT {} FROM t a, t b, t c", ["same_name"; 800].join(", ")),
        doubled,
    ] {
        let start = cpu();
        assert!(
            check(&sql, Dialect::Sqlite, &policy).is_err(),
            "must be refused: {sql:.80}"
        );
        let took = cpu() - start;
        assert!(took.as_secs() < 5, "took {took:?} of the processor: {sql:.80}");
    }
}

/// Processor time of this process: a busy machine does not count.
fn cpu() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::new(
        u64::try_from(time.tv_sec).expect("a clock of a process counts up from zero"),
        u32::try_from(time.tv_nsec).expect("there are less than a billion"),
    )
}
