import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@limpid/sdk/core';
import { createNodeFiles, createNodeSigner } from '@limpid/sdk/ledger/store';
import { Broker, createUplink, MqttSession, type SessionOptions } from '@limpid/sdk/uplinks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAedes, createMosquitto, freePort, type TestBroker } from '../support/brokers.ts';
import { FarEnd } from '../support/far-end.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { need } from '../support/need.ts';

const clock = createSystemClock();
const base = { name: 'cloud', clock, clientId: 'test', keepaliveS: 30, connectTimeoutS: 2 };

let directory: string;
let broker: TestBroker | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'broker-'));
});

afterEach(async () => {
  await broker?.kill();
  broker = null;
  rmSync(directory, { recursive: true, force: true });
});

/** A server that treats each connection as the test says. */
async function serve(onConnection: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
  const port = await freePort();
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `mqtt://127.0.0.1:${port}`, server };
}

describe('the version that a broker speaks', () => {
  it.skipIf(!need('mosquitto', 'mosquitto'))(
    'is MQTT 5 where there is MQTT 5, with what the broker says of itself',
    async () => {
      broker = await createMosquitto(
        (port) => `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 7`,
      );
      await broker.start();
      const session = await new Broker({ ...base, url: broker.url }).open();
      expect(session).toMatchObject({ version: 5, receiveMaximum: 7 });
      await session.close();
    },
  );

  it('is 3.1.1 where MQTT 5 is refused, and that is remembered', async () => {
    broker = await createAedes();
    await broker.start();
    const door = new Broker({ ...base, url: broker.url });
    const open = vi.spyOn(MqttSession, 'open');
    for (const calls of [2, 1]) {
      open.mockClear();
      const session = await door.open();
      expect(session.version).toBe(4);
      expect(open).toHaveBeenCalledTimes(calls);
      await session.close();
    }
    open.mockRestore();
  });

  it('is tried as 3.1.1 when MQTT 5 is answered by hanging up', async () => {
    const versions: (number | undefined)[] = [];
    const { url, server } = await serve((socket) =>
      socket.once('data', (bytes) => {
        versions.push(bytes[8]);
        if (bytes[8] === 4) socket.write(Buffer.from([0x20, 2, 0, 0]));
        else socket.destroy();
      }),
    );
    const session = await new Broker({ ...base, url }).open();
    expect(versions).toEqual([5, 4]);
    await session.close();
    server.close();
  });
});

describe('a session', () => {
  it('settles what is waiting when the connection is lost, and what comes after', async () => {
    const sockets: Socket[] = [];
    const { url, server } = await serve((socket) => {
      sockets.push(socket);
      socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
    });
    const session = await MqttSession.open({ ...base, url, version: 4 });
    const waiting = session.publish('t', 'x', { qos: 1 }); // never acknowledged
    sockets[0]!.destroy();
    await expect(waiting).rejects.toMatchObject({ code: 'UPLINK_UNREACHABLE' });
    await expect(session.publish('t', 'x', { qos: 1 })).rejects.toMatchObject({ code: 'UPLINK_UNREACHABLE' });
    expect(await session.closed).toMatchObject({ code: 'UPLINK_UNREACHABLE' });
    await session.close();
    server.close();
  });

  it('settles what is waiting when it is closed', async () => {
    const { url, server } = await serve((socket) => {
      socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
    });
    const session = await MqttSession.open({ ...base, url, version: 4 });
    const waiting = expect(session.publish('t', 'x', { qos: 1 })).rejects.toMatchObject({ code: 'STOPPED' });
    await session.close();
    await waiting;
    server.close();
  });

  it('is not opened after it was called off', async () => {
    const { url, server } = await serve(() => {});
    const stop = new AbortController();
    const opening = MqttSession.open({ ...base, url, version: 5 }, stop.signal);
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'STOPPED' });
    server.close();
  });
});

