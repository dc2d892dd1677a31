import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@limpid/sdk/core';
import { createLine, type Line, type LineOptions } from '@limpid/sdk/modbus';
import {
  type ModbusUnit,
  openPseudoTerminal,
  serveRtu,
  serveRtuOverTcp,
  serveTcp,
  type WireServer,
} from '../../simulators/src/wire/index.ts';

/** A line, the device at its other end, and the cable between them. */
export interface LineBench {
  line: Line;
  server(): WireServer & { early?: number };
  unplug(): Promise<void>;
  replug(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  timeoutMs?: number;
  baudRate?: number;
  turnaroundMs?: number;
  echo?: boolean;
  units?: ReadonlyMap<number, ModbusUnit>;
}

/** Register a holds a, bit a is whether a is divisible by 3; nothing above 60000. */
export const COUNTING_UNIT: ModbusUnit = {
  read: (fn, address, count) =>
    address + count > 60_001
      ? 2
      : Uint16Array.from({ length: count }, (_, index) =>
          fn <= 2 ? Number((address + index) % 3 === 0) : address + index,
        ),
};

const UNITS = new Map([1, 2, 247].map((unit) => [unit, COUNTING_UNIT]));
const RECONNECT = { initialMs: 10, maximumMs: 50, factor: 2, jitter: 0 };
export const LINE_KINDS = ['rtu', 'rtu-over-tcp', 'tcp'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** Starts the line; what it needs is closed by `close`. */
export async function openLineBench(kind: LineKind, options: BenchOptions = {}): Promise<LineBench> {
  const clock = createSystemClock();
  const cable = kind === 'rtu' ? serialCable(options) : await socketCable(kind, options);
  const line = createLine(
    { ...cable.options, name: kind, timeoutMs: options.timeoutMs ?? 100, reconnect: RECONNECT },
    { clock, random: Math.random },
  );
  await line.start();
  return {
    line,
    server: cable.server,
    unplug: cable.unplug,
    replug: cable.replug,
    close: async () => {
      await line.stop();
      await cable.unplug();
      cable.remove();
    },
  };
}

function serialCable(options: BenchOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'limpid-line-'));
  const path = join(folder, 'usb-adapter');
  const plug = () => {
    const stream = openPseudoTerminal();
    symlinkSync(stream.path, path);
    const { baudRate = 115_200, turnaroundMs = 0, units = UNITS } = options;
    return serveRtu({ stream, baudRate, turnaroundMs, units });
  };
  let server = plug();
  return {
    options: serialOptions(path, options),
    server: () => server,
    unplug: async () => {
      rmSync(path, { force: true });
      await server.close();
    },
    replug: async () => {
      server = plug();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function serialOptions(path: string, { baudRate = 115_200, echo = false }: BenchOptions): LineOptions {
  return { type: 'rtu', name: '', path, baudRate, parity: 'none', dataBits: 8, stopBits: 1, echo };
}

async function socketCable(kind: 'tcp' | 'rtu-over-tcp', options: BenchOptions) {
  const { baudRate = 115_200, turnaroundMs = 0, units = UNITS, echo = false } = options;
  const plug = (port: number) =>
    kind === 'tcp' ? serveTcp({ port, units }) : serveRtuOverTcp({ port, units, baudRate, turnaroundMs });
  let server = await plug(0);
  const { host, port } = server;
  const endpoint = { name: '', host, port };
  const lineOptions: LineOptions =
    kind === 'tcp' ? { type: 'tcp', ...endpoint } : { type: 'rtu-over-tcp', ...endpoint, baudRate, echo };
  return {
    options: lineOptions,
    server: () => server,
    unplug: () => server.close(),
    replug: async () => {
      server = await plug(port);
    },
    remove: () => undefined,
  };
}
