import type { Unit } from '@limpid/sdk/core';

/** What a quantity is called, in which unit the plant holds it, and what a person may set it to. */
export interface QuantityRow {
  en: string;
  zh: string;
  unit: Unit;
  low: number;
  high: number;
  /** factor codes of HJ 212-2017 whose fields show this quantity when the scenario does not say */
  codes: readonly string[];
}

const row = (
  en: string,
  zh: string,
  unit: Unit,
  [low, high]: readonly [number, number],
  ...codes: string[]
): QuantityRow => ({ en, zh, unit, low, high, codes });

/** Flue gas: gases dry at standard state (273 K, 101 325 Pa), dust wet at the state in the duct, as in-situ meters see it. */
export const STACK_QUANTITIES = {
  load: row('boiler load', '锅炉负荷', '%', [20, 110]),
  o2: row('oxygen, dry', '氧含量', '%', [0, 20.8], 'a19001'),
  co2: row('carbon dioxide, dry', '二氧化碳', '%', [0, 20], 'a05001'),
  so2: row('sulfur dioxide', '二氧化硫', 'mg/m3', [0, 10_000], 'a21026'),
  no: row('nitric oxide', '一氧化氮', 'mg/m3', [0, 5_000], 'a21003'),
  no2: row('nitrogen dioxide', '二氧化氮', 'mg/m3', [0, 5_000], 'a21004'),
  nox: row('nitrogen oxides as NO2', '氮氧化物', 'mg/m3', [0, 10_000], 'a21002'),
  dust: row('dust in the duct', '烟尘（工况）', 'mg/m3', [0, 5_000], 'a34013'),
  dustStandard: row('dust, dry standard', '烟尘（标干）', 'mg/m3', [0, 5_000]),
  humidity: row('humidity', '烟气湿度', '%', [0, 60], 'a01014'),
  temperature: row('gas temperature', '烟气温度', 'degC', [-20, 600], 'a01012'),
  pressure: row('static pressure, gauge', '烟气静压', 'kPa', [-10, 10], 'a01013'),
  dynamicPressure: row('dynamic pressure', '烟气动压', 'Pa', [0, 5_000], 'a01017'),
  velocity: row('gas velocity', '烟气流速', 'm/s', [0, 60], 'a01011'),
  barometric: row('barometric pressure', '大气压', 'kPa', [50, 110]),
  gasFlow: row('dry standard gas flow', '标干流量', 'm3/h', [0, 10_000_000]),
} as const satisfies Record<string, QuantityRow>;

export const EFFLUENT_QUANTITIES = {
  flow: row('effluent flow', '污水流量', 'm3/h', [0, 10_000], 'w00000'),
  total: row('effluent volume', '污水累计流量', 'm3', [0, 1e12], 'xw0001'),
  level: row('level in the flume', '液位', 'm', [0, 5], 'xw0002'),
  cod: row('COD', '化学需氧量', 'mg/L', [0, 10_000], 'w01018'),
  nh3n: row('ammonia nitrogen', '氨氮', 'mg/L', [0, 1_000], 'w21003'),
  tp: row('total phosphorus', '总磷', 'mg/L', [0, 500], 'w21011'),
  tn: row('total nitrogen', '总氮', 'mg/L', [0, 1_000], 'w21001'),
  ph: row('pH', 'pH值', 'pH', [0, 14], 'w01001'),
  waterTemperature: row('water temperature', '水温', 'degC', [0, 60], 'w01010'),
} as const satisfies Record<string, QuantityRow>;

export const QUANTITIES = { ...STACK_QUANTITIES, ...EFFLUENT_QUANTITIES };

export type StackQuantity = keyof typeof STACK_QUANTITIES;
export type EffluentQuantity = keyof typeof EFFLUENT_QUANTITIES;
export type Quantity = keyof typeof QUANTITIES;

export const QUANTITY_NAMES = Object.keys(QUANTITIES).filter(isQuantity);

/** What people have set by hand; a quantity that follows from others follows what was set. */
export type Overrides = Partial<Record<Quantity, number>>;

export function isQuantity(text: string): text is Quantity {
  return Object.hasOwn(QUANTITIES, text);
}

/** The quantity that a factor code stands for, or undefined. */
export function quantityOfCode(code: string): Quantity | undefined {
  if (code === '') return undefined;
  return QUANTITY_NAMES.find((name) => (QUANTITIES[name].codes as readonly string[]).includes(code));
}
