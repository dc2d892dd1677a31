import type { Poll } from '@limpid/sdk/acquire';
import { LimpidError } from '@limpid/sdk/core';
import type { Assembly } from './assembly.ts';

/** One poll of each named device (all when none is named), lines side by side. USAGE for a name that is not there. */
export async function readDevices(
  { devices }: Assembly,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Poll[]> {
  const unknown = names.filter((name) => !devices.some((device) => device.name === name));
  if (unknown.length > 0) {
    const known = devices.map(({ name }) => name).join(', ');
    throw new LimpidError('USAGE', { detail: `no device ${unknown.join(', ')}; known: ${known}` });
  }
  const chosen = names.length === 0 ? devices : devices.filter(({ name }) => names.includes(name));
  return Promise.all(chosen.map(({ source }) => source.poll(signal)));
}
