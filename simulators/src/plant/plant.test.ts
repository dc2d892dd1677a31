import { describe, expect, it } from 'vitest';
import { Chance, stepDrift } from './chance.ts';
import { DEFAULT_EFFLUENT } from './effluent.ts';
import { Plant, type PlantValues } from './plant.ts';
import { QUANTITIES, QUANTITY_NAMES, quantityOfCode } from './quantity.ts';

const DAY_S = 86_400;

function plant(seed = 7, options: Partial<ConstructorParameters<typeof Plant>[0]> = {}): Plant {
  return new Plant({ seed, timeOfDayS: 8 * 3_600, ...options });
}

/** values of every minute of so many seconds */
function story(of: Plant, lengthS: number): PlantValues[] {
  const values: PlantValues[] = [];
  for (let atS = 60; atS <= lengthS; atS += 60) {
    of.advanceTo(atS);
    values.push(of.values);
  }
  return values;
}

/** one day from 08:00 on, minute by minute */
const DAY = story(plant(), DAY_S);

function correlation(a: number[], b: number[]): number {
  const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  const covariance = mean(a.map((x, k) => (x - ma) * (b[k]! - mb)));
  const spread = (list: number[], m: number) => Math.sqrt(mean(list.map((x) => (x - m) ** 2)));
  return covariance / (spread(a, ma) * spread(b, mb));
}

describe('chance', () => {
  it('goes on from its state as though nothing had been between', () => {
    const one = new Chance(42);
    one.uniform();
    const other = new Chance(one.state);
    expect([other.uniform(), other.normal()]).toEqual([one.uniform(), one.normal()]);
  });

  it('drifts with the standard deviation it was given, whatever the step', () => {
    for (const dtS of [1, 30]) {
      const chance = new Chance(1);
      let [x, sum, squares] = [0, 0, 0];
      for (let k = 0; k < 40_000; k += 1) {
        x = stepDrift(x, { sigma: 2, tauS: 30 }, dtS, chance);
        sum += x;
        squares += x * x;
      }
      expect(Math.sqrt(squares / 40_000 - (sum / 40_000) ** 2)).toBeCloseTo(2, 0);
    }
  });
});

