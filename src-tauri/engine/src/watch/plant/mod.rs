//! What the Plant screen shows of a stretch of time: figures, one machine, timelines, orders, quality. The mirror is read,
//! `kpi` computes, and every answer says its limits, its zone and what it rests on.

mod answers;
mod compute;
mod figures;
mod machine;
mod orders;
mod planned;
mod quality;
mod ranges;
mod show;
mod stage;
mod trend;
mod window;

pub use answers::{
    CompactSegment, DefectBar, Lateness, MachineTimeline, OrderRate, PlantFigures, PlantMachine,
    PlantMachineRequest, PlantOrder, PlantOrders, PlantQuality, PlantTimelines, PlantWindowRequest,
    ProductQuality, QualityFail, RateBasis, TimelineSegment,
};
pub use figures::{
    FigureBasis, FigureNote, FigureNoteKind, FigureOrigin, Figures, LineFigures, MachineFigures, Pareto,
    ParetoBar, ParetoKind, PlantRange, PlantWindow, TrendPoint, WaterfallKind, WaterfallStep, WindowLimits,
};
pub use machine::{machine, timelines};
pub use orders::orders;
pub use quality::quality;
pub use trend::TrendMemory;
pub use window::figures;

#[cfg(test)]
mod tests;
