/**
 * A coal-fired heating boiler behind denitrification, filter and a wet scrubber, seen at the stack. What moves by
 * itself is the load, the air, the coal and the scrubber; everything an instrument shows follows from these by balance:
 *
 *   CO2        = 0.89 · (20.9 − O2)                       fuel line of coal: all oxygen burnt becomes CO2 in fixed proportion
 *   C(O2)      = C(6 %) · (20.9 − O2) / (20.9 − 6)        more air, lower concentration, same mass
 *   dry flow   = stoichiometric flow · load · 20.9 / (20.9 − O2)
 *   NOx        = NO · 46/30 + NO2                         HJ 212-2017 eq. (21)
 *   dust (in the duct, wet) = dust (dry standard) · (1 − Xsw) · 273/(273+t) · (Ba+Ps)/101325     eq. (18), (19) turned round
 *   velocity   = wet actual flow / duct area              eq. (30), (31) turned round
 *   ΔP         = ρ/2 · (v/Kp)²                            pitot tube; ρ = 1.34 kg/m³ at standard state
 */
import { Chance, type Drift, stepDrifts } from './chance.ts';
import type { Overrides, StackQuantity } from './quantity.ts';

export interface StackOptions {
  ductAreaM2: number;
  pitotCoefficient: number;
  barometricKPa: number;
  /** dry standard flue gas of full load without excess air, m³/h */
  stoichiometricFlowM3PerH: number;
  /** before the scrubber, dry standard at 6 % O2, mg/m³: coal with about 0.8 % sulfur */
  rawSo2MgPerM3: number;
  /** 0..1 of the SO2 that the scrubber takes in good order */
  scrubberEfficiency: number;
  /** mean time between scrubber upsets, 0 = none */
  upsetEveryMin: number;
  /** after denitrification, dry standard at 6 % O2, mg/m³ as NO2 */
  noxMgPerM3: number;
  /** after the filter, dry standard at 6 % O2, mg/m³ */
  dustMgPerM3: number;
}

export const DEFAULT_STACK: StackOptions = {
  ductAreaM2: 12,
  pitotCoefficient: 0.84,
  barometricKPa: 100.2,
  stoichiometricFlowM3PerH: 200_000,
  rawSo2MgPerM3: 1_500,
  scrubberEfficiency: 0.985,
  upsetEveryMin: 240,
  noxMgPerM3: 38,
  dustMgPerM3: 4,
};

type StackDrift =
  | 'load'
  | 'air'
  | 'draught'
  | 'coal'
  | 'spray'
  | 'firing'
  | 'no2Share'
  | 'filter'
  | 'gas'
  | 'turbulence';

/** Relative deviations, but `air` in % O2 and `gas` in °C. Coal changes by the hour, turbulence by the second. */
const DRIFTS: Record<StackDrift, Drift> = {
  load: { sigma: 0.04, tauS: 1_200 },
  air: { sigma: 0.25, tauS: 300 },
  draught: { sigma: 0.08, tauS: 20 },
  coal: { sigma: 0.08, tauS: 3_600 },
  spray: { sigma: 0.06, tauS: 120 },
  firing: { sigma: 0.06, tauS: 240 },
  no2Share: { sigma: 0.008, tauS: 900 },
  filter: { sigma: 0.15, tauS: 90 },
  gas: { sigma: 0.4, tauS: 600 },
  turbulence: { sigma: 0.025, tauS: 3 },
};

export interface StackState {
  timeOfDayS: number;
  chance: number;
  drift: Record<StackDrift, number>;
  /** share of the SO2 that passes because the scrubber is upset: rises and falls with its sump */
  slip: number;
  upsetLeftS: number;
}

/** Air has 20.9 % O2; the balance uses this constant, while HJ 212 converts with 21. */
const AIR_O2_PCT = 20.9;
const COAL_LINE = 0.89;
const REFERENCE_O2_PCT = 6;
/** kg/m³ of flue gas at standard state, GB/T 16157 */
const GAS_DENSITY_KG_PER_M3 = 1.34;
const DAY_S = 86_400;
/** far beyond every time constant: one such step forgets the start */
const LONG_S = 1e6;
const SUMP_TAU_S = 180;
const UPSET_SLIP = 0.05;

/** A plant that has long been running: every drift starts somewhere in its long-run spread. */
export function startStack(options: { seed: number; timeOfDayS: number }): StackState {
  const chance = new Chance(options.seed);
  const still = {
    load: 0,
    air: 0,
    draught: 0,
    coal: 0,
    spray: 0,
    firing: 0,
    no2Share: 0,
    filter: 0,
    gas: 0,
    turbulence: 0,
  };
  const drift = stepDrifts(still, DRIFTS, LONG_S, chance);
  return { timeOfDayS: options.timeOfDayS, chance: chance.state, drift, slip: 0, upsetLeftS: 0 };
}

export function stepStack(state: StackState, options: StackOptions, dtS: number): StackState {
  const chance = new Chance(state.chance);
  const drift = stepDrifts(state.drift, DRIFTS, dtS, chance);
  const begins = chance.uniform() < (options.upsetEveryMin > 0 ? dtS / (options.upsetEveryMin * 60) : 0);
  const lengthS = 300 + 600 * chance.uniform();
  const upsetLeftS = Math.max(0, state.upsetLeftS - dtS, begins ? lengthS : 0);
  const aim = upsetLeftS > 0 ? UPSET_SLIP : 0;
  const slip = aim + (state.slip - aim) * Math.exp(-dtS / SUMP_TAU_S);
  return { timeOfDayS: (state.timeOfDayS + dtS) % DAY_S, chance: chance.state, drift, slip, upsetLeftS };
}

