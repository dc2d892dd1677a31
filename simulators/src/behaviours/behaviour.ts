import type { DeviceState } from '../control/command.ts';
import type { Quantity } from '../plant/quantity.ts';

/** A number in the unit of the field, or the text of a string. */
export type FieldValue = number | string;

/** Where the value of a field comes from. Fields that are not named show the quantity of their factor code, or 0. */
export type FieldSource =
  | { from: 'quantity'; quantity: Quantity }
  /** a raw signal that goes with the quantity, in no unit */
  | { from: 'signal'; quantity: Quantity }
  | { from: 'fixed'; value: FieldValue }
  /** the device's own clock, Beijing time */
  | { from: 'clock' }
  /** when the water of the result shown was taken */
  | { from: 'sampleTime' }
  /** minutes between two samples of a batch analyser */
  | { from: 'interval' }
  /** when the device was last calibrated: a day before the scenario began */
  | { from: 'calibrationTime' };

/** What a simulated instrument does beyond its register map; the map itself is the profile that the poller reads. */
export interface Behaviour {
  sources: Record<string, FieldSource>;
  /** the status words of every state that the instrument knows */
  states: { running: Record<string, FieldValue> } & Partial<Record<DeviceState, Record<string, FieldValue>>>;
  /** status words of a batch analyser with a sample in work */
  analysing?: Record<string, FieldValue>;
  /** what a measured field shows while span gas flows */
  spanGas?: Record<string, number>;
}

export const show = (quantity: Quantity): FieldSource => ({ from: 'quantity', quantity });
export const signal = (quantity: Quantity): FieldSource => ({ from: 'signal', quantity });
export const fixed = (value: FieldValue): FieldSource => ({ from: 'fixed', value });
export const CLOCK: FieldSource = { from: 'clock' };
export const SAMPLE_TIME: FieldSource = { from: 'sampleTime' };
export const CALIBRATION_TIME: FieldSource = { from: 'calibrationTime' };
export const INTERVAL: FieldSource = { from: 'interval' };
