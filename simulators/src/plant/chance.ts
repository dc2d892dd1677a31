/**
 * Chance with a seed: the whole state is one 32-bit number, so it travels inside a plant's state and the same seed
 * always tells the same story (mulberry32; the normal deviate is Box and Muller's).
 */
export class Chance {
  #state: number;

  constructor(state: number) {
    this.#state = state >>> 0;
  }

  /** what a later `new Chance(state)` goes on from */
  get state(): number {
    return this.#state;
  }

  /** uniform, 0 ≤ x < 1 */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** mean 0, standard deviation 1; always two draws, so that the stream never depends on the values */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** A fluctuation that forgets: standard deviation in the long run, and the time after which it has forgotten. */
export interface Drift {
  sigma: number;
  tauS: number;
}

/**
 * One step of an Ornstein–Uhlenbeck process, exact for any step length, so that ten steps of 1 s and one of 10 s have
 * the same statistics.
 */
export function stepDrift(now: number, drift: Drift, dtS: number, chance: Chance): number {
  const kept = Math.exp(-dtS / drift.tauS);
  return now * kept + drift.sigma * Math.sqrt(1 - kept * kept) * chance.normal();
}

/** Steps every named drift in the order of `drifts`, which fixes the order of the draws. */
export function stepDrifts<Name extends string>(
  now: Record<Name, number>,
  drifts: Record<Name, Drift>,
  dtS: number,
  chance: Chance,
): Record<Name, number> {
  const next = { ...now };
  for (const name in drifts) next[name] = stepDrift(now[name], drifts[name], dtS, chance);
  return next;
}
