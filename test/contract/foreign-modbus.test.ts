import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createSystemClock } from '@limpid/sdk/core';
import { createLine, type Line, type LineOptions } from '@limpid/sdk/modbus';
import { afterEach, describe, expect, it } from 'vitest';
import { openPseudoTerminal, serveRtu, serveTcp } from '../../simulators/src/wire/index.ts';
import { compile, layCable, startProgram } from '../support/foreign-server.ts';
import { COUNTING_UNIT } from '../support/line-bench.ts';
import { need } from '../support/need.ts';

/** Register a holds a + 7 in both servers, input registers a + 9, bits are set where a is odd. */
const PYMODBUS = `
import sys
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSequentialDataBlock as Block
from pymodbus.server import StartTcpServer, StartSerialServer
from pymodbus.transaction import ModbusRtuFramer
bits = [a & 1 for a in range(4000)]
slave = ModbusSlaveContext(zero_mode=True, hr=Block(0, [a + 7 for a in range(1000)]), ir=Block(0, [a + 9 for a in range(1000)]),
                           co=Block(0, bits), di=Block(0, bits))
context = ModbusServerContext(slaves={5: slave}, single=False)
kind, where = sys.argv[1:]
print('READY', flush=True)
if kind == 'tcp':
    StartTcpServer(context=context, address=('127.0.0.1', int(where)))
else:
    StartSerialServer(context=context, framer=ModbusRtuFramer, port=where, baudrate=19200, timeout=0.005)
`;

const LIBMODBUS = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <modbus/modbus.h>
int main(int argc, char **argv) {
  int is_tcp = !strcmp(argv[1], "tcp"), rc;
  modbus_t *m = is_tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], 19200, 'N', 8, 1);
  modbus_mapping_t *map = modbus_mapping_new(4000, 4000, 1000, 1000);
  for (int a = 0; a < 1000; a++) { map->tab_registers[a] = a + 7; map->tab_input_registers[a] = a + 9; }
  for (int a = 0; a < 4000; a++) map->tab_bits[a] = map->tab_input_bits[a] = a & 1;
  modbus_set_slave(m, 5);
  if (is_tcp) { int s = modbus_tcp_listen(m, 1); puts("READY"); fflush(stdout); modbus_tcp_accept(m, &s); }
  else { if (modbus_connect(m)) return 1; puts("READY"); fflush(stdout); }
  uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
  for (;;) {
    rc = modbus_receive(m, query);
    if (rc > 0) modbus_reply(m, query, rc, map);
    else if (rc == -1 && is_tcp) return 0;
  }
}
`;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.skipIf(!need({ python: 'pymodbus' }, 'python3-pymodbus'))('a server by pymodbus', () => {
  it.each(['tcp', 'rtu'] as const)('is read over %s', async (kind) => {
    const cable = await layCable(kind, closing);
    await startProgram('/usr/bin/python3', ['-c', PYMODBUS, kind, cable.where], closing);
    await readEverything({ ...cable.options, name: 'foreign' });
  });
});

describe.skipIf(!need('gcc', 'gcc') || !need({ file: '/usr/include/modbus/modbus.h' }, 'libmodbus-dev'))(
  'a server by libmodbus',
  () => {
    it.each(['tcp', 'rtu'] as const)('is read over %s', async (kind) => {
      const cable = await layCable(kind, closing);
      await startProgram(compile(LIBMODBUS, closing), [kind, cable.where], closing);
      await readEverything({ ...cable.options, name: 'foreign' });
    });
  },
);

describe.skipIf(!need('mbpoll', 'mbpoll'))('mbpoll', () => {
  const run = promisify(execFile);
  const units = new Map([[1, COUNTING_UNIT]]);
  const three = /\[100\]:\s+100\s+\[101\]:\s+101\s+\[102\]:\s+102/;

  it('reads our TCP end, and is told its exception', async () => {
    const server = await serveTcp({ units });
    closing.push(() => server.close());
    const args = ['-1', '-0', '-p', `${server.port}`, '-c', '3'];
    expect((await run('mbpoll', [...args, '-r', '100', server.host])).stdout).toMatch(three);
    const refused = await run('mbpoll', [...args, '-r', '60000', server.host]).catch((fault: unknown) => fault);
    expect(JSON.stringify(refused)).toContain('Illegal data address');
  });

  it('reads our serial end at the pace of 9600 Bd', async () => {
    const stream = openPseudoTerminal();
    const server = serveRtu({ stream, baudRate: 9_600, turnaroundMs: 5, units });
    closing.push(() => server.close());
    const args = ['-m', 'rtu', '-1', '-0', '-b', '9600', '-P', 'none', '-r', '100', '-c', '3', stream.path];
    expect((await run('mbpoll', args)).stdout).toMatch(three);
    expect(server.requests).toBe(1);
  });
});

async function readEverything(options: LineOptions): Promise<void> {
  const line = createLine(
    { ...options, timeoutMs: 500, reconnect: { initialMs: 20, maximumMs: 20, factor: 1, jitter: 0 } },
    { clock: createSystemClock(), random: Math.random },
  );
  closing.push(() => line.stop());
  await line.start();
  await expect.poll(() => canRead(line), { timeout: 10_000, interval: 20 }).toBe(true);
  const words = (fn: 3 | 4, count: number) => line.read({ unit: 5, fn, address: 100, count });
  expect([...(await words(3, 125))]).toEqual(Array.from({ length: 125 }, (_, index) => 107 + index));
  expect([...(await words(4, 2))]).toEqual([109, 110]);
  for (const fn of [1, 2] as const) {
    const bits = [...(await line.read({ unit: 5, fn, address: 3, count: 19 }))];
    expect(bits).toEqual(Array.from({ length: 19 }, (_, index) => (3 + index) & 1));
  }
  const refused = line.read({ unit: 5, fn: 3, address: 990, count: 20 });
  await expect(refused).rejects.toMatchObject({ code: 'DEVICE_EXCEPTION', params: { exception: 2 } });
  expect([...(await words(3, 1))]).toEqual([107]);
}

async function canRead(line: Line): Promise<boolean> {
  return line.read({ unit: 5, fn: 3, address: 0, count: 1 }, { timeoutMs: 100 }).then(
    () => true,
    () => false,
  );
}
