import { LimpidError, type Unit } from '@limpid/sdk/core';
import { MODBUS_EXCEPTIONS, type ReadFunction } from '@limpid/sdk/modbus';
import { type Profile, type ProfileImage, profileImage } from '@limpid/sdk/profiles';
import type { Behaviour, FieldSource, FieldValue } from './behaviours/behaviour.ts';
import { DEVICE_STATES, type DeviceState } from './control/command.ts';
import { conversion } from './convert.ts';
import { type BatchOptions, type BatchState, startBatch, stepBatch } from './plant/batch.ts';
import type { Plant, PlantValues } from './plant/plant.ts';
import { QUANTITIES, type Quantity, quantityOfCode } from './plant/quantity.ts';
import type { ScenarioTime } from './scenario/scenario-time.ts';
import type { ModbusUnit } from './wire/modbus-unit.ts';

export interface DeviceOptions {
  name: string;
  profile: Profile;
  behaviour: Behaviour;
  plant: Plant;
  time: ScenarioTime;
  /** factor of an analyser that measures what it was bought for */
  code?: string | undefined;
  /** fields whose quantity the scenario chooses */
  show?: Record<string, Quantity>;
  /** a batch analyser: shows the result of its newest finished sample */
  batch?: BatchOptions | undefined;
}

/** What a field shows at this moment. */
export interface Shown {
  field: string;
  value: number;
  unit: Unit;
}

/** A field with what it shows: `factor` turns the plant's unit into the profile's. */
type Wire =
  | { field: string; from: 'quantity'; quantity: Quantity; factor: number; modulus: number | null }
  | { field: string; from: 'fixed'; value: FieldValue }
  | { field: string; from: 'clock' | 'sampleTime' | 'interval' | 'calibrationTime' };

/** Clocks of Chinese instruments run on Beijing time; a profile's `time` holds wall time as though it were UTC. */
const BEIJING_S = 8 * 3_600;
const DAY_S = 86_400;

/**
 * An instrument at the plant, seen through its registers: the profile says where everything lies, the behaviour what the
 * instrument does besides. Out of `running` it goes on publishing numbers, as real ones do: those of the moment at which
 * it stopped measuring, or span gas while calibrating. Only the status words tell.
 */
