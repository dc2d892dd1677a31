import type { z } from 'zod';
import { LimpidError } from '../../core/error.ts';
import { mqttUplinkSchema } from '../../site/uplink-schema.ts';

/** The options of an uplink of type mqtt, as the schema of site.yaml gives them, defaults in place. */
export type MqttOptions = z.infer<typeof mqttUplinkSchema>;

/** CONFIG_SHAPE with all faults at once. */
export function parseMqttOptions(name: string, options: unknown): MqttOptions {
  const parsed = mqttUplinkSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`)
    .join('; ');
  throw new LimpidError('CONFIG_SHAPE', { path: `uplinks.${name}`, detail });
}
