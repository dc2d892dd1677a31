import { z } from 'zod';
import { saying } from '../profiles/shape.ts';

/** One message of backlog; brokers at small sites often stop at 64 KiB. */
const MESSAGE_BYTES = 64 * 1024;

const text = z.string().min(1);

/** Keys and meaning are those of the mqtt uplink; its README explains them. Files are relative to the site file. */
export const mqttUplinkSchema = z.strictObject({
  type: z.literal('mqtt'),
  url: z
    .string()
    .refine(
      (url) => /^(mqtts?|wss?):\/\/[^/@\s]+/.test(url),
      saying(
        'must be mqtt://host:port, mqtts://…, ws://… or wss://…',
        '应为 mqtt://主机:端口、mqtts://…、ws://… 或 wss://…',
      ),
    )
    .refine(
      (url) => !url.includes('@'),
      saying('must not carry a password: use username and passwordEnv', '不得包含密码：请使用 username 和 passwordEnv'),
    ),
  topicPrefix: z
    .string()
    .regex(/^[^+#\s/][^+#\s]*[^+#\s/]$/, 'must be topic levels without wildcards')
    .default('limpid/1'),
  receiptKeys: z.array(text).default([]).describe('PEM files of the collectors whose receipts count'),
  live: z.boolean().default(false).describe('also publish live values as plain JSON, which is no evidence'),
  clientId: text.max(128).exactOptional(),
  username: text.exactOptional(),
  passwordEnv: text.exactOptional().describe('name of the environment variable that holds the password'),
  tls: z
    .strictObject({ ca: text.exactOptional(), cert: text.exactOptional(), key: text.exactOptional() })
    .refine(
      (tls) => (tls.cert === undefined) === (tls.key === undefined),
      saying('cert and key belong together', 'cert 和 key 须同时给出'),
    )
    .exactOptional(),
  keepaliveS: z.int().min(5).max(3_600).default(30),
  connectTimeoutS: z.number().positive().max(300).default(10),
  progressTimeoutS: z.number().positive().max(3_600).default(20),
  window: z.int().min(1).max(1_000).default(16),
  messageBytes: z.int().min(1_024).max(16_777_216).default(MESSAGE_BYTES),
  outstandingMiB: z.number().positive().max(256).default(4),
});
