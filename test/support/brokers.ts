import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Aedes } from 'aedes';

/** A broker for tests. `kill` is a crash; `start` after it comes back on the same port. */
export interface TestBroker {
  readonly kind: 'aedes' | 'mosquitto';
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** A port that was free a moment ago, for programs that cannot be told 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Embedded; speaks 3.1.1 only and forgets everything when killed. */
export async function createAedes(): Promise<TestBroker> {
  const port = await freePort();
  let running: { broker: Aedes; server: Server } | null = null;
  return {
    kind: 'aedes',
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      const broker = await Aedes.createBroker();
      const server = createServer(broker.handle).listen(port, '127.0.0.1');
      await once(server, 'listening');
      running = { broker, server };
    },
    kill: async () => {
      if (running === null) return;
      const { broker, server } = running;
      running = null;
      const closed = once(server, 'close');
      server.close();
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await closed;
    },
  };
}

/** Debian's mosquitto without persistence; `configuration` replaces the listener's lines. */
export async function createMosquitto(configuration: (port: number) => string = openListener): Promise<TestBroker> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `${configuration(port)}\nset_tcp_nodelay true\nlog_dest stderr\n`);
  let child: ChildProcess | null = null;
  return {
    kind: 'mosquitto',
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      child = spawn('/usr/sbin/mosquitto', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      for await (const line of createInterface({ input: child.stderr! })) if (line.includes('running')) break;
      child.stderr?.resume();
      if (child.exitCode !== null) throw new Error('mosquitto did not start');
    },
    kill: async () => {
      const dying = child;
      child = null;
      if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return;
      const gone = once(dying, 'exit');
      dying.kill('SIGKILL');
      await gone;
    },
  };
}

function openListener(port: number): string {
  return `listener ${port} 127.0.0.1\nallow_anonymous true`;
}
