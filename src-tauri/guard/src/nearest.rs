//! The nearest allowed name, by edit distance. Wrong names are what models get wrong most, so the answer should be in
//! the refusal.

/// The candidate nearest to `name`, if one is near enough to be a likely slip.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    let allowance = (name.chars().count() / 3).clamp(1, 5);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let lower = candidate.to_lowercase();
        let mut distance = distance(&name, &lower);
        // "order" for "orders", "number" for "order_number": a contained word is a near miss.
        if distance > allowance
            && name.len() >= 3
            && (lower.contains(&name) || name.contains(&lower))
            && lower.len() >= 3
        {
            distance = allowance;
        }
        if distance <= allowance && best.is_none_or(|(known, word)| (distance, candidate) < (known, word)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, word)| word.to_owned())
}

/// Edits between two words, where swapping two neighbours is one edit. Long words are cut, names are short.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let width = b.len() + 1;
    let mut table = vec![0_usize; (a.len() + 1) * width];
    for (j, cell) in table.iter_mut().take(width).enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        table[i * width] = i;
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (table[(i - 1) * width + j] + 1)
                .min(table[i * width + j - 1] + 1)
                .min(table[(i - 1) * width + j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(table[(i - 2) * width + j - 2] + 1);
            }
            table[i * width + j] = best;
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name() {
        let names = ["purchase_orders", "inventory", "machines"];
        assert_eq!(
            nearest("purchase_order", names).as_deref(),
            Some("purchase_orders")
        );
        assert_eq!(nearest("mahcines", names).as_deref(), Some("machines"));
        assert_eq!(
            nearest("orders", names).as_deref(),
            Some("purchase_orders"),
            "a contained word counts as near"
        );
        assert_eq!(nearest("employees", names), None, "nothing is near");
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
