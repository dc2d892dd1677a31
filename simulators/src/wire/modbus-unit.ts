import { MODBUS_EXCEPTIONS, type ReadFunction } from '@limpid/sdk/modbus';

/** 5 one coil, 6 one register, 15 coils, 16 registers */
export type WriteFunction = 5 | 6 | 15 | 16;

/** What lies behind one unit id. Both give a number 1..255 to refuse with that exception. */
export interface ModbusUnit {
  /** one word a register, for functions 1 and 2 one bit (0 or 1) an element */
  read(fn: ReadFunction, address: number, count: number): Uint16Array | number;
  /** `values`: words, or bits as 0 and 1; undefined when it was done. Without `write` functions that write are refused. */
  write?(fn: WriteFunction, address: number, values: Uint16Array): number | undefined;
}

export type ModbusUnits = ReadonlyMap<number, ModbusUnit>;

/** Answers one PDU (function and data). Modbus application protocol V1.1b3, §6. */
export function answerPdu(unit: ModbusUnit, pdu: Uint8Array): Buffer {
  const fn = pdu[0] ?? 0;
  const result = isRead(fn) ? answerRead(unit, fn, pdu) : answerWrite(unit, fn, pdu);
  return typeof result === 'number' ? Buffer.from([fn | 0x80, result]) : result;
}

function isRead(fn: number): fn is ReadFunction {
  return fn >= 1 && fn <= 4;
}

function answerRead(unit: ModbusUnit, fn: ReadFunction, pdu: Uint8Array): Buffer | number {
  if (pdu.length !== 5) return MODBUS_EXCEPTIONS.illegalValue;
  const address = wordAt(pdu, 1);
  const count = wordAt(pdu, 3);
  const isBits = fn <= 2;
  if (count < 1 || count > (isBits ? 2000 : 125)) return MODBUS_EXCEPTIONS.illegalValue;
  if (address + count > 0x10000) return MODBUS_EXCEPTIONS.illegalAddress;
  const values = unit.read(fn, address, count);
  if (typeof values === 'number') return values;
  const body = isBits ? packBits(values) : packWords(values);
  return Buffer.concat([Buffer.from([fn, body.length]), body]);
}

function answerWrite(unit: ModbusUnit, fn: number, pdu: Uint8Array): Buffer | number {
  if (unit.write === undefined) return MODBUS_EXCEPTIONS.illegalFunction;
  const request = parseWrite(fn, pdu);
  if (typeof request === 'number') return request;
  return unit.write(request.fn, request.address, request.values) ?? Buffer.from(pdu.subarray(0, 5));
}

function parseWrite(fn: number, pdu: Uint8Array): { fn: WriteFunction; address: number; values: Uint16Array } | number {
  if (fn !== 5 && fn !== 6 && fn !== 15 && fn !== 16) return MODBUS_EXCEPTIONS.illegalFunction;
  if (pdu.length < 5) return MODBUS_EXCEPTIONS.illegalValue;
  const address = wordAt(pdu, 1);
  const word = wordAt(pdu, 3);
  if (fn === 5) {
    if (word !== 0 && word !== 0xff00) return MODBUS_EXCEPTIONS.illegalValue;
    return { fn, address, values: Uint16Array.of(word ? 1 : 0) };
  }
  if (fn === 6) return { fn, address, values: Uint16Array.of(word) };
  const sizeBytes = fn === 15 ? Math.ceil(word / 8) : word * 2;
  if (word < 1 || pdu[5] !== sizeBytes || pdu.length !== 6 + sizeBytes) return MODBUS_EXCEPTIONS.illegalValue;
  if (address + word > 0x10000) return MODBUS_EXCEPTIONS.illegalAddress;
  const values = Uint16Array.from({ length: word }, (_, index) =>
    fn === 15 ? (pdu[6 + (index >> 3)]! >> (index & 7)) & 1 : wordAt(pdu, 6 + 2 * index),
  );
  return { fn, address, values };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function packWords(values: Uint16Array): Buffer {
  const body = Buffer.allocUnsafe(values.length * 2);
  for (let index = 0; index < values.length; index += 1) body.writeUInt16BE(values[index]!, index * 2);
  return body;
}

function packBits(values: Uint16Array): Buffer {
  const body = Buffer.alloc(Math.ceil(values.length / 8));
  for (let index = 0; index < values.length; index += 1) {
    if (values[index]) body[index >> 3]! |= 1 << (index & 7);
  }
  return body;
}
