import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPseudoTerminal, type PseudoTerminal } from '../../simulators/src/wire/index.ts';

/** Holding registers of unit 1 by address; every other one of 0..999 is zero. */
export type Registers = ReadonlyMap<number, number>;

const PYMODBUS = `
import json, sys
from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSequentialDataBlock as Block
from pymodbus.server import StartTcpServer, StartSerialServer
from pymodbus.transaction import ModbusRtuFramer
kind, where, registers = sys.argv[1:]
words = [0] * 1000
for address, word in json.loads(registers): words[address] = word
context = ModbusServerContext(slaves={1: ModbusSlaveContext(zero_mode=True, hr=Block(0, words))}, single=False)
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
#include <modbus/modbus.h>
int main(int argc, char **argv) {
  int is_tcp = !strcmp(argv[1], "tcp"), rc, i;
  modbus_t *m = is_tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], 19200, 'N', 8, 1);
  modbus_mapping_t *map = modbus_mapping_new(0, 0, 1000, 0);
  for (i = 3; i + 1 < argc; i += 2) map->tab_registers[atoi(argv[i])] = atoi(argv[i + 1]);
  modbus_set_slave(m, 1);
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

export interface ForeignServer {
  /** the line of a site.yaml that reaches it */
  line: string;
  close(): Promise<void>;
}

/** A Modbus server by somebody else, on a TCP port or at the other end of a serial cable. */
export async function startForeignServer(
  maker: 'pymodbus' | 'libmodbus',
  kind: 'tcp' | 'rtu',
  registers: Registers,
): Promise<ForeignServer> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  const { options, where } = await layCable(kind, closing);
  const pairs = [...registers];
  const [program, args] =
    maker === 'pymodbus'
      ? ['/usr/bin/python3', ['-c', PYMODBUS, kind, where, JSON.stringify(pairs)]]
      : [compile(LIBMODBUS, closing), [kind, where, ...pairs.flat().map(String)]];
  await startProgram(program, args, closing);
  return { line: JSON.stringify(options), close };
}

export interface Cable {
  /** our end, as a line of a site.yaml */
  options: { type: 'tcp'; host: string; port: number } | ({ type: 'rtu'; path: string } & typeof SERIAL_FORMAT);
  /** what the server listens on */
  where: string;
}

const SERIAL_FORMAT = { baudRate: 19_200, parity: 'none', dataBits: 8, stopBits: 1 } as const;

/** A serial cable has a server at each end: two pseudo-terminals, joined. */
export async function layCable(kind: 'tcp' | 'rtu', closing: (() => unknown)[]): Promise<Cable> {
  if (kind === 'tcp') {
    const port = await freePort();
    return { options: { type: 'tcp', host: '127.0.0.1', port }, where: String(port) };
  }
  const [ours, theirs] = [openPseudoTerminal(), openPseudoTerminal()];
  joinEnds(ours, theirs);
  closing.push(ours.close, theirs.close);
  return { options: { type: 'rtu', path: ours.path, ...SERIAL_FORMAT }, where: theirs.path };
}

function joinEnds(a: PseudoTerminal, b: PseudoTerminal): void {
  a.onData((bytes) => b.write(bytes));
  b.onData((bytes) => a.write(bytes));
}

export function compile(source: string, closing: (() => unknown)[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'limpid-libmodbus-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const [file, program] = [join(folder, 'server.c'), join(folder, 'server')];
  writeFileSync(file, source);
  execFileSync('gcc', ['-O1', '-o', program, file, '-lmodbus']);
  return program;
}

/** Resolves when the program has said READY. */
export async function startProgram(program: string, args: string[], closing: (() => unknown)[]): Promise<void> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  child.stderr?.on('data', (text: Buffer) => errors.push(String(text)));
  closing.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (String(text).includes('READY')) resolve();
    });
    child.once('close', (code) => reject(new Error(`${program} ended with ${code}: ${errors.join('').slice(-500)}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