describe.skipIf(!need('mosquitto', 'mosquitto'))('who may connect', () => {
  const opened = async (options: Partial<SessionOptions>) => {
    const session = await new Broker({ ...base, url: broker!.url, ...options }).open();
    await session.close();
    return session.version;
  };

  it('is decided by user and password', async () => {
    const passwords = join(directory, 'passwords');
    execFileSync('mosquitto_passwd', ['-b', '-c', passwords, 'plant', 'secret'], { stdio: 'ignore' });
    execFileSync('chmod', ['644', passwords]);
    execFileSync('chmod', ['755', directory]);
    broker = await createMosquitto(
      (port) => `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}`,
    );
    await broker.start();
    await expect(opened({})).rejects.toMatchObject({ code: 'UPLINK_REFUSED' });
    await expect(opened({ username: 'plant', password: 'wrong' })).rejects.toMatchObject({ code: 'UPLINK_REFUSED' });
    expect(await opened({ username: 'plant', password: 'secret' })).toBe(5);
  });

  it('is decided by certificates, in both directions', async () => {
    const tls = makeCertificates(directory);
    broker = await createMosquitto(
      (port) =>
        `listener ${port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\n` +
        `cafile ${tls.ca}\ncertfile ${tls.serverCert}\nkeyfile ${tls.serverKey}`,
    );
    await broker.start();
    const url = broker.url.replace('mqtt:', 'mqtts:').replace('127.0.0.1', 'localhost');
    const ledger = new MemoryLedger(clock);
    const uplink = (options: Record<string, unknown>) =>
      createUplink(
        'cloud',
        { type: 'mqtt', url, ...options },
        {
          ...{ ledger, clock, random: Math.random, suite: ledger.suite, files: createNodeFiles(), env: {} },
          ...{ stateDir: directory, siteDir: directory },
        },
      );
    const good = uplink({ tls: { ca: 'ca.pem', cert: 'client.pem', key: 'client.key' } });
    await good.start();
    await vi.waitFor(() => expect(good.status()).toMatchObject({ connected: true, backlog: 0 }), { timeout: 5_000 });
    await good.stop();
    for (const tlsOptions of [{ ca: 'ca.pem' }, { cert: 'client.pem', key: 'client.key' }]) {
      const bad = uplink({ tls: tlsOptions });
      await bad.start();
      await vi.waitFor(() => expect(bad.status().lastFault?.code).toBe('UPLINK_UNREACHABLE'), { timeout: 5_000 });
      await bad.stop();
    }
  });
});

describe.skipIf(!need('mosquitto', 'mosquitto'))('limits and servers in a bad state', () => {
  const create = (ledger: MemoryLedger, url: string, options: Record<string, unknown> = {}) =>
    createUplink(
      'cloud',
      { type: 'mqtt', url, progressTimeoutS: 0.3, ...options },
      {
        ...{ ledger, clock, random: () => 0, suite: ledger.suite, files: createNodeFiles(), env: {} },
        ...{ stateDir: directory, siteDir: directory },
      },
    );

  it.each(['message_size_limit 3000', 'max_packet_size 3000'])(
    'a backlog gets through a broker with %s',
    async (line) => {
      broker = await createMosquitto((port) => `listener ${port} 127.0.0.1\nallow_anonymous true\n${line}`);
      await broker.start();
      const keys = generateKeyPairSync('ed25519');
      writeFileSync(join(directory, 'collector.pem'), keys.publicKey.export({ format: 'pem', type: 'spki' }));
      const ledger = new MemoryLedger(clock);
      ledger.addEvents(99);
      const far = new FarEnd({ url: broker.url, ledger, signer: createNodeSigner(keys.privateKey) });
      let size = 0;
      far.onEntries = (sequences) => {
        for (const seq of sequences) if (seq === size) size += 1;
        void far.receipt(size);
      };
      await far.connect();
      const uplink = create(ledger, broker.url, { receiptKeys: ['collector.pem'] });
      try {
        await uplink.start();
        await vi.waitFor(() => expect(uplink.status()).toMatchObject({ receiptedSize: 100, backlog: 0 }), {
          timeout: 15_000,
        });
      } finally {
        await uplink.stop();
        await far.close();
      }
    },
    20_000,
  );

  it('stops although the far side reads nothing any more', async () => {
    const { url, server } = await serve((socket) =>
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
        socket.pause();
      }),
    );
    const ledger = new MemoryLedger(clock);
    ledger.addEvents(20_000);
    const uplink = create(ledger, url, { window: 1_000, outstandingMiB: 200, progressTimeoutS: 60 });
    await uplink.start();
    await vi.waitFor(() => expect(uplink.status().sent).toBe(20_001), { timeout: 5_000 });
    const startedAtMs = clock.monoMs();
    await uplink.stop();
    expect(clock.monoMs() - startedAtMs).toBeLessThan(3_000);
    server.close();
  }, 15_000);
});

