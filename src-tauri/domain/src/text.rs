//! Text from strangers: cut, and with everything invisible made visible.
//!
//! Used where text leaves for a place that is not our screen: logs, the command line, notifications. The screen has
//! its own component for the same rule.

/// Whether a character can change how neighbouring text looks or hide in it.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{61C}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Shows hidden characters as `⟦U+202E⟧`, keeps line breaks and tabs as spaces, and cuts after `limit` characters with `…`.
#[must_use]
pub fn visible(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit * 4));
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        match c {
            '\n' | '\t' => shown.push(' '),
            c if is_hidden(c) => shown.push_str(&format!("⟦U+{:04X}⟧", c as u32)),
            c => shown.push(c),
        }
    }
    shown
}

/// Neutralises a text that a spreadsheet would run as a formula, by a leading apostrophe.
#[must_use]
pub fn spreadsheet_safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reversed_name_is_shown_as_it_is_written() {
        assert_eq!(
            visible("pay \u{202E}elbon\u{200B}", 80),
            "pay ⟦U+202E⟧elbon⟦U+200B⟧"
        );
        assert_eq!(visible("\u{1b}[31mred", 80), "⟦U+001B⟧[31mred");
    }

    #[test]
    fn long_text_is_cut_by_characters_not_bytes() {
        assert_eq!(visible("äöüäöü", 3), "äöü…");
    }

    #[test]
    fn formulas_are_neutralised() {
        assert_eq!(spreadsheet_safe("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(spreadsheet_safe("Vetter"), "Vetter");
    }
}
