import { isLimpidError, type Language, LimpidError, showUnit } from '@limpid/sdk/core';
import type { SimulatedDevice } from '../device.ts';
import type { Plant } from '../plant/plant.ts';
import { isQuantity, QUANTITY_NAMES, type Quantity } from '../plant/quantity.ts';
import type { ScenarioTime } from '../scenario/scenario-time.ts';
import { type Command, showCommand, showFault } from './command.ts';
import { commandHelp } from './command-help.ts';
import type { FaultBoard } from './fault-board.ts';

/** One wire of a running scenario and who is on it. */
export interface ControlledLine {
  type: 'tcp' | 'serial';
  board: FaultBoard;
  requests(): number;
}

export interface ControlledDevice {
  device: SimulatedDevice;
  line: string;
  unit: number;
}

export interface ControllerOptions {
  plant: Plant;
  time: ScenarioTime;
  devices: ReadonlyMap<string, ControlledDevice>;
  lines: ReadonlyMap<string, ControlledLine>;
  language: Language;
  quit(): void;
}

/** Does what people type and what a timeline says, and takes back in time what was meant for a while only. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #stop = new AbortController();
  /** who has last set a quantity or a state: only that one may take it back when its time is over */
  readonly #owners = new Map<string, symbol>();

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Gives what to show. Throws SIM_COMMAND when it cannot be done here. */
  run(command: Command): string {
    const { plant, quit, language } = this.#options;
    switch (command.do) {
      case 'set':
        this.#advance();
        plant.set(command.quantity, command.value);
        this.#endAfter(command.quantity, command.forMs, () => plant.release(command.quantity));
        return showCommand(command);
      case 'release':
        this.#release(command.quantity);
        return showCommand(command);
      case 'fault':
        return this.#fault(command);
      case 'clear':
        for (const { board, unit } of this.#targets(command)) board.clear(unit);
        return showCommand(command);
      case 'state':
        return this.#state(command);
      case 'show':
        return this.#show(command);
      case 'help':
        return commandHelp(language);
      case 'quit':
        quit();
        return '';
    }
  }

  /** Runs `step` when the scenario is at `atS`; nothing happens after `stop`. */
  at(atS: number, step: () => void): void {
    this.#options.time.waitUntil(atS, this.#stop.signal).then(step, (fault: unknown) => {
      if (!isLimpidError(fault, 'STOPPED')) throw fault;
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  #endAfter(subject: string, forMs: number | null, end: () => void): void {
    const owner = Symbol(subject);
    this.#owners.set(subject, owner);
    if (forMs === null) return;
    this.at(this.#options.time.nowS() + forMs / 1_000, () => {
      if (this.#owners.get(subject) !== owner) return;
      this.#advance();
      end();
    });
  }

  #release(quantity: Quantity | 'all'): void {
    this.#advance();
    for (const name of quantity === 'all' ? QUANTITY_NAMES : [quantity]) {
      this.#owners.delete(name);
      this.#options.plant.release(name);
    }
  }

  #fault(command: Command & { do: 'fault' }): string {
    const targets = this.#targets(command).filter(({ type }) => command.fault.kind !== 'drop' || type === 'tcp');
    if (targets.length === 0) throw unable(command, 'a serial line has no connection that could be dropped');
    const undo = targets.map(({ board, unit }) => board.add(command.fault, unit));
    if (command.forMs !== null) {
      this.at(this.#options.time.nowS() + command.forMs / 1_000, () => {
        for (const takeBack of undo) takeBack();
      });
    }
    return showCommand(command);
  }

  /** The wires a fault goes to: of one device, of one line, or all. */
  #targets(command: Command & { target: string | null }) {
    const { lines } = this.#options;
    if (command.target === null) return [...lines.values()].map(({ board, type }) => ({ board, type, unit: null }));
    const line = lines.get(command.target);
    if (line !== undefined) return [{ board: line.board, type: line.type, unit: null }];
    const { line: wire, unit } = this.#device(command, command.target);
    const { board, type } = lines.get(wire)!;
    return [{ board, type, unit }];
  }

  #state(command: Command & { do: 'state' }): string {
    const { device } = this.#device(command, command.device);
    device.setState(command.state);
    this.#endAfter(`state of ${command.device}`, command.forMs, () => device.setState('running'));
    return showCommand(command);
  }

  #show(command: Command & { do: 'show' }): string {
    const { devices, lines, plant } = this.#options;
    if (command.device !== null) return showDevice(this.#device(command, command.device).device);
    this.#advance();
    const set = Object.entries(plant.overrides).filter(([name]) => isQuantity(name));
    return [
      ...[...devices.values()].map(({ device }) => showDevice(device)),
      ...[...lines].map(([name, line]) => {
        const faults = line.board.active.map(({ fault, unit }) => showFault(fault) + (unit === null ? '' : `@${unit}`));
        return `${name}: ${line.requests()} requests${faults.length > 0 ? `, faults: ${faults.join(', ')}` : ''}`;
      }),
      ...(set.length > 0 ? [`set: ${set.map(([name, value]) => `${name} ${value}`).join(', ')}`] : []),
    ].join('\n');
  }

  #device(command: Command, name: string): ControlledDevice {
    const { devices, lines } = this.#options;
    const device = devices.get(name);
    if (device !== undefined) return device;
    const known = [...devices.keys(), ...(command.do === 'fault' || command.do === 'clear' ? lines.keys() : [])];
    throw unable(command, `there is no ${name} here; possible: ${known.join(', ')}`);
  }

  /** What was true until now has been so: the plant goes on before anything is changed. */
  #advance(): void {
    this.#options.plant.advanceTo(this.#options.time.nowS());
  }
}

function unable(command: Command, detail: string): LimpidError {
  return new LimpidError('SIM_COMMAND', { command: showCommand(command), detail });
}

function showDevice(device: SimulatedDevice): string {
  const values = device.shown().map(({ field, value, unit }) => {
    const decimals = Math.min(3, device.profile.fields[field]?.decimals ?? 3);
    return `${field} ${value.toFixed(decimals)} ${showUnit(unit)}`.trimEnd();
  });
  return `${device.name} (${device.state}): ${values.join(', ')}`;
}