/** Everything an instrument could show now. Overridden quantities stand as set and the rest follows from them. */
export function deriveStack(state: StackState, options: StackOptions, set: Overrides): Record<StackQuantity, number> {
  const loadPct = set.load ?? loadCurvePct(state);
  const o2 = set.o2 ?? between(3, 19, 6 + 0.05 * (100 - loadPct) + state.drift.air + 0.4 * state.drift.draught);
  const gases = deriveGases({ state, options, loadPct, o2, set });
  const temperature = set.temperature ?? 47 + 0.05 * loadPct + state.drift.gas;
  const barometric = set.barometric ?? options.barometricKPa;
  const pressure = set.pressure ?? -0.09 - 0.16 * (loadPct / 100) ** 2 * (1 + state.drift.draught);
  const absoluteKPa = barometric + pressure;
  const humidity = set.humidity ?? between(0, 60, (98 * saturationKPa(temperature)) / absoluteKPa);
  const wet = { temperature, absoluteKPa, share: humidity / 100 };
  const flow = deriveFlow({ state, options, loadPct, o2, wet, set });
  const dusts = deriveDust({ state, options, loadPct, o2, wet, set });
  return { load: loadPct, o2, ...gases, temperature, barometric, pressure, humidity, ...flow, ...dusts };
}

interface Derivation {
  state: StackState;
  options: StackOptions;
  loadPct: number;
  o2: number;
  set: Overrides;
}

function deriveGases({ state, options, loadPct, o2, set }: Derivation) {
  const { drift } = state;
  const passing = (1 - options.scrubberEfficiency) * Math.exp(drift.spray) + state.slip;
  const so2 = set.so2 ?? dilute(o2, options.rawSo2MgPerM3 * Math.exp(drift.coal) * Math.min(1, passing));
  const formed = set.nox ?? dilute(o2, options.noxMgPerM3 * Math.exp(drift.firing) * (0.75 + 0.0025 * loadPct));
  const no2 = set.no2 ?? formed * between(0.005, 0.2, 0.045 + drift.no2Share);
  const no = set.no ?? (Math.max(0, formed - no2) * 30) / 46;
  const nox = set.nox ?? (no * 46) / 30 + no2;
  const co2 = set.co2 ?? COAL_LINE * (AIR_O2_PCT - o2);
  return { co2, so2, no, no2, nox };
}

interface WetGas {
  temperature: number;
  absoluteKPa: number;
  share: number;
}

function deriveFlow({ state, options, loadPct, o2, wet, set }: Derivation & { wet: WetGas }) {
  const burnt = (options.stoichiometricFlowM3PerH * loadPct) / 100;
  const balance = (burnt * AIR_O2_PCT) / (AIR_O2_PCT - o2);
  const steady = set.gasFlow ?? balance;
  const actualM3PerS = (steady / 3_600 / (1 - wet.share)) * expansion(wet);
  const velocity = set.velocity ?? (actualM3PerS / options.ductAreaM2) * Math.max(0, 1 + state.drift.turbulence);
  const gasFlow = set.gasFlow ?? (velocity * options.ductAreaM2 * 3_600 * (1 - wet.share)) / expansion(wet);
  const density = GAS_DENSITY_KG_PER_M3 / expansion(wet);
  const dynamicPressure = set.dynamicPressure ?? (density / 2) * (velocity / options.pitotCoefficient) ** 2;
  return { gasFlow, velocity, dynamicPressure };
}

function deriveDust({ state, options, loadPct, o2, wet, set }: Derivation & { wet: WetGas }) {
  const perStandard = (1 - wet.share) / expansion(wet);
  if (set.dust !== undefined) return { dust: set.dust, dustStandard: set.dustStandard ?? set.dust / perStandard };
  const filtered = options.dustMgPerM3 * Math.exp(state.drift.filter) * (0.6 + 0.004 * loadPct);
  const dustStandard = set.dustStandard ?? dilute(o2, filtered);
  return { dust: dustStandard * perStandard, dustStandard };
}

/** Heat is wanted most in the morning and in the evening. */
function loadCurvePct(state: StackState): number {
  const day = (2 * Math.PI * state.timeOfDayS) / DAY_S;
  return between(20, 110, 80 + 6 * Math.cos(day - 1.8) + 8 * Math.cos(2 * day - 3.7) + 100 * state.drift.load);
}

function dilute(o2: number, at6Pct: number): number {
  return (at6Pct * (AIR_O2_PCT - o2)) / (AIR_O2_PCT - REFERENCE_O2_PCT);
}

/** volume in the duct of 1 m³ at standard state (273 K as HJ 212 has it, not 273.15) */
function expansion(gas: WetGas): number {
  return ((273 + gas.temperature) / 273) * (101.325 / gas.absoluteKPa);
}

/** vapour pressure over water, Magnus formula; gas leaves a wet scrubber all but saturated */
function saturationKPa(temperatureDegC: number): number {
  return 0.61094 * Math.exp((17.625 * temperatureDegC) / (temperatureDegC + 243.04));
}

function between(low: number, high: number, value: number): number {
  return Math.min(high, Math.max(low, value));
}
