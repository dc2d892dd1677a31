import { LimpidError } from '../core/error.ts';
import { createMqttUplink } from './mqtt/mqtt.ts';
import type { Uplink, UplinkDeps } from './uplink.ts';

export type UplinkFactory = (name: string, options: unknown, deps: UplinkDeps) => Uplink;

/** One line a kind. */
const KINDS: Readonly<Record<string, UplinkFactory>> = {
  mqtt: createMqttUplink,
};

export const UPLINK_KINDS: readonly string[] = Object.keys(KINDS);

/** Which members there are beside `type` is the business of each kind. */
export type UplinkOptions = { readonly type: string; readonly [option: string]: unknown };

/** `options` as they stand in site.yaml under `uplinks.<name>`, with `type`. CONFIG_SHAPE, CONFIG_UNKNOWN_REFERENCE. */
export function createUplink(name: string, options: UplinkOptions, deps: UplinkDeps): Uplink {
  const create = Object.hasOwn(KINDS, options.type) ? KINDS[options.type] : undefined;
  if (create === undefined) {
    const path = `uplinks.${name}.type`;
    throw new LimpidError('CONFIG_UNKNOWN_REFERENCE', {
      path,
      kind: 'uplink type',
      name: options.type,
      known: UPLINK_KINDS.join(', '),
    });
  }
  return create(name, options, deps);
}
