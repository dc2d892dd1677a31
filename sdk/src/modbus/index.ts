export { crc16, encodeSerialFrame, hasValidCrc } from './crc.ts';
export type { Block, DeviceMap, Field, FieldResult } from './field.ts';
export type { Line, LineCost, LineUsage, ReadFunction, ReadRequest } from './line.ts';
export { bitsPerCharacter, characterMs, type SerialFormat, serialCost, silenceMs } from './line-timing.ts';
export { waitPrecisely } from './wait-precisely.ts';
export { type PlannedRead, planCostMs, planReads } from './plan.ts';
