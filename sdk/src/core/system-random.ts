import { randomBytes } from 'node:crypto';

/** Chance, where it is real: jitter of retries, salts of leaves. Everything else is handed it. */
export const systemRandom = {
  /** 0 ≤ x < 1 */
  fraction: (): number => Math.random(),
  /** from the operating system's generator, fit for salts */
  bytes: (count: number): Uint8Array => randomBytes(count),
};
