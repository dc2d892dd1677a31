import { z } from 'zod';
import { LimpidError } from '../../core/error.ts';
import { DEFAULT_TOPIC_PREFIX } from './topics.ts';

/** One message of backlog; brokers at small sites often stop at 64 KiB. */
const MESSAGE_BYTES = 64 * 1024;

export const MqttOptionsSchema = z.strictObject({
  type: z.literal('mqtt'),
  url: z
    .string()
    .refine((url) => /^(mqtts?|wss?):\/\/[^/@\s]+/.test(url), 'must be mqtt://host:port, mqtts://…, ws://… or wss://…')
    .refine((url) => !url.includes('@'), 'must not carry a password: use username and passwordEnv'),
  topicPrefix: z
    .string()
    .regex(/^[^+#\s/][^+#\s]*[^+#\s/]$/, 'must be topic levels without wildcards')
    .default(DEFAULT_TOPIC_PREFIX),
  receiptKeys: z.array(z.string().min(1)).default([]),
  live: z.boolean().default(false),
  clientId: z.string().min(1).max(128).exactOptional(),
  username: z.string().min(1).exactOptional(),
  passwordEnv: z.string().min(1).exactOptional(),
  tls: z
    .strictObject({
      ca: z.string().min(1).exactOptional(),
      cert: z.string().min(1).exactOptional(),
      key: z.string().min(1).exactOptional(),
    })
    .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), 'cert and key belong together')
    .exactOptional(),
  keepaliveS: z.number().int().min(5).max(3600).default(30),
  connectTimeoutS: z.number().positive().max(300).default(10),
  progressTimeoutS: z.number().positive().max(3600).default(20),
  window: z.number().int().min(1).max(1000).default(16),
  messageBytes: z.number().int().min(1024).max(16_777_216).default(MESSAGE_BYTES),
  outstandingMiB: z.number().positive().max(256).default(4),
});

export type MqttOptions = z.infer<typeof MqttOptionsSchema>;

/** CONFIG_SHAPE with all faults at once. */
export function parseMqttOptions(name: string, options: unknown): MqttOptions {
  const parsed = MqttOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`)
    .join('; ');
  throw new LimpidError('CONFIG_SHAPE', { path: `uplinks.${name}`, detail });
}
