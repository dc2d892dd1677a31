import type { WireFault } from './wire-fault.ts';

/** How a PDU becomes bytes on this wire; `spoil` makes the frame wrong in a way the wire can detect. */
export type EncodeFrame = (unit: number, pdu: Uint8Array, spoil: boolean) => Buffer;

/** What goes out for one request. */
export interface WireAnswer {
  /** ms on top of the device's own turnaround */
  delayMs: number;
  pieces: Uint8Array[];
  gapMs: number;
  slowFactor: number;
  drop: boolean;
}

export interface AnswerParts {
  unit: number;
  /** null: nobody is at this address */
  pdu: Uint8Array | null;
  /** the whole request as it came, for an echo */
  request: Uint8Array;
  encode: EncodeFrame;
  random: () => number;
}

/** The bytes of an answer after its faults. */
export function shapeAnswer(parts: AnswerParts, faults: readonly WireFault[]): WireAnswer {
  const pdu = parts.pdu === null ? null : shapePdu(parts.pdu, faults);
  const answer: WireAnswer = { delayMs: 0, pieces: [], gapMs: 0, slowFactor: 1, drop: false };
  const unit = has(faults, 'wrong-unit') ? otherUnit(parts.unit) : parts.unit;
  const frame = pdu === null ? Buffer.alloc(0) : parts.encode(unit, pdu, has(faults, 'bad-crc'));
  answer.pieces = frame.length === 0 ? [] : [frame];
  for (const fault of faults) shapeBytes(answer, fault, parts, pdu);
  return answer;
}

function shapePdu(pdu: Uint8Array, faults: readonly WireFault[]): Uint8Array {
  let shaped = pdu;
  for (const fault of faults) {
    if (fault.kind === 'exception') shaped = Uint8Array.of((shaped[0]! & 0x7f) | 0x80, fault.exception);
    else if (fault.kind === 'wrong-function') shaped = Uint8Array.of(shaped[0]! ^ 7, ...shaped.subarray(1));
    else if (fault.kind === 'wrong-count' && shaped.length > 4) {
      shaped = Uint8Array.of(shaped[0]!, shaped[1]! - 2, ...shaped.subarray(2, -2));
    }
  }
  return shaped;
}

function shapeBytes(answer: WireAnswer, fault: WireFault, parts: AnswerParts, pdu: Uint8Array | null): void {
  switch (fault.kind) {
    case 'silence':
      answer.pieces = [];
      return;
    case 'delay':
      answer.delayMs += fault.ms;
      return;
    case 'garbage':
      answer.pieces = [noise(fault.bytes, parts.random)];
      return;
    case 'noise-before':
      answer.pieces = [joined([noise(fault.bytes, parts.random), ...answer.pieces])];
      return;
    case 'noise-after':
      answer.pieces = [joined([...answer.pieces, noise(fault.bytes, parts.random)])];
      return;
    case 'foreign-first':
      if (pdu !== null) answer.pieces.unshift(parts.encode(otherUnit(parts.unit), pdu, false));
      return;
    case 'torn':
      answer.pieces = [joined(answer.pieces).subarray(0, fault.bytes)];
      return;
    case 'echo':
      answer.pieces = [joined([parts.request, ...answer.pieces])];
      return;
    case 'slow':
      answer.slowFactor *= fault.factor;
      return;
    case 'split':
      answer.pieces = cut(joined(answer.pieces), fault.bytes);
      answer.gapMs = fault.gapMs;
      return;
    case 'drop':
      answer.drop = true;
      return;
    case 'exception':
    case 'wrong-unit':
    case 'wrong-function':
    case 'wrong-count':
    case 'bad-crc':
      return; // already in the frame
  }
}

function has(faults: readonly WireFault[], kind: WireFault['kind']): boolean {
  return faults.some((fault) => fault.kind === kind);
}

function otherUnit(unit: number): number {
  return (unit % 247) + 1;
}

function noise(bytes: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces);
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
