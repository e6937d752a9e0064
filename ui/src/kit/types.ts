// The few words the kit's marks are drawn from. They match the wire's, without knowing it.

/** How dangerous a request is. */
export type RiskLevel = "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
/** Data class, I public to IV highly restricted. */
export type DataClass = "I" | "II" | "III" | "IV";
/** The verdict of one check. */
export type CheckVerdict = "passed" | "warning" | "failed";

/** Lit lamps of a risk, and its place in an order of danger. */
export const RISK_RANK: Readonly<Record<RiskLevel, number>> = { LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 };
