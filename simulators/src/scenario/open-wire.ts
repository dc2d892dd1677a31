import { type Clock, faultText, LimpidError } from '@limpid/sdk/core';
import { bitsPerCharacter } from '@limpid/sdk/modbus';
import type { ModbusUnits } from '../wire/modbus-unit.ts';
import { openPseudoTerminal } from '../wire/pseudo-terminal.ts';
import { serveRtu } from '../wire/serve-rtu.ts';
import { serveTcp, type WireServer } from '../wire/serve-tcp.ts';
import { type LineText, type SerialLineText, serialLineSchema } from './schema.ts';

/** Where a line can be reached. */
export type Place = TcpPlace | SerialPlace;

export interface TcpPlace {
  type: 'tcp';
  host: string;
  port: number;
}

export interface SerialPlace {
  type: 'serial';
  path: string;
  baudRate: number;
  parity: SerialLineText['parity'];
  dataBits: SerialLineText['dataBits'];
  stopBits: SerialLineText['stopBits'];
}

export interface OpenWire {
  place: Place;
  server: WireServer;
}

export interface WireDeps {
  units: ModbusUnits;
  clock: Clock;
  /** 0 ≤ x < 1 */
  random: () => number;
}

/** Opens one line of a scenario; the real ones are `openWire`. */
export type WireOpener = (line: LineText, deps: WireDeps) => Promise<OpenWire>;

/** Throws SIM_LISTEN. */
export const openWire: WireOpener = async (line, deps) => {
  if (line.type === 'serial') return openSerial(line, deps);
  const { host, port } = line;
  try {
    const server = await serveTcp({ host, port, ...deps });
    return { place: { type: 'tcp', host, port: server.port }, server };
  } catch (fault) {
    throw new LimpidError('SIM_LISTEN', { endpoint: `${host}:${port}`, detail: faultText(fault) }, { cause: fault });
  }
};

/** The line as the one who starts it wants it: on a serial line, or from another port on. */
export function adapt(line: LineText, wanted: { serial?: boolean; port?: number | undefined }): LineText {
  if (line.type === 'serial') return line;
  if (wanted.serial) return serialLineSchema.parse({ type: 'serial' });
  return wanted.port === undefined ? line : { ...line, port: wanted.port };
}

function openSerial(line: SerialLineText, deps: WireDeps): OpenWire {
  const { baudRate, parity, dataBits, stopBits, turnaroundMs } = line;
  const [shortest, longest] = turnaroundMs;
  const stream = openPseudoTerminal();
  const server = serveRtu({
    ...deps,
    stream,
    baudRate,
    bitsPerCharacter: bitsPerCharacter({ baudRate, parity, dataBits, stopBits }),
    // read anew for every answer: a device thinks now shorter, now longer
    get turnaroundMs() {
      return shortest + Math.max(0, longest - shortest) * deps.random();
    },
  });
  return { place: { type: 'serial', path: stream.path, baudRate, parity, dataBits, stopBits }, server };
}
