import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LimpidError } from '@limpid/sdk/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DoorClient } from './client.ts';
import { doorPath } from './protocol.ts';
import { DoorServer } from './server.ts';

let dir: string;
let server: DoorServer;
let aborted: Promise<void>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'limpid-door-'));
  let onAbort = () => {};
  aborted = new Promise((resolve) => {
    onAbort = resolve;
  });
  server = new DoorServer(dir, {
    echo: async ({ params }) => params,
    refuse: () => Promise.reject(new LimpidError('LINE_LOST', { line: 'rs485', detail: 'unplugged' })),
    big: async () => 2n ** 60n,
    async *count({ signal }) {
      signal.addEventListener('abort', onAbort);
      for (let n = 0; !signal.aborted; n += 1) {
        yield n;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async *three() {
      yield* [1, 2, 3];
    },
  });
  await server.start();
});

afterEach(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('the local door', () => {
  it('is a socket that only its owner can open', () => {
    expect(statSync(doorPath(dir)).mode & 0o777).toBe(0o600);
  });

  it('that may not be opened is denied and not absent: somebody owns the lines behind it', async () => {
    chmodSync(doorPath(dir), 0);
    if (process.geteuid?.() === 0) process.seteuid?.(65_534); // permissions do not hold root back
    try {
      await expect(DoorClient.open(dir)).rejects.toMatchObject({ code: 'DOOR_DENIED' });
    } finally {
      if (process.getuid?.() === 0) process.seteuid?.(0);
    }
  });

  it('answers a request, and several at once in any order', async () => {
    const client = await DoorClient.open(dir);
    expect(await Promise.all([client.request('echo', { a: 1 }), client.request('echo', { a: 2 })])).toEqual([
      { a: 1 },
      { a: 2 },
    ]);
    expect(await client.request('big')).toBe('1152921504606846976');
    client.close();
  });

  it('carries the code of a refusal across', async () => {
    const client = await DoorClient.open(dir);
    await expect(client.request('refuse')).rejects.toMatchObject({ code: 'LINE_LOST' });
    await expect(client.request('toString')).rejects.toMatchObject({ code: 'DOOR_REFUSED' });
    client.close();
  });

  it('streams until the reader has enough, and tells the operation so', async () => {
    const client = await DoorClient.open(dir);
    const seen: unknown[] = [];
    for await (const next of client.stream('count')) {
      seen.push(next);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([0, 1, 2]);
    await aborted;
    client.close();
  });

  it('ends a stream that has an end', async () => {
    const client = await DoorClient.open(dir);
    const seen: unknown[] = [];
    for await (const next of client.stream('three')) seen.push(next);
    expect(seen).toEqual([1, 2, 3]);
    client.close();
  });

  it('says that no gateway runs when the socket is absent or goes away', async () => {
    await expect(DoorClient.open(join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'DOOR_ABSENT' });
    const client = await DoorClient.open(dir);
    const stream = client.stream('count')[Symbol.asyncIterator]();
    await stream.next();
    await server.stop();
    const drained = async () => {
      for (;;) if ((await stream.next()).done === true) return;
    };
    await expect(drained()).rejects.toMatchObject({ code: 'DOOR_LOST' });
    await expect(client.request('echo')).rejects.toMatchObject({ code: 'DOOR_LOST' });
  });

  it('works in a directory whose path is longer than a socket address', async () => {
    const deep = mkdtempSync(join(dir, 'x'.repeat(120)));
    const far = new DoorServer(deep, { echo: async ({ params }) => params });
    await far.start();
    const client = await DoorClient.open(deep);
    expect(await client.request('echo', { here: true })).toEqual({ here: true });
    client.close();
    await far.stop();
  });

  it('takes over a socket that a killed gateway left behind', async () => {
    const other = mkdtempSync(join(dir, 'left'));
    const first = new DoorServer(other, {});
    await first.start();
    const second = new DoorServer(other, { echo: async () => 'second' });
    await second.start();
    const client = await DoorClient.open(other);
    expect(await client.request('echo')).toBe('second');
    client.close();
    await second.stop();
    await first.stop();
  });

  it('closes on garbage without taking the gateway down', async () => {
    const socket = createConnection(doorPath(dir));
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
      socket.write('GET / HTTP/1.1\n');
    });
    expect(answer).toContain('USAGE');
    const client = await DoorClient.open(dir);
    expect(await client.request('echo', 1)).toBe(1);
    client.close();
  });
});
