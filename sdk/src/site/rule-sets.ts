/**
 * What a rule set demands of the pace of polling. The rules themselves are in the rules room; the pace stands here,
 * since a site file that cannot satisfy it is wrong before anything runs.
 */
export interface RuleSetPace {
  medium: 'air' | 'water';
  /** greatest distance of two samples of a continuous quantity; null where the rule set names none */
  maximumMs: number | null;
  /** with this or less, one time-out does not cost the minute */
  adviceMs: number | null;
  /** codes that it concerns; null: every measured quantity of the outlet */
  codes: readonly string[] | null;
}

export const RULE_SETS: Readonly<Record<string, RuleSetPace>> = {
  // HJ 212-2017 D.2: samples at most 5 s apart, twelve of them to a minute; HJ 75-2017, HJ 76-2017 annex B likewise.
  'cn-air-hj75-2017': { medium: 'air', maximumMs: 5_000, adviceMs: 3_000, codes: null },
  // HJ 212-2017 D.1: at least one reading of flow in 5 s. Batch analysers give one result in 1 or 2 hours.
  'cn-water-hj356-2019': { medium: 'water', maximumMs: 5_000, adviceMs: 3_000, codes: ['w00000'] },
  'eu-en17255': { medium: 'air', maximumMs: null, adviceMs: null, codes: null },
};
