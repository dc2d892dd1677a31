import { NO_BYTES } from './bytes.ts';
import { refuse } from './fields.ts';
import type { Suite } from './suite.ts';

export const SALT_BYTES = 16;
export const SEED_BYTES = 16;

/**
 * The salts of `count` leaves in a row: salt k is 16 bytes of AES-128-CTR(seed, 0) at 16k. A seed is never published;
 * a disclosed leaf brings its own salt, which tells nothing of the others. No seed, no salts: nothing to withhold.
 */
export function saltsOf(suite: Pick<Suite, 'aes128Ctr'>, seed: Uint8Array, count: number): Uint8Array {
  if (seed.length === 0) return NO_BYTES;
  if (seed.length !== SEED_BYTES) throw refuse(`a seed of ${seed.length} bytes`);
  return suite.aes128Ctr(seed, SALT_BYTES * count);
}