describe('a broker that lets a gateway in and then', () => {
  const connack = Buffer.from([0x20, 3, 0, 0, 0]);
  const create = (url: string, options: Record<string, unknown> = {}) => {
    const ledger = new MemoryLedger(clock);
    return createUplink(
      'cloud',
      { type: 'mqtt', url, receiptKeys: ['collector.pem'], ...options },
      {
        ...{ ledger, clock, random: () => 0, suite: ledger.suite, files: createNodeFiles(), env: {} },
        ...{ stateDir: directory, siteDir: directory },
      },
    );
  };

  beforeEach(() => {
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(directory, 'collector.pem'), publicKey.export({ format: 'pem', type: 'spki' }));
  });

  it('says nothing more is given up, and does not keep a stop waiting', async () => {
    let connections = 0;
    const { url, server } = await serve((socket) =>
      socket.once('data', () => {
        connections += 1;
        socket.write(connack);
      }),
    );
    const patient = create(url);
    await patient.start();
    await vi.waitFor(() => expect(connections).toBe(1));
    await patient.stop();
    const hasty = create(url, { connectTimeoutS: 0.2 });
    await hasty.start();
    await vi.waitFor(() => expect(hasty.status().lastFault?.text).toContain('SUBSCRIBE'), { timeout: 3_000 });
    await hasty.stop();
    server.close();
  });

  it('throws it out is tried ever less often', async () => {
    const times: number[] = [];
    const { url, server } = await serve((socket) =>
      socket.once('data', () => {
        times.push(clock.monoMs());
        socket.write(connack);
        socket.end();
      }),
    );
    const uplink = create(url);
    await uplink.start();
    await vi.waitFor(() => expect(times.length).toBe(3), { timeout: 8_000 });
    await uplink.stop();
    expect(times[2]! - times[1]!).toBeGreaterThan(1.5 * (times[1]! - times[0]!));
    server.close();
  }, 10_000);
});

describe('options', () => {
  const create = (options: { type: string; [option: string]: unknown }, env: Record<string, string> = {}) => {
    const ledger = new MemoryLedger(clock);
    return createUplink('cloud', options, {
      ...{ ledger, clock, random: Math.random, suite: ledger.suite, files: createNodeFiles(), env },
      ...{ stateDir: directory, siteDir: directory },
    });
  };
  const url = 'mqtt://127.0.0.1:1';

  it('that are wrong are told all at once', () => {
    expect(() => create({ type: 'smoke' })).toThrow(expect.objectContaining({ code: 'CONFIG_UNKNOWN_REFERENCE' }));
    expect(() => create({ type: 'mqtt', url: 'http://x', window: 0 })).toThrow(
      expect.objectContaining({ code: 'CONFIG_SHAPE', message: expect.stringMatching(/url.*window/s) }),
    );
  });

  it('that name what is not there stop the start', async () => {
    const refused = async (options: Record<string, unknown>) =>
      create({ type: 'mqtt', url, ...options })
        .start()
        .then(
          () => null,
          (fault: { code: string }) => fault.code,
        );
    expect(await refused({ receiptKeys: ['absent.pem'] })).toBe('KEY_UNREADABLE');
    expect(await refused({ username: 'plant', passwordEnv: 'NOT_SET' })).toBe('CONFIG_UNREADABLE');
    expect(await refused({ tls: { ca: 'absent.pem' } })).toBe('CONFIG_UNREADABLE');
    writeFileSync(
      join(directory, 'p256.pem'),
      execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout']),
    );
    expect(await refused({ receiptKeys: ['p256.pem'] })).toBe('KEY_UNREADABLE');
  });
});

function makeCertificates(where: string) {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: where, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test-ca', '-days', '2');
  writeFileSync(join(where, 'san'), 'subjectAltName=DNS:localhost');
  for (const who of ['server', 'client']) {
    openssl('req', ...newKey, '-keyout', `${who}.key`, '-out', `${who}.csr`, '-subj', `/CN=${who}`);
    const sign = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san'];
    openssl('x509', '-req', '-in', `${who}.csr`, '-out', `${who}.pem`, ...sign);
  }
  execFileSync('chmod', ['-R', 'a+rX', where]);
  return { ca: join(where, 'ca.pem'), serverCert: join(where, 'server.pem'), serverKey: join(where, 'server.key') };
}