describe('plant', () => {
  it('tells the same story for the same seed, however often one looks, and another for another', () => {
    const [often, seldom, other] = [plant(7), plant(7), plant(8)];
    for (let atS = 0; atS <= 600; atS += 0.7) often.advanceTo(atS);
    often.advanceTo(600);
    seldom.advanceTo(600);
    other.advanceTo(600);
    expect(often.values).toEqual(seldom.values);
    expect(other.values.so2).not.toBe(seldom.values.so2);
    expect(other.values.flow).not.toBe(seldom.values.flow);
  });

  it('keeps every quantity finite and in its limits for a day', () => {
    for (const values of DAY) {
      for (const name of QUANTITY_NAMES) {
        const { low, high } = QUANTITIES[name];
        expect(values[name], name).toBeGreaterThanOrEqual(low);
        expect(values[name], name).toBeLessThanOrEqual(high);
      }
    }
  });

  it('keeps the fuel line of coal: CO2 / (20.9 − O2) = 0.89', () => {
    for (const { co2, o2 } of story(plant(), 3_600)) expect(co2 / (20.9 - o2)).toBeCloseTo(0.89, 10);
  });

  it('keeps NOx = NO · 46/30 + NO2, also when one of them is set', () => {
    const one = plant();
    const balance = () => (one.values.no * 46) / 30 + one.values.no2;
    expect(one.values.nox).toBeCloseTo(balance(), 9);
    one.set('nox', 80);
    expect(balance()).toBeCloseTo(80, 9);
    one.release('nox');
    one.set('no2', 12);
    expect(one.values.nox).toBeCloseTo(balance(), 9);
    expect(one.values.no2).toBe(12);
  });

  it('dilutes all gases alike when more air comes in, and the mass stays', () => {
    const one = plant();
    one.set('load', 80);
    one.set('o2', 13.1);
    const before = one.values;
    one.set('o2', 15.9);
    const after = one.values;
    for (const gas of ['so2', 'no', 'no2', 'nox', 'co2'] as const) {
      expect(after[gas] / before[gas], gas).toBeCloseTo((20.9 - 15.9) / (20.9 - 13.1), 9);
    }
    expect(after.gasFlow * after.so2).toBeCloseTo(before.gasFlow * before.so2, 3);
    expect(after.velocity).toBeGreaterThan(before.velocity);
  });

  it('has velocity, pressure difference and dust of the duct follow from the standard state (HJ 212 eq. 18, 19, 30, 31)', () => {
    for (const v of story(plant(), 3_600)) {
      const absoluteKPa = v.barometric + v.pressure;
      const toStandard = (273 / (273 + v.temperature)) * (absoluteKPa / 101.325);
      const dry = 1 - v.humidity / 100;
      expect(v.gasFlow).toBeCloseTo(3_600 * 12 * v.velocity * toStandard * dry, 3);
      expect(v.dustStandard).toBeCloseTo(v.dust / toStandard / dry, 9);
      expect(v.velocity).toBeCloseTo(0.84 * Math.sqrt((2 * v.dynamicPressure) / (1.34 * toStandard)), 9);
    }
  });

  it('has more oxygen at low load, and SO2 that moves with coal and scrubber', () => {
    const of = (name: 'load' | 'o2' | 'velocity') => DAY.map((values) => values[name]);
    expect(correlation(of('load'), of('o2'))).toBeLessThan(-0.5);
    expect(correlation(of('load'), of('velocity'))).toBeGreaterThan(0.5);
  });

  it('has scrubber upsets that raise SO2 for minutes, and none when told so', () => {
    const highest = (upsetEveryMin: number) =>
      Math.max(...story(plant(3, { stack: { upsetEveryMin } }), DAY_S).map(({ so2 }) => so2));
    expect(highest(120)).toBeGreaterThan(70);
    expect(highest(0)).toBeLessThan(50);
  });

  it('holds what was set and lets the rest of the story go on as it would have', () => {
    const [free, set] = [plant(), plant()];
    set.set('so2', 120);
    free.advanceTo(300);
    set.advanceTo(300);
    expect(set.values.so2).toBe(120);
    expect(set.values.o2).toBe(free.values.o2);
    set.release('so2');
    expect(set.values).toEqual(free.values);
  });

  it('adds up the flow: the volume is its integral and never goes back', () => {
    const one = plant();
    let [volume, last] = [0, one.values.total];
    for (let atS = 1; atS <= 7_200; atS += 1) {
      if (atS === 3_000) one.set('flow', 0);
      if (atS === 4_000) one.release('flow');
      one.advanceTo(atS);
      volume += one.values.flow / 3_600;
      expect(one.values.total).toBeGreaterThanOrEqual(last);
      last = one.values.total;
    }
    expect(last - DEFAULT_EFFLUENT.startTotalM3).toBeCloseTo(volume, 6);
  });

  it('makes about its mean flow in a day, less at night than by day', () => {
    const day = DAY.map(({ flow }) => flow);
    const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
    expect(mean(day) / DEFAULT_EFFLUENT.meanFlowM3PerH).toBeCloseTo(1, 1);
    // the story begins at 08:00: minutes 960..1260 are midnight to 05:00
    expect(mean(day.slice(960, 1_260))).toBeLessThan(0.85 * mean(day.slice(0, 720)));
  });

  it('has more total nitrogen than ammonia nitrogen', () => {
    for (const { tn, nh3n } of DAY) expect(tn).toBeGreaterThan(nh3n);
  });

  it('goes on after a suspension without replaying years', () => {
    const one = plant();
    one.advanceTo(10 * 365 * DAY_S);
    expect(one.atS).toBe(10 * 365 * DAY_S);
  });

  it('knows which quantity a factor code stands for', () => {
    expect(quantityOfCode('a21026')).toBe('so2');
    expect(quantityOfCode('w21003')).toBe('nh3n');
    expect(quantityOfCode('')).toBeUndefined();
  });
});
