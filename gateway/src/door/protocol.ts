/**
 * The local door of a running gateway: one JSON object per line over a Unix socket in the data directory, mode 0600.
 *
 *   → {"id":1,"op":"status","params":{}}
 *   ← {"id":1,"result":{…}}                         one answer, or
 *   ← {"id":1,"next":{…}} …  {"id":1,"end":true}    a stream, until either side closes
 *   ← {"id":1,"error":{"code":"…","message":"…","params":{…}}}
 *   → {"id":1,"op":"cancel"}                        ends the stream with that id
 */
import { join } from 'node:path';

export const DOOR_FILE = 'door.sock';

/** Unix socket paths hold 107 bytes; a longer one is reached through the directory's descriptor. */
export const LONGEST_SOCKET_PATH = 107;

/** A line longer than this is not a request of ours. */
export const LONGEST_LINE_BYTES = 1 << 20;

export interface DoorRequest {
  id: number;
  op: string;
  params: unknown;
}

export type DoorAnswer =
  | { id: number; result: unknown }
  | { id: number; next: unknown }
  | { id: number; end: true }
  | { id: number; error: DoorFault };

export interface DoorFault {
  code: string;
  message: string;
  params: Record<string, unknown>;
}

export function doorPath(dataDir: string): string {
  return join(dataDir, DOOR_FILE);
}

export function parseRequest(line: string): DoorRequest | null {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value.id !== 'number' || typeof value.op !== 'string') return null;
  return { id: value.id, op: value.op, params: value.params ?? {} };
}

export function parseAnswer(line: string): DoorAnswer | null {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value.id !== 'number') return null;
  const { id } = value;
  if ('result' in value) return { id, result: value.result };
  if ('next' in value) return { id, next: value.next };
  if ('end' in value) return { id, end: true };
  if (!isRecord(value.error)) return null;
  const { code, message, params } = value.error;
  return { id, error: { code: String(code), message: String(message), params: isRecord(params) ? params : {} } };
}

/** BigInt leaves as a decimal string, bytes as hex: JSON has neither. */
export function encodeLine(value: unknown): string {
  return `${JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === 'bigint') return member.toString();
    return member instanceof Uint8Array ? Buffer.from(member).toString('hex') : member;
  })}\n`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
