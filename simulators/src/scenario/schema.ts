import { QUALITY_NAMES } from '@limpid/sdk/core';
import { z } from 'zod';
import { parseDurationMs } from '../control/duration.ts';
import { QUANTITY_NAMES } from '../plant/quantity.ts';

/** The schema of `scenarios/<name>/scenario.yaml`. What needs two keys is checked in load-scenario.ts. */

const name = z.string().regex(/^[a-z][a-z0-9-]*$/);
const text = z.string().min(1);
const positive = z.number().positive();

const duration = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, 'expected a duration such as 300ms, 30s, 5min or 1h');

const stackSchema = z.strictObject({
  ductAreaM2: positive.exactOptional(),
  pitotCoefficient: positive.exactOptional(),
  barometricKPa: z.number().min(50).max(110).exactOptional(),
  stoichiometricFlowM3PerH: positive.exactOptional(),
  rawSo2MgPerM3: z.number().min(0).exactOptional(),
  scrubberEfficiency: z.number().min(0).max(1).exactOptional(),
  upsetEveryMin: z.number().min(0).exactOptional(),
  noxMgPerM3: z.number().min(0).exactOptional(),
  dustMgPerM3: z.number().min(0).exactOptional(),
});

const effluentSchema = z.strictObject({
  meanFlowM3PerH: positive.exactOptional(),
  startTotalM3: z.number().min(0).exactOptional(),
  codMgPerL: z.number().min(0).exactOptional(),
  nh3nMgPerL: z.number().min(0).exactOptional(),
  nitrateMgPerL: z.number().min(0).exactOptional(),
  tpMgPerL: z.number().min(0).exactOptional(),
});

const tcpLineSchema = z.strictObject({
  type: z.literal('tcp'),
  host: text.default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(0),
});

export const serialLineSchema = z.strictObject({
  type: z.literal('serial'),
  baudRate: z.int().min(300).max(1_000_000).default(9_600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  turnaroundMs: z.tuple([z.number().min(0), z.number().min(0)]).default([5, 20]),
});

const batchSchema = z.strictObject({ everyMin: positive, analysisMin: positive });

const deviceSchema = z.strictObject({
  profile: text,
  line: name,
  unit: z.int().min(1).max(247).optional(),
  outlet: z.string().default(''),
  code: text.optional(),
  show: z.record(z.string(), z.enum(QUANTITY_NAMES)).default({}),
  batch: batchSchema.optional(),
});

const stepSchema = z.strictObject({
  at: duration,
  do: text,
});

export const scenarioSchema = z.strictObject({
  title: z.strictObject({ en: text, zh: text }),
  seed: z.int().min(0).max(0xffffffff),
  startAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
    .default('08:00'),
  speed: z.number().min(0.1).max(3_600).default(1),
  plant: z
    .strictObject({ stack: stackSchema.default({}), effluent: effluentSchema.default({}) })
    .default({ stack: {}, effluent: {} }),
  lines: z.record(name, z.discriminatedUnion('type', [tcpLineSchema, serialLineSchema])),
  devices: z.record(name, deviceSchema),
  timeline: z.array(stepSchema).default([]),
});

export type ScenarioText = z.output<typeof scenarioSchema>;
export type LineText = ScenarioText['lines'][string];
export type SerialLineText = z.output<typeof serialLineSchema>;
export type DeviceText = ScenarioText['devices'][string];

/** The schema of `expected.yaml`: what must arrive when the scenario is polled, and when it must be flagged. */
export const expectedSchema = z.strictObject({
  runFor: duration,
  readEvery: duration,
  arrives: z.array(
    z.strictObject({ device: name, channel: text, unit: text, between: z.tuple([z.number(), z.number()]) }),
  ),
  flagged: z.array(
    z.strictObject({
      device: name,
      // all of the device by default
      channels: z.array(text).exactOptional(),
      from: duration,
      to: duration,
      quality: z.enum(QUALITY_NAMES),
    }),
  ),
});

export type Expected = z.output<typeof expectedSchema>;
