import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DoorClient } from '../../gateway/src/door/client.ts';
import { BIN, limpid, startLimpid } from '../support/limpid.ts';
import { analyserSite, type SiteFolder, serveAnalyser, siteFolder } from '../support/small-site.ts';

const closing: (() => unknown)[] = [];
let device: Awaited<ReturnType<typeof serveAnalyser>>;
let site: SiteFolder;

beforeEach(async () => {
  device = await serveAnalyser();
  closing.push(() => device.close());
  site = siteFolder(analyserSite(device.line));
  closing.push(() => site.remove());
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const run = (...args: string[]) => limpid(['run', site.siteFile, '--data', site.data, ...args]);
const verify = async (dir = site.data) => {
  const outcome = await limpid(['verify', dir, '--key', join(dir, 'keys', 'ledger.pub.pem'), '--json']);
  return JSON.parse(outcome.stdout);
};

async function runUntilSealed(): Promise<void> {
  const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
  closing.push(() => gateway.stop('SIGKILL'));
  await gateway.ready();
  const watch = startLimpid(['watch', '--data', site.data, '--json']);
  await watch.line((line) => line.includes('a21026'));
  await watch.stop();
  expect((await gateway.stop()).exitCode).toBe(0);
}

describe('limpid check', () => {
  it('names every fault with file, line, column and code, and exits with 2', async () => {
    writeFileSync(
      site.siteFile,
      `site: { name: Plant, permit: 91110000101100000J001P }
outlets:
  DA001: { medium: air, ruleSet: cn-air-hj75-2017 }
lines:
  plc: { type: tcp, host: 127.0.0.1, port: 1502 }
devices:
  cems: { profile: sdl-scs-900vu, line: plc, unit: 1, outlet: DA001, pollEveryMs: 2500 }
  dust: { profile: treeland-pmm180, line: rs485, unit: 2, outlet: DA002, pollEveryMs: 9000 }
`,
    );
    const { exitCode, stdout } = await limpid(['check', site.siteFile]);
    expect(exitCode).toBe(2);
    const faults = stdout.split('\n').map((line) => line.replace(site.siteFile, 'site.yaml').split(' ').slice(0, 2));
    expect(faults).toContainEqual(['site.yaml:7:20', 'CONFIG_UNKNOWN_PROFILE']);
    expect(faults).toContainEqual(['site.yaml:8:43', 'CONFIG_UNKNOWN_REFERENCE']);
    expect(stdout).toContain('sdl-scs-900uv');
    expect(stdout).toContain('DA002');
  });

  it('is content with a good file and tells the plan', async () => {
    const { exitCode, stdout } = await limpid(['check', site.siteFile]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('cems: 1 requests, 12 registers');
  });

  it('says so in Chinese where that is the language', async () => {
    const { stderr, exitCode } = await limpid(['check', join(site.root, 'nowhere.yaml')], { LC_ALL: 'zh_CN.UTF-8' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CONFIG_UNREADABLE 无法读取');
  });

  it('refuses a file that is not UTF-8, instead of signing what it cannot read', async () => {
    writeFileSync(
      site.siteFile,
      Buffer.concat([Buffer.from('site: { name: '), Buffer.from([0xb3, 0xa7]), Buffer.from(' }')]),
    );
    const { exitCode, stderr } = await limpid(['check', site.siteFile]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CONFIG_UNREADABLE');
    expect(stderr).toContain('UTF-8');
  });

  it('is asked for something that is not there', async () => {
    expect((await limpid(['check'])).exitCode).toBe(2);
    expect((await limpid(['frobnicate'])).exitCode).toBe(2);
  });
});

describe('limpid run', () => {
  it('starts nothing on a site file with faults', async () => {
    writeFileSync(site.siteFile, 'site: { name: Plant }\n');
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CONFIG_REFUSED');
    expect(existsSync(site.data)).toBe(false);
  });

  it('refuses a ledger that another gateway writes, and names its process', async () => {
    const first = startLimpid(['run', site.siteFile, '--data', site.data]);
    closing.push(() => first.stop('SIGKILL'));
    await first.ready();
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(1);
    expect(stderr).toContain('LEDGER_LOCKED');
    expect(stderr).toContain(String(first.process.pid));
    expect((await first.stop()).exitCode).toBe(0);
    expect(await verify()).toMatchObject({ verdict: 'verified' });
  });

  it('refuses a key that others can read', async () => {
    await limpid(['keys', '--data', site.data]);
    chmodSync(join(site.data, 'keys', 'ledger.pem'), 0o644);
    expect(await run()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('KEY_OPEN') });
  });

  it('refuses a ledger from another key, and a ledger whose key is lost', async () => {
    await runUntilSealed();
    const [key, kept] = [join(site.data, 'keys', 'ledger.pem'), join(site.root, 'kept.pem')];
    renameSync(key, kept);
    expect(await run()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('KEY_UNREADABLE') });
    await limpid(['keys', '--data', site.data]);
    expect(await run()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('LEDGER_OTHER_KEY') });
    unlinkSync(key);
    renameSync(kept, key);
    await runUntilSealed();
    expect(await verify()).toMatchObject({ verdict: 'verified' });
  });

  it('ends, and closes what it has opened, when an uplink cannot be started', async () => {
    const uplink = 'uplinks: { cloud: { type: mqtt, url: "mqtt://127.0.0.1:1", username: me, passwordEnv: NOT_SET } }';
    const line = `{ type: tcp, host: ${device.host}, port: ${device.port} }`;
    writeFileSync(site.siteFile, analyserSite(line, { more: uplink }));
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('NOT_SET');
    expect(existsSync(join(site.data, 'door.sock'))).toBe(false);
    expect(await verify()).toMatchObject({ verdict: 'verified', findings: [] });
  });

  it('goes on when its log cannot be written', async () => {
    const full = openSync('/dev/full', 'w');
    closing.push(() => closeSync(full));
    const gateway = spawn(process.execPath, [BIN, 'run', site.siteFile, '--data', site.data], {
      stdio: ['ignore', full, 'pipe'],
    });
    closing.push(() => gateway.kill('SIGKILL'));
    const ended = once(gateway, 'exit');
    while (!existsSync(join(site.data, 'door.sock'))) await setImmediate();
    const watch = startLimpid(['watch', '--data', site.data, '--json']);
    await watch.line((line) => line.includes('a21026'));
    await watch.stop();
    gateway.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    expect(await verify()).toMatchObject({ verdict: 'verified', findings: [] });
  });

  it('keeps sealing that there is no answer while a serial port is missing', async () => {
    writeFileSync(site.siteFile, analyserSite('{ type: rtu, path: /dev/serial/by-id/usb-not-there }'));
    const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
    closing.push(() => gateway.stop('SIGKILL'));
    await gateway.line((line) => line.includes('LINE_PORT_MISSING'));
    const watch = startLimpid(['watch', '--data', site.data, '--json']);
    const live = JSON.parse(await watch.line((line) => line.includes('a21026')));
    expect(live.values).toContainEqual(expect.objectContaining({ code: 'a21026', value: null, quality: 'busFault' }));
    await watch.stop();
    await gateway.stop();
    expect(await verify()).toMatchObject({ verdict: 'verified' });
  });
});

describe('limpid read', () => {
  it('exits with 1 and names the device that does not answer', async () => {
    device.faults.set({ kind: 'silence' });
    const { exitCode, stdout, stderr } = await limpid(['read', site.siteFile, '--data', site.data, '--json']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('cems: DEVICE_SILENT');
    expect(stdout).toContain('"quality":"noAnswer"');
  });

  it('says nothing more to somebody who has gone away', async () => {
    const reading = startLimpid(['read', site.siteFile, '--data', site.data, '--json']);
    let said = '';
    reading.process.stderr?.on('data', (chunk) => {
      said += String(chunk);
    });
    reading.process.stdout?.destroy();
    expect([...(await once(reading.process, 'close')), said]).toEqual([0, null, '']);
  });

  it('looks at the site file also while a gateway runs, and opens the lines of another site itself', async () => {
    const gateway = startLimpid(['run', site.siteFile, '--data', site.data]);
    closing.push(() => gateway.stop('SIGKILL'));
    await gateway.ready();
    const read = (file: string) => limpid(['read', file, '--data', site.data, '--json']);
    expect(await read(join(site.root, 'nowhere.yaml'))).toMatchObject({ exitCode: 2 });
    const other = siteFolder(analyserSite(device.line).replace('Test plant', 'Other plant').replaceAll('cems', 'gas'));
    closing.push(() => other.remove());
    const { exitCode, stdout } = await read(other.siteFile);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('"device":"gas"');
  });

  it('knows its devices', async () => {
    const { exitCode, stderr } = await limpid(['read', site.siteFile, 'dust', '--data', site.data]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('known: cems');
  });
});

describe('limpid verify', () => {
  it('says 3 without a key from outside and 1 with another key', async () => {
    await runUntilSealed();
    expect((await limpid(['verify', site.data])).exitCode).toBe(3);
    const other = join(site.root, 'other');
    await limpid(['keys', '--data', other]);
    const wrong = await limpid(['verify', site.data, '--key', join(other, 'keys', 'ledger.pub.pem')]);
    expect(wrong.exitCode).toBe(1);
  });

  it('says 6 when there is nothing to check or to check with: no verdict', async () => {
    expect(await limpid(['verify', site.root])).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('LEDGER_ABSENT'),
    });
    await runUntilSealed();
    expect((await limpid(['verify', site.data, '--key', join(site.root, 'nowhere.pem')])).exitCode).toBe(6);
    expect((await limpid(['verify'])).exitCode).toBe(6);
    expect((await limpid(['verify', '--help'])).exitCode).toBe(0);
  });
});

const isRoot = process.getuid?.() === 0;

// skipped without root: only root can mount a file system
describe.skipIf(!isRoot)('a disk of its own', () => {
  function mount(options: string): string {
    const dir = mkdtempSync(join(tmpdir(), 'limpid-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]);
    closing.push(() => {
      execFileSync('umount', [dir]);
      rmSync(dir, { recursive: true });
    });
    return dir;
  }

  it('that is read-only is refused by name', async () => {
    const dir = mount('ro');
    const { exitCode, stderr } = await limpid(['run', site.siteFile, '--data', join(dir, 'data')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('LEDGER_READ_ONLY');
  });

  it('that is full is refused by name, and taken again when there is room', async () => {
    const dir = mount('size=512k');
    const data = join(dir, 'data');
    mkdirSync(data);
    const filler = join(dir, 'filler');
    execFileSync('sh', ['-c', `cat /dev/zero > ${filler} 2>/dev/null || true`]);
    const { exitCode, stderr } = await limpid(['run', site.siteFile, '--data', data]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('LEDGER_DISK_FULL');
    unlinkSync(filler);
    const gateway = startLimpid(['run', site.siteFile, '--data', data]);
    closing.push(() => gateway.stop('SIGKILL'));
    await gateway.ready();
    expect((await gateway.stop()).exitCode).toBe(0);
    expect(await verify(data)).toMatchObject({ verdict: 'verified', findings: [] });
  });

  it('that fills up keeps nobody from ending the gateway, and leaves no silence unexplained', async () => {
    const dir = mount('size=768k');
    const data = join(dir, 'data');
    const gateway = startLimpid(['run', site.siteFile, '--data', data]);
    closing.push(() => gateway.stop('SIGKILL'));
    await gateway.ready();
    execFileSync('sh', ['-c', `cat /dev/zero > ${join(dir, 'filler')} 2>/dev/null || true`]);
    const door = await DoorClient.open(data);
    const full = gateway.line((line) => line.includes('LEDGER_DISK_FULL'));
    const detail = { why: 'x'.repeat(3_000) };
    // more than the room that is left; those that wait are given up when the gateway ends
    for (let n = 0; n < 400; n += 1) door.request('event', { event: 'ticket', detail }).catch(() => {});
    await full;
    door.close();
    await gateway.stop();
    unlinkSync(join(dir, 'filler'));
    const again = startLimpid(['run', site.siteFile, '--data', data]);
    closing.push(() => again.stop('SIGKILL'));
    await again.ready();
    await again.stop();
    expect(await verify(data)).toMatchObject({ verdict: 'verified', findings: [] });
  });
});
