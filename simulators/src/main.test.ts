import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/limpid-sim.js', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  child: ChildProcess;
  /** the next line of standard output */
  line(): Promise<string>;
  json(): Promise<Record<string, unknown>>;
  say(text: string): void;
  exit(): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function limpidSim(
  args: readonly string[],
  options: { stdin?: 'pipe' | 'ignore'; env?: Record<string, string> } = {},
): Running {
  return watch([process.execPath, BIN, ...args], options);
}

function watch(
  [file = '', ...args]: string[],
  { stdin = 'pipe', env = {} }: { stdin?: 'pipe' | 'ignore'; env?: Record<string, string> },
): Running {
  const child = spawn(file, args, {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { ...process.env, LANG: 'C', LC_ALL: 'C', ...env },
  });
  children.push(child);
  const [lines, waiting]: [string[], ((line: string) => void)[]] = [[], []];
  let [stdout, stderr] = ['', ''];
  child.stderr!.on('data', (chunk) => {
    stderr += String(chunk);
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    stdout += `${line}\n`;
    const next = waiting.shift();
    if (next) next(line);
    else lines.push(line);
  });
  const closed = once(child, 'close');
  const line = () => {
    const ready = lines.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    const next = new Promise<string>((resolve) => waiting.push(resolve));
    const ended = closed.then(() => Promise.reject(new Error(`it ended: ${stderr}`)));
    return Promise.race([next, ended]);
  };
  return {
    child,
    line,
    json: async () => JSON.parse(await line()),
    say: (text) => child.stdin!.write(`${text}\n`),
    exit: async () => {
      const [code] = await closed;
      return { code, stdout, stderr };
    },
  };
}

describe('limpid-sim', () => {
  it('lists the scenarios, for people and for scripts', async () => {
    const { code, stdout } = await limpidSim(['list']).exit();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^demo-stack\s+/m);
    const json = await limpidSim(['list', '--json']).exit();
    expect(JSON.parse(json.stdout).map(({ name }: { name: string }) => name)).toContain('demo-effluent');
  });

  it('says in one JSON line where it listens, obeys, and quits with 0', async () => {
    const sim = limpidSim(['run', 'demo', '--json', '--port', '0']);
    const { listening } = await sim.json();
    expect(listening).toHaveLength(5);
    expect(listening).toContainEqual({
      device: 'cems',
      profile: 'sdl-scs-900uv',
      line: 'stack',
      unit: 1,
      outlet: 'DA001',
      code: null,
      type: 'tcp',
      host: '127.0.0.1',
      port: expect.any(Number),
    });
    expect(listening).toContainEqual(
      expect.objectContaining({
        device: 'cod',
        code: 'w01018',
        type: 'serial',
        path: expect.stringMatching(/^\/dev\//),
      }),
    );
    sim.say('set so2 120');
    expect(await sim.json()).toEqual({ did: 'set so2 120' });
    sim.say('set so3 120');
    expect(await sim.json()).toMatchObject({ code: 'SIM_COMMAND', message: expect.stringContaining('so2') });
    sim.say('quit');
    expect((await sim.exit()).code).toBe(0);
  });

  it('prints one line for each device, and goes on after a bad command', async () => {
    const sim = limpidSim(['run', 'demo-stack', '--serial']);
    expect(await sim.line()).toContain('demo-stack');
    expect(await sim.line()).toMatch(/cems .*serial \/dev\/\S+ 9600 8N1 unit 1$/);
    expect(await sim.line()).toMatch(/dust .*serial \/dev\/\S+ 9600 8N1 unit 2$/);
    sim.say('explode\nshow dust\nquit');
    const { code, stdout, stderr } = await sim.exit();
    expect([code, stderr]).toEqual([0, expect.stringContaining('SIM_COMMAND')]);
    expect(stdout).toContain('dust (running): dust ');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('goes on without standard input, and ends with 0 on %s', async (signal) => {
    const sim = limpidSim(['run', 'demo-stack', '--json', '--port', '0'], { stdin: 'ignore' });
    const { listening } = await sim.json();
    const [{ port }] = listening as [{ port: number }];
    // it has seen the end of its input by the time it has answered
    const socket = connect(port, '127.0.0.1');
    socket.write(Buffer.from('000100000006010300' + '0a000c', 'hex'));
    const [answer] = await once(socket, 'data');
    expect((answer as Buffer).length).toBe(9 + 24);
    socket.destroy();
    sim.child.kill(signal);
    expect((await sim.exit()).code).toBe(0);
  });

  it('goes on when standard input is closed before it starts or ends while it runs', async () => {
    const closed = watch(
      ['sh', '-c', `exec "$0" "$@" <&-`, process.execPath, BIN, 'run', 'demo-stack', '--json', '--port', '0'],
      {},
    );
    await closed.json();
    const ended = limpidSim(['run', 'demo-stack', '--json', '--port', '0']);
    await ended.json();
    ended.child.stdin!.end('set so2 99\n');
    expect(await ended.json()).toEqual({ did: 'set so2 99' });
    for (const sim of [closed, ended]) {
      expect(sim.child.exitCode).toBeNull();
      sim.child.kill('SIGTERM');
      expect((await sim.exit()).code).toBe(0);
    }
  });

  it('ends with its input when asked to, so that no child outlives its parent', async () => {
    const sim = limpidSim(['run', 'demo-stack', '--json', '--port', '0', '--end-with-input']);
    await sim.json();
    sim.child.stdin!.end();
    expect((await sim.exit()).code).toBe(0);
  });

  it('ends well when nobody reads its output any more', async () => {
    const sim = limpidSim(['run', 'demo-stack', '--json', '--port', '0']);
    await sim.json();
    sim.child.stdout!.destroy();
    sim.say('help\nhelp');
    expect(await sim.exit()).toMatchObject({ code: 0, stderr: '' });
  });

  it('tells another story for another seed', async () => {
    const first = async (seed: string) => {
      const sim = limpidSim(['run', 'demo-stack', '--json', '--port', '0', '--seed', seed]);
      await sim.json();
      sim.say('show cems');
      const { did } = await sim.json();
      sim.say('quit');
      await sim.exit();
      return did;
    };
    const [one, other] = await Promise.all([first('7'), first('8')]);
    expect(one).not.toBe(other);
  });

  it('names the known scenarios when it does not know one, and exits with 2', async () => {
    const { code, stderr } = await limpidSim(['run', 'nowhere']).exit();
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^SIM_UNKNOWN .*demo-effluent/)]);
  });

  it('says that a port is taken, and exits with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await limpidSim(['run', 'demo', '--port', String(port)]).exit();
    server.close();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^SIM_LISTEN /)]);
  });

  it.each([[['run', 'demo', '--port', 'x']], [['run']], [['walk']], [['run', 'demo', '--seed', '-1']]])(
    'refuses %j with 2 and says where help is',
    async (args) => {
      const { code, stderr } = await limpidSim(args).exit();
      expect([code, stderr]).toEqual([2, expect.stringContaining('--help')]);
    },
  );

  it('helps in English and in Chinese, with an example for every command', async () => {
    for (const args of [['--help'], ['run', '--help'], ['list', '--help']]) {
      const english = await limpidSim(args).exit();
      expect([english.code, english.stdout]).toEqual([0, expect.stringMatching(/Examples?:\n {2}limpid-sim /)]);
      const chinese = await limpidSim(args, { env: { LC_ALL: 'zh_CN.UTF-8' } }).exit();
      expect(chinese.stdout).toMatch(/示例/);
    }
    expect((await limpidSim(['--lang', 'zh', '--help']).exit()).stdout).toMatch(/示例/);
  });
});
