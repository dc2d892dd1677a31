/**
 * CRC-16 of Modbus over serial line (V1.02, §6.2.2): polynomial 0xA001 reflected, start 0xFFFF; travels low byte first.
 */
const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xa001 : value >>> 1;
  return value;
});

export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffff;
  for (let at = start; at < end; at += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  return crc;
}

/** Whether the two bytes before `end` are the checksum of those from `start` on. */
export function hasValidCrc(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 4 && crc16(bytes, start, end - 2) === (bytes[end - 2]! | (bytes[end - 1]! << 8));
}

/** unit and PDU as one serial frame, checksum at the end. */
export function encodeSerialFrame(unit: number, pdu: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(pdu.length + 3);
  frame[0] = unit;
  frame.set(pdu, 1);
  frame.writeUInt16LE(crc16(frame, 0, pdu.length + 1), pdu.length + 1);
  return frame;
}
