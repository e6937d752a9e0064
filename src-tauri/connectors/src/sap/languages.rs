//! Which of several texts a person gets: the connection's language, else English, else any.

/// The best of these texts, each with the language SAP says it is in.
pub(super) fn best<'t, T>(
    texts: &'t [T],
    language: &str,
    language_of: impl Fn(&T) -> Option<&str>,
) -> Option<&'t T> {
    let rank = |text: &&T| match language_of(text) {
        Some(own) if is_language(own, language) => 0,
        Some(own) if is_language(own, "EN") => 1,
        Some(_) => 2,
        None => 3,
    };
    texts.iter().min_by_key(rank)
}

/// SAP writes two letters; some old services write its own one-letter key, where E and D are what they seem.
fn is_language(own: &str, wanted: &str) -> bool {
    own.eq_ignore_ascii_case(wanted)
        || (own.eq_ignore_ascii_case("E") && wanted.eq_ignore_ascii_case("EN"))
        || (own.eq_ignore_ascii_case("D") && wanted.eq_ignore_ascii_case("DE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_language_comes_before_english_before_any() {
        let best = |texts: &[&'static str], language| best(texts, language, |text| Some(*text)).copied();
        assert_eq!(best(&["FR", "EN", "DE"], "de"), Some("DE"));
        assert_eq!(best(&["FR", "EN"], "DE"), Some("EN"));
        assert_eq!(best(&["FR", "PL"], "DE"), Some("FR"));
        assert_eq!(best(&["E", "D"], "DE"), Some("D"));
        assert_eq!(best(&[], "DE"), None);
    }
}
