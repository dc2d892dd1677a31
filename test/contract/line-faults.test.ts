import { once } from 'node:events';
import { createServer } from 'node:net';
import { createSystemClock, isLimpidError } from '@limpid/sdk/core';
import { createLine, type Line, type LineOptions } from '@limpid/sdk/modbus';
import { afterEach, describe, expect, it } from 'vitest';
import { openPseudoTerminal, serveTcp } from '../../simulators/src/wire/index.ts';
import { COUNTING_UNIT, LINE_KINDS, openLineBench } from '../support/line-bench.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const FORMAT = { baudRate: 9_600, parity: 'none', dataBits: 8, stopBits: 1 } as const;

async function start(options: LineOptions): Promise<Line> {
  const line = createLine(options, { clock: createSystemClock(), random: () => 0 });
  closing.push(() => line.stop());
  await line.start();
  return line;
}

async function codeOf(line: Line): Promise<string> {
  try {
    await line.read({ unit: 1, fn: 3, address: 0, count: 1 });
    return 'answered';
  } catch (fault) {
    return isLimpidError(fault) ? fault.code : String(fault);
  }
}

describe('a line that cannot be opened', () => {
  it('says that another program has the port', async () => {
    const terminal = openPseudoTerminal();
    closing.push(terminal.close);
    await start({ type: 'rtu', name: 'first', path: terminal.path, ...FORMAT });
    const second = await start({ type: 'rtu', name: 'second', path: terminal.path, ...FORMAT });
    expect(await codeOf(second)).toBe('LINE_PORT_BUSY');
  });

  it('says that a file is no serial port', async () => {
    const line = await start({ type: 'rtu', name: 'file', path: '/etc/hostname', ...FORMAT });
    expect(await codeOf(line)).toBe('LINE_UNREACHABLE');
  });

  it.each(['tcp', 'rtu-over-tcp'] as const)(
    'says that nobody listens (%s), or that there is no such host',
    async (type) => {
      const server = await serveTcp({ units: new Map() });
      await server.close();
      const nobody = await start({ type, name: 'nobody', host: server.host, port: server.port });
      const nowhere = await start({ type, name: 'nowhere', host: 'no-such-host.invalid', port: 502, timeoutMs: 5_000 });
      expect([await codeOf(nobody), await codeOf(nowhere)]).toEqual(['LINE_UNREACHABLE', 'LINE_UNREACHABLE']);
    },
  );

  it('comes back by itself when the other program has left', async () => {
    const terminal = openPseudoTerminal();
    closing.push(terminal.close);
    const first = await start({ type: 'rtu', name: 'first', path: terminal.path, ...FORMAT });
    const reconnect = { initialMs: 10, maximumMs: 10, factor: 1, jitter: 0 };
    const second = await start({
      type: 'rtu',
      name: 'second',
      path: terminal.path,
      ...FORMAT,
      timeoutMs: 20,
      reconnect,
    });
    await first.stop();
    await expect.poll(() => second.usage().open, { interval: 5 }).toBe(true);
    expect(await codeOf(second)).toBe('DEVICE_SILENT');
  });
});

describe('a TCP peer that misbehaves', () => {
  it('is left when it does not speak Modbus TCP, and met again', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
      socket.on('error', () => socket.destroy());
      closing.push(() => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const reconnect = { initialMs: 5, maximumMs: 5, factor: 1, jitter: 0 };
    const line = await start({ type: 'tcp', name: 'web', host: '127.0.0.1', port, reconnect });
    expect(await codeOf(line)).toBe('DEVICE_GARBLED');
    await expect.poll(() => connections, { interval: 5 }).toBeGreaterThan(1);
  });

  it('may close the connection once without losing a read', async () => {
    const server = await serveTcp({ units: new Map([[1, COUNTING_UNIT]]) });
    closing.push(() => server.close());
    const line = await start({ type: 'tcp', name: 'idle', host: server.host, port: server.port });
    expect(await codeOf(line)).toBe('answered');
    server.dropConnections();
    expect(await codeOf(line)).toBe('answered');
    server.faults.set({ kind: 'drop' }, { times: 1 });
    expect(await codeOf(line)).toBe('answered');
    server.faults.set({ kind: 'drop' });
    expect(await codeOf(line)).toBe('LINE_LOST');
  });
});

describe('stopping', () => {
  it.each(LINE_KINDS)('leaves no timer, socket or port behind (%s)', async (kind) => {
    const before = process.getActiveResourcesInfo();
    const bench = await openLineBench(kind);
    expect(await codeOf(bench.line)).toBe('answered');
    bench.server().faults.set({ kind: 'silence' });
    const waiting = codeOf(bench.line);
    await bench.close();
    expect(await waiting).toBe('STOPPED');
    await expect.poll(() => more(process.getActiveResourcesInfo(), before), { interval: 10 }).toEqual([]);
  });
});

/** What there is now and was not before; earlier tests may still be closing theirs. */
function more(now: string[], before: string[]): string[] {
  const left = [...before];
  return now.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
