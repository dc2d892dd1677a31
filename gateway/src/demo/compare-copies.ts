import { join } from 'node:path';
import type { Report } from '@limpid/sdk/ledger/seal';
import { verifyFolder } from '../verification/verify-folder.ts';
import type { DemoPlaces } from './demo.ts';

/**
 * The ledger and its mirror agree when both verify and end with the same tree head: the gateway waited for the last
 * receipt before it stopped.
 */
export async function compareCopies(places: DemoPlaces): Promise<{ ledger: Report; mirror: Report; agree: boolean }> {
  const ledger = await verifyFolder({ dir: places.gatewayData, keyFile: places.gatewayKey });
  const mirror = await verifyFolder({ dir: places.collectorData, keyFile: join(places.trust, 'gateway.pem') });
  const verified = ledger.exitCode === 0 && mirror.exitCode === 0;
  const agree = verified && ledger.size === mirror.size && ledger.root !== null && ledger.root === mirror.root;
  return { ledger, mirror, agree };
}