export class SimulatedDevice implements ModbusUnit {
  readonly name: string;
  readonly profile: Profile;
  readonly #options: DeviceOptions;
  readonly #image: ProfileImage;
  readonly #wires: readonly Wire[];
  /** the Modbus functions that the profile speaks of */
  readonly #functions: ReadonlySet<ReadFunction>;
  #state: DeviceState = 'running';
  #held: PlantValues | null = null;
  /** batch analysers keep one sample for all quantities they show */
  #batch: { sample: PlantValues; state: BatchState; running: PlantValues | null } | null = null;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.profile = options.profile;
    this.#options = options;
    this.#image = profileImage(options.profile);
    this.#wires = Object.keys(options.profile.fields).flatMap((field) => this.#wire(field));
    const { fn, fields, blocks } = options.profile;
    this.#functions = new Set([...Object.values(fields), ...blocks].map((each) => each.fn ?? fn));
    if (options.batch !== undefined) this.#follow(options.batch);
    this.refresh();
  }

  get state(): DeviceState {
    return this.#state;
  }

  get states(): DeviceState[] {
    return DEVICE_STATES.filter((state) => this.#options.behaviour.states[state] !== undefined);
  }

  /** Throws SIM_COMMAND when this instrument has no such state. */
  setState(state: DeviceState): void {
    if (this.#options.behaviour.states[state] === undefined) {
      const detail = `${this.profile.id} has no state ${state}; possible: ${this.states.join(', ')}`;
      throw new LimpidError('SIM_COMMAND', { command: `state ${this.name} ${state}`, detail });
    }
    this.#advance();
    this.#held = state === 'running' ? null : (this.#held ?? this.#measured());
    this.#state = state;
  }

  read(fn: ReadFunction, address: number, count: number): Uint16Array | number {
    const { profile } = this;
    const isBits = fn <= 2;
    if (!this.#functions.has(fn)) return MODBUS_EXCEPTIONS.illegalFunction;
    if (count < 1 || count > (isBits ? 2_000 : profile.maxRegisters)) return MODBUS_EXCEPTIONS.illegalValue;
    if (!this.#isDocumented(fn, address, address + count - 1)) return MODBUS_EXCEPTIONS.illegalAddress;
    this.refresh();
    return this.#image.read(fn, address, count);
  }

  /** What the measured fields show now. */
  shown(): Shown[] {
    this.#advance();
    return this.#wires.flatMap((wire) => {
      const field = this.profile.fields[wire.field];
      if (wire.from !== 'quantity' || field?.watch !== undefined) return [];
      return [{ field: wire.field, value: this.#measuredBy(wire), unit: field?.unit ?? '1' }];
    });
  }

  /** Writes the image of this moment. */
  refresh(): void {
    this.#advance();
    for (const wire of this.#wires) this.#image.set(wire.field, this.#valueOf(wire));
    const { states, analysing } = this.#options.behaviour;
    const isAnalysing = this.#state === 'running' && this.#batch?.state.running != null;
    const status = { ...states.running, ...states[this.#state], ...(isAnalysing ? analysing : {}) };
    for (const [field, value] of Object.entries(status)) this.#image.set(field, value);
  }

  #advance(): void {
    this.#options.plant.advanceTo(this.#options.time.nowS());
  }

  #wire(name: string): Wire[] {
    const { behaviour, show, code } = this.#options;
    const field = this.profile.fields[name];
    if (field === undefined) return [];
    const chosen = show?.[name];
    const coded = quantityOfCode((field.code === 'site' ? code : field.code) ?? '');
    const source: FieldSource | undefined =
      (chosen === undefined ? behaviour.sources[name] : { from: 'quantity', quantity: chosen }) ??
      (coded === undefined ? undefined : { from: 'quantity', quantity: coded });
    if (source === undefined) return [];
    if (source.from !== 'quantity' && source.from !== 'signal') return [{ field: name, ...source }];
    const { quantity } = source;
    const factor = source.from === 'signal' ? 1 : conversion(QUANTITIES[quantity].unit, field.unit ?? '1');
    if (factor === null) {
      const detail = `${this.profile.id} cannot show ${quantity} in ${field.unit ?? '1'} (${name})`;
      throw new LimpidError('CONFIG_CONTRADICTION', { path: `devices.${this.name}`, detail });
    }
    const modulus = Number(field.totaliser?.modulus);
    return [{ field: name, from: 'quantity', quantity, factor, modulus: modulus > 0 ? modulus : null }];
  }

  #valueOf(wire: Wire): FieldValue {
    const { time } = this.#options;
    switch (wire.from) {
      case 'fixed':
        return wire.value;
      case 'clock':
        return Math.floor(time.wallS(time.nowS())) + BEIJING_S;
      case 'calibrationTime':
        return Math.floor(time.wallS(0)) + BEIJING_S - DAY_S;
      case 'interval':
        return (this.#options.batch?.everyS ?? 0) / 60;
      case 'sampleTime':
        return Math.floor(time.wallS(this.#batch?.state.shown.sampleAtS ?? time.nowS())) + BEIJING_S;
      case 'quantity':
        return this.#measuredBy(wire);
    }
  }

  #measuredBy(wire: Wire & { from: 'quantity' }): number {
    const span = this.#state === 'calibration' ? this.#options.behaviour.spanGas?.[wire.field] : undefined;
    const value = span ?? (this.#held ?? this.#measured())[wire.quantity] * wire.factor;
    return wire.modulus === null ? value : value % wire.modulus;
  }

  #measured(): PlantValues {
    return this.#batch?.sample ?? this.#options.plant.values;
  }

  /** A sample is a copy of everything in the water at its time; `BatchState` only says which sample is shown. */
  #follow(batch: BatchOptions): void {
    this.#options.plant.follow((values, atS) => {
      if (this.#batch === null) {
        this.#batch = { sample: { ...values }, state: startBatch(batch), running: null };
      }
      const before = this.#batch.state;
      const state = stepBatch(before, batch, atS);
      if (state.shown !== before.shown && this.#batch.running !== null) this.#batch.sample = this.#batch.running;
      if (state.running !== before.running && state.running !== null) this.#batch.running = { ...values };
      this.#batch.state = state;
    });
  }

  /** Inside one documented block, or inside what the profile reads outside of all; never across two. */
  #isDocumented(fn: ReadFunction, first: number, last: number): boolean {
    const { profile } = this;
    const isInside = (run: { fn?: ReadFunction | undefined; first: number; last: number }) =>
      (run.fn ?? profile.fn) === fn && first >= run.first && last <= run.last;
    const isForbidden = profile.forbidden.some(
      (run) => (run.fn ?? profile.fn) === fn && first <= run.last && last >= run.first,
    );
    if (isForbidden) return false;
    if (profile.blocks.some(isInside)) return true;
    return Object.keys(profile.fields).some((name) => {
      const { at, fn: own } = profile.fields[name]!;
      return isInside({ fn: own, first: at, last: at + this.#image.words(name).length - 1 });
    });
  }
}
