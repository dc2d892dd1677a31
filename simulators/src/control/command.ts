/**
 * What people type into a running simulator and what a scenario's timeline says: one language for both.
 *
 *   set QUANTITY VALUE [DURATION]              release QUANTITY|all
 *   fault KIND [NUMBER] [DURATION] [TARGET]    fault off [TARGET]
 *   state DEVICE STATE [DURATION]              show [DEVICE]    help    quit
 */
import { LimpidError } from '@limpid/sdk/core';
import { isQuantity, QUANTITIES, QUANTITY_NAMES, type Quantity } from '../plant/quantity.ts';
import { parseDurationMs, showDuration } from './duration.ts';

/** What an instrument says of itself. */
export const DEVICE_STATES = ['running', 'calibration', 'maintenance', 'fault', 'purge'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** Ways in which a wire or the device at its end misbehaves. */
export const PLAIN_FAULTS = ['silence', 'garbage', 'foreign', 'torn', 'crc', 'echo', 'drop', 'split'] as const;
export type PlainFault = (typeof PLAIN_FAULTS)[number];
export type Fault = { kind: PlainFault } | { kind: 'exception'; exception: number } | { kind: 'late'; delayMs: number };

export type Command =
  | { do: 'set'; quantity: Quantity; value: number; forMs: number | null }
  | { do: 'release'; quantity: Quantity | 'all' }
  | { do: 'fault'; fault: Fault; forMs: number | null; target: string | null }
  | { do: 'clear'; target: string | null }
  | { do: 'state'; device: string; state: DeviceState; forMs: number | null }
  | { do: 'show'; device: string | null }
  | { do: 'help' }
  | { do: 'quit' };

export const VERBS = ['set', 'release', 'fault', 'state', 'show', 'help', 'quit'] as const;
const FAULT_KINDS = [...PLAIN_FAULTS, 'exception', 'late', 'off'];
/** names of devices and lines: what a scenario allows */
const NAME = /^[a-z][a-z0-9-]*$/;

/** Throws SIM_COMMAND, which says what would have been possible at the place that was wrong. */
export function parseCommand(text: string): Command {
  const words = text.trim().split(/\s+/);
  const reader = new WordReader(text.trim(), words.slice(1));
  const command = parseVerb(words[0] ?? '', reader);
  reader.end();
  return command;
}

function parseVerb(verb: string, words: WordReader): Command {
  switch (verb) {
    case 'set':
      return parseSet(words);
    case 'release':
      return { do: 'release', quantity: words.oneOf('quantity', isQuantityOrAll, [...QUANTITY_NAMES, 'all']) };
    case 'fault':
      return parseFault(words);
    case 'state':
      return {
        do: 'state',
        device: words.name('device'),
        state: words.oneOf('state', isDeviceState, DEVICE_STATES),
        forMs: words.duration(),
      };
    case 'show':
      return { do: 'show', device: words.optionalName() };
    case 'help':
    case 'quit':
      return { do: verb };
    default:
      return words.fail(`possible: ${VERBS.join(', ')}`);
  }
}

function parseSet(words: WordReader): Command {
  const quantity = words.oneOf('quantity', isQuantity, QUANTITY_NAMES);
  const { low, high, unit } = QUANTITIES[quantity];
  const value = words.number(`${quantity} in ${unit}`, low, high);
  return { do: 'set', quantity, value, forMs: words.duration() };
}

function parseFault(words: WordReader): Command {
  const kind = words.oneOf('kind of fault', (text): text is string => FAULT_KINDS.includes(text), FAULT_KINDS);
  if (kind === 'off') return { do: 'clear', target: words.optionalName() };
  const fault = parseKind(kind, words);
  return { do: 'fault', fault, forMs: words.duration(), target: words.optionalName() };
}

function parseKind(kind: string, words: WordReader): Fault {
  if (kind === 'exception') return { kind, exception: words.number('exception', 1, 255, 'whole') };
  if (kind === 'late') {
    const delayMs = words.duration();
    return delayMs === null ? words.fail('late by how much? as in: fault late 300ms 20s') : { kind, delayMs };
  }
  return isPlainFault(kind) ? { kind } : words.fail(`possible: ${FAULT_KINDS.join(', ')}`);
}

/** The text that `parseCommand` reads back as the same command. */
export function showCommand(command: Command): string {
  switch (command.do) {
    case 'set':
      return join('set', command.quantity, String(command.value), forText(command.forMs));
    case 'release':
      return join('release', command.quantity);
    case 'fault':
      return join('fault', showFault(command.fault), forText(command.forMs), command.target);
    case 'clear':
      return join('fault off', command.target);
    case 'state':
      return join('state', command.device, command.state, forText(command.forMs));
    case 'show':
      return join('show', command.device);
    case 'help':
    case 'quit':
      return command.do;
  }
}

export function showFault(fault: Fault): string {
  if (fault.kind === 'exception') return `exception ${fault.exception}`;
  if (fault.kind === 'late') return `late ${showDuration(fault.delayMs)}`;
  return fault.kind;
}

const forText = (durationMs: number | null) => (durationMs === null ? null : showDuration(durationMs));
const join = (...words: (string | null)[]) => words.filter((word) => word !== null).join(' ');

function isDeviceState(text: string): text is DeviceState {
  return (DEVICE_STATES as readonly string[]).includes(text);
}

function isPlainFault(text: string): text is PlainFault {
  return (PLAIN_FAULTS as readonly string[]).includes(text);
}

function isQuantityOrAll(text: string): text is Quantity | 'all' {
  return text === 'all' || isQuantity(text);
}

/** Takes one word after the other; every complaint names the whole command. */
class WordReader {
  readonly #text: string;
  readonly #words: string[];

  constructor(text: string, words: string[]) {
    this.#text = text;
    this.#words = words;
  }

  fail(detail: string): never {
    throw new LimpidError('SIM_COMMAND', { command: this.#text, detail });
  }

  oneOf<T extends string>(what: string, is: (text: string) => text is T, known: readonly string[]): T {
    const word = this.#words.shift() ?? '';
    if (is(word)) return word;
    return this.fail(`${word === '' ? `which ${what}?` : `${word} is no ${what};`} possible: ${known.join(', ')}`);
  }

  number(what: string, low: number, high: number, kind: 'whole' | 'any' = 'any'): number {
    const word = this.#words.shift() ?? '';
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : Number.NaN;
    const fits = value >= low && value <= high && (kind === 'any' || Number.isInteger(value));
    return fits ? value : this.fail(`possible: ${what} from ${low} to ${high}`);
  }

  /** null when the next word is not one that begins with a digit */
  duration(): number | null {
    const word = this.#words[0];
    if (word === undefined || !/^\d/.test(word)) return null;
    this.#words.shift();
    return parseDurationMs(word) ?? this.fail(`${word} is no duration; possible: 300ms, 5s, 2min, 1h`);
  }

  name(what: string): string {
    return this.optionalName() ?? this.fail(`which ${what}?`);
  }

  optionalName(): string | null {
    const word = this.#words[0];
    if (word === undefined || !NAME.test(word)) return null;
    this.#words.shift();
    return word;
  }

  end(): void {
    if (this.#words.length > 0) this.fail(`nothing is expected at "${this.#words.join(' ')}"`);
  }
}
