/**
 * The outfall of a municipal treatment works: people make the flow, the works make the rest. The volume is the integral
 * of the flow and never goes back (a meter's display wraps, the volume does not). Total nitrogen is ammonia nitrogen +
 * nitrate + organic nitrogen, so it is always above ammonia nitrogen. High flow leaves less time in the tanks: COD rises.
 */
import { Chance, type Drift, stepDrifts } from './chance.ts';
import type { EffluentQuantity, Overrides } from './quantity.ts';

export interface EffluentOptions {
  meanFlowM3PerH: number;
  /** reading of the totaliser at the start, m³ */
  startTotalM3: number;
  codMgPerL: number;
  nh3nMgPerL: number;
  nitrateMgPerL: number;
  tpMgPerL: number;
}

export const DEFAULT_EFFLUENT: EffluentOptions = {
  meanFlowM3PerH: 120,
  startTotalM3: 184_273.5,
  codMgPerL: 27,
  nh3nMgPerL: 1.1,
  nitrateMgPerL: 7.2,
  tpMgPerL: 0.22,
};

type EffluentDrift = 'flow' | 'ripple' | 'cod' | 'nh3n' | 'nitrate' | 'tp' | 'ph' | 'water';

/** Relative deviations, but `ph` in pH and `water` in °C. Tanks of hours make quality slow; only the flow ripples. */
const DRIFTS: Record<EffluentDrift, Drift> = {
  flow: { sigma: 0.06, tauS: 600 },
  ripple: { sigma: 0.01, tauS: 4 },
  cod: { sigma: 0.14, tauS: 7_200 },
  nh3n: { sigma: 0.25, tauS: 5_400 },
  nitrate: { sigma: 0.12, tauS: 7_200 },
  tp: { sigma: 0.2, tauS: 7_200 },
  ph: { sigma: 0.06, tauS: 1_800 },
  water: { sigma: 0.3, tauS: 7_200 },
};

export interface EffluentState {
  timeOfDayS: number;
  chance: number;
  drift: Record<EffluentDrift, number>;
  /** m³ since the meter was new */
  totalM3: number;
}

const DAY_S = 86_400;
const LONG_S = 1e6;
/** Parshall flume of 0.25 m throat, JJG 711: Q [m³/s] = 0.561 · h^1.513 */
const FLUME = { coefficient: 0.561, power: 1.513 };

export function startEffluent(options: EffluentOptions, start: { seed: number; timeOfDayS: number }): EffluentState {
  const chance = new Chance(start.seed);
  const still = { flow: 0, ripple: 0, cod: 0, nh3n: 0, nitrate: 0, tp: 0, ph: 0, water: 0 };
  const drift = stepDrifts(still, DRIFTS, LONG_S, chance);
  return { timeOfDayS: start.timeOfDayS, chance: chance.state, drift, totalM3: options.startTotalM3 };
}

/** The volume of a step is the flow shown at its end times its length: what an observer would add up, too. */
export function stepEffluent(
  state: EffluentState,
  options: EffluentOptions,
  dtS: number,
  set: Overrides = {},
): EffluentState {
  const chance = new Chance(state.chance);
  const drift = stepDrifts(state.drift, DRIFTS, dtS, chance);
  const moved = { timeOfDayS: (state.timeOfDayS + dtS) % DAY_S, chance: chance.state, drift, totalM3: state.totalM3 };
  return { ...moved, totalM3: state.totalM3 + (flowM3PerH(moved, options, set) * dtS) / 3_600 };
}

export function deriveEffluent(
  state: EffluentState,
  options: EffluentOptions,
  set: Overrides,
): Record<EffluentQuantity, number> {
  const { drift } = state;
  const flow = flowM3PerH(state, options, set);
  const level = set.level ?? (flow / 3_600 / FLUME.coefficient) ** (1 / FLUME.power);
  const pushed = (Math.max(flow, 1) / options.meanFlowM3PerH) ** 0.3;
  const cod = set.cod ?? options.codMgPerL * Math.exp(drift.cod) * pushed;
  const nh3n = set.nh3n ?? options.nh3nMgPerL * Math.exp(drift.nh3n) * pushed;
  const nitrate = options.nitrateMgPerL * Math.exp(drift.nitrate);
  const tn = set.tn ?? nh3n + nitrate + 0.03 * cod;
  const tp = set.tp ?? options.tpMgPerL * Math.exp(drift.tp);
  // nitrification uses up alkalinity
  const ph = set.ph ?? 7.3 + drift.ph - 0.02 * (nitrate - options.nitrateMgPerL);
  const waterTemperature = set.waterTemperature ?? 17 + drift.water;
  return { flow, total: set.total ?? state.totalM3, level, cod, nh3n, tn, tp, ph, waterTemperature };
}

function flowM3PerH(state: EffluentState, options: EffluentOptions, set: Overrides): number {
  if (set.flow !== undefined) return set.flow;
  const hour = state.timeOfDayS / 3_600;
  const daily = 1 + 0.25 * Math.cos((Math.PI / 12) * (hour - 14)) + 0.15 * Math.cos((Math.PI / 6) * (hour - 8.5));
  return Math.max(0, options.meanFlowM3PerH * daily * (1 + state.drift.flow + state.drift.ripple));
}
