// The few words the kit's marks are drawn from. They match the wire's, without knowing it.

/** How dangerous a request is. */
export type RiskLevel = "low" | "medium" | "high" | "critical";
/** Data class, I public to IV highly restricted. */
export type DataClass = "class_i" | "class_ii" | "class_iii" | "class_iv";
/** The verdict of one check. */
export type CheckVerdict = "passed" | "warning" | "failed";

/** Lit lamps of a risk, and its place in an order of danger. */
export const RISK_RANK: Readonly<Record<RiskLevel, number>> = { low: 1, medium: 2, high: 3, critical: 4 };

/** The word of a risk: capitals, the same in every language. */
export function riskWord(risk: RiskLevel): string {
  return risk.toUpperCase();
}

/** The numeral of a data class. */
export const CLASS_NUMERAL: Readonly<Record<DataClass, string>> = { class_i: "I", class_ii: "II", class_iii: "III", class_iv: "IV" };
