import { z } from 'zod';
import { WORD_ORDERS } from '../core/reading.ts';
import {
  basisSchema,
  decimalSchema,
  disclosureSchema,
  factorCodeSchema,
  rangeSchema,
  unitSchema,
} from '../profiles/schema.ts';
import { mqttUplinkSchema } from './uplink-schema.ts';

/**
 * The schema of site.yaml. What one key alone can get wrong is here; what takes two is in the checks. Each section's
 * entries have schemas of their own, so that one broken entry does not hide what is wrong with the others.
 */

const text = z.string().min(1);
/** Names become topic levels, file names and JSON keys. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'letters, digits, _ and - only, at most 64');
const positive = z.number().positive();
const timeoutMs = z.int().min(10).max(60_000).default(1_000);

export const siteHeadSchema = z.strictObject({
  name: text,
  permit: z.string().describe('permit code 排污许可证编号, 22 characters, in quotes when it is all digits'),
});

export const limitSchema = z.strictObject({
  code: factorCodeSchema,
  statistic: z.enum(['instant', 'hour', 'day', 'month']),
  mgPerM3: positive.optional(),
  mgPerL: positive.optional(),
  kgPerH: positive.optional(),
  low: z.number().optional().describe('lower limit in the default unit of the factor, as for pH'),
  high: z.number().optional().describe('upper limit in the default unit of the factor, as for pH'),
});

export const outletSchema = z.strictObject({
  medium: z.enum(['air', 'water']),
  ruleSet: text,
  limits: z.array(limitSchema).default([]),
  annualCapsT: z.record(factorCodeSchema, positive).default({}).describe('permitted tonnes a year by factor code'),
  referenceO2Pct: z.number().min(0).max(20.9).optional(),
  ductAreaM2: positive.optional(),
  pitotCoefficient: positive.max(2).optional(),
  velocityFieldCoefficient: positive.max(2).optional(),
});

const wire = {
  baudRate: z.int().min(300).max(1_000_000).default(9_600),
  turnaroundMs: z.number().min(0).max(10_000).default(0).describe('further silence before each request'),
  echo: z.boolean().exactOptional().describe('the adapter hears itself; found out by itself when not given'),
};

const characterFormat = {
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
};

const endpoint = { host: text, port: z.int().min(1).max(65_535), timeoutMs };

export const lineSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('rtu'),
    path: text.describe('/dev/serial/by-id/… stays the same when adapters are plugged in another order'),
    timeoutMs,
    ...wire,
    ...characterFormat,
    rs485: z
      .strictObject({
        rts: z.enum(['none', 'on-send', 'after-send']).default('none'),
        delayBeforeSendMs: z.number().min(0).max(1_000).default(0),
        delayAfterSendMs: z.number().min(0).max(1_000).default(0),
      })
      .exactOptional(),
  }),
  z.strictObject({ type: z.literal('tcp'), ...endpoint }),
  z.strictObject({ type: z.literal('rtu-over-tcp'), ...endpoint, ...wire }),
]);

export const overrideSchema = z.strictObject({
  code: factorCodeSchema.optional(),
  unit: unitSchema.optional(),
  order: z.enum(WORD_ORDERS).optional(),
  range: rangeSchema.optional(),
  basis: basisSchema.optional(),
  disclosure: disclosureSchema.optional(),
  decimals: z.int().min(0).max(9).optional(),
  outlet: text.optional(),
  record: z.boolean().optional(),
  factor: decimalSchema.optional(),
  offset: decimalSchema.optional(),
});

export const deviceSchema = z.strictObject({
  profile: text,
  line: text,
  unit: z.int().min(0).max(255).optional().describe('Modbus address; that of the profile by default'),
  outlet: text.optional().describe('none for a device that belongs to no outlet'),
  pollEveryMs: z.int().min(100).max(86_400_000).optional().describe('that of the profile by default'),
  code: factorCodeSchema.optional().describe('what an analyser measures whose profile leaves it open'),
  channels: z.record(z.string(), overrideSchema).default({}).describe('what this site knows better, by field name'),
});

export const facilitySchema = z.strictObject({
  outlet: text,
  name: text,
  runningWhen: z
    .strictObject({
      channel: text.describe('device, or device.channel'),
      aboveKw: positive.optional(),
      aboveA: positive.optional(),
      aboveHz: positive.optional(),
      equals: z.int().optional(),
    })
    .optional(),
});

export const uplinkSchema = z.discriminatedUnion('type', [mqttUplinkSchema]);

export const clockSchema = z.strictObject({
  maximumErrorMs: positive.default(1_000).describe('beyond this the wall clock does not count as synchronised'),
});

export const ledgerSchema = z.strictObject({
  batchEveryS: z.number().min(1).max(600).default(10),
  segmentMiB: z.int().min(1).max(1_024).default(16),
  keepDays: z.int().min(1).max(36_500).default(400).describe('how long receipted segments stay'),
  quotaMiB: z
    .int()
    .min(16)
    .optional()
    .describe('warn and free receipted segments beyond this; all the disk by default'),
});

export const siteSchema = z.strictObject({
  site: siteHeadSchema,
  outlets: z.record(name, outletSchema).default({}),
  lines: z.record(name, lineSchema),
  devices: z.record(name, deviceSchema),
  facilities: z.record(name, facilitySchema).default({}),
  uplinks: z.record(name, uplinkSchema).default({}),
  clock: clockSchema.prefault({}),
  ledger: ledgerSchema.prefault({}),
});

type Parsed = z.output<typeof siteSchema>;

export type SiteOutlet = z.output<typeof outletSchema>;
export type SiteLine = z.output<typeof lineSchema>;
export type SiteFacility = z.output<typeof facilitySchema>;
export type SiteUplink = z.output<typeof uplinkSchema>;
export type ParsedDevice = z.output<typeof deviceSchema>;

/** A device with what its profile adds. */
export interface SiteDevice extends ParsedDevice {
  unit: number;
  /** '' for none */
  outlet: string;
  pollEveryMs: number;
}

/** A site file that was found right, with all defaults in place. Entries stand in the order of the file. */
export interface Site extends Omit<Parsed, 'devices'> {
  devices: Record<string, SiteDevice>;
}
