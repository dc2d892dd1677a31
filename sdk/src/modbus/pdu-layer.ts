import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';
import { faultText, LimpidError } from '../core/error.ts';
import type { ReadRequest } from './line.ts';

/** What modbus-serial takes for its port: it only ever sees one request and the one frame that fits it. */
class FramePort extends EventEmitter {
  readonly isOpen = true;
  written: Buffer | null = null;

  open(done: () => void): void {
    done();
  }

  close(done: () => void): void {
    done();
  }

  write(frame: Buffer): void {
    this.written = frame;
  }
}

type Outcome = { words: Uint16Array } | { exception: number } | { fault: unknown };

/** What the node-style callback may carry: its declaration promises an ErrnoException, but exceptions have a number. */
type ClientFault = Error & { modbusCode?: number };

/**
 * modbus-serial encodes and parses; who may answer, when, and for how long is decided by the wire, so its time-outs are
 * never switched on and its transactions never overlap.
 */
export class PduLayer {
  readonly #port = new FramePort();
  readonly #client = new modbusSerial.default(this.#port);
  #request: ReadRequest = { unit: 0, fn: 3, address: 0, count: 1 };
  #outcome: Outcome | null = null;

  constructor() {
    this.#client.open();
  }

  /** The request as a serial frame, checksum included; it is the one that `decode` then answers. */
  encode(request: ReadRequest): Buffer {
    const { unit, address, count } = request;
    this.#request = request;
    this.#outcome = null;
    this.#port.written = null;
    if (request.fn === 3) this.#client.writeFC3(unit, address, count, this.#onRegisters);
    else if (request.fn === 4) this.#client.writeFC4(unit, address, count, this.#onRegisters);
    else if (request.fn === 1) this.#client.writeFC1(unit, address, count, this.#onBits);
    else this.#client.writeFC2(unit, address, count, this.#onBits);
    if (this.#port.written === null) throw new LimpidError('INTERNAL', { detail: 'modbus-serial wrote nothing' });
    return this.#port.written;
  }

  /** A frame that `findAnswer` let through: its words, or the exception number. */
  decode(frame: Buffer): Uint16Array | number {
    this.#port.emit('data', frame);
    const outcome = this.#outcome;
    if (outcome !== null && 'words' in outcome) return outcome.words;
    if (outcome !== null && 'exception' in outcome) return outcome.exception;
    const detail = `modbus-serial gave ${outcome === null ? 'nothing' : faultText(outcome.fault)}`;
    throw new LimpidError('INTERNAL', { detail }, { cause: outcome?.fault });
  }

  readonly #onRegisters = (fault: ClientFault | null, result?: { data: number[] }): void => {
    this.#outcome = result === undefined ? toOutcome(fault) : { words: Uint16Array.from(result.data) };
  };

  /** Bits come padded to whole bytes. */
  readonly #onBits = (fault: ClientFault | null, result?: { data: boolean[] }): void => {
    this.#outcome =
      result === undefined
        ? toOutcome(fault)
        : { words: Uint16Array.from(result.data.slice(0, this.#request.count), Number) };
  };
}

function toOutcome(fault: ClientFault | null): Outcome {
  return fault?.modbusCode === undefined ? { fault } : { exception: fault.modbusCode };
}
