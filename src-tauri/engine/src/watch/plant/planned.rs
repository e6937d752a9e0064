//! Planned operation time by site: shifts without their breaks.

use std::collections::BTreeMap;

use andon_domain::records::Shift;

use crate::kpi::{Span, Spans};

/// Planned operation time.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    by_site: BTreeMap<String, Spans>,
    /// Of machines that name no site: every shift.
    everywhere: Spans,
    /// Of machines at a site without shifts of its own: the shifts that name no site.
    unnamed: Spans,
}

impl Planned {
    /// From the calendar.
    pub(super) fn from_shifts(shifts: &[Shift]) -> Self {
        let of = |wanted: &dyn Fn(Option<&str>) -> bool| -> Spans {
            let of_site = || shifts.iter().filter(|shift| wanted(shift.site.as_deref()));
            let operation: Spans = of_site().map(|shift| Span::new(shift.start, shift.end)).collect();
            let breaks: Spans = of_site()
                .flat_map(|shift| &shift.breaks)
                .map(|pause| Span::new(pause.start, pause.end))
                .collect();
            operation.difference(&breaks)
        };
        let sites = shifts.iter().filter_map(|shift| shift.site.clone());
        let by_site = sites
            .map(|site| {
                let spans = of(&|other| other.is_none() || other == Some(site.as_str()));
                (site, spans)
            })
            .collect();
        Self {
            by_site,
            everywhere: of(&|_| true),
            unnamed: of(&|site| site.is_none()),
        }
    }

    /// Every moment of the window: "24/7 assumed".
    pub(super) fn always(window: Span) -> Self {
        Self {
            by_site: BTreeMap::new(),
            everywhere: Spans::from(window),
            unnamed: Spans::from(window),
        }
    }

    /// Of machines at this site.
    pub(super) fn at(&self, site: Option<&str>) -> &Spans {
        match site {
            None => &self.everywhere,
            Some(site) => self.by_site.get(site).unwrap_or(&self.unnamed),
        }
    }
}
