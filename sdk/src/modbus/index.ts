export { crc16, encodeSerialFrame, hasValidCrc } from './crc.ts';
export {
  createLine,
  DEFAULT_TIMEOUT_MS,
  type LineDependencies,
  type LineOptions,
  RECONNECT,
  type RtuLineOptions,
  type RtuOverTcpLineOptions,
  type TcpLineOptions,
} from './create-line.ts';
export { exceptionMeaning, MODBUS_EXCEPTIONS } from './exception.ts';
export type { Block, DeviceMap, Field, FieldResult } from './field.ts';
export type { Line, LineCost, LineUsage, ReadFunction, ReadRequest } from './line.ts';
export { bitsPerCharacter, characterMs, type SerialFormat, serialCost, silenceMs } from './line-timing.ts';
export { type PlannedRead, planCostMs, planReads } from './plan.ts';
export { RegisterReader, type RegisterReaderOptions } from './reader.ts';
export type { Refusal, RefusalsRecord } from './refusals.ts';
export { listSerialPorts, type Rs485Options, type SerialOptions, serialTransport } from './serial-transport.ts';
export type { OpenTransport, Transport, TransportEvents } from './transport.ts';
export { type Leave, UnitHealth } from './unit-health.ts';
export { waitPrecisely } from './wait-precisely.ts';
