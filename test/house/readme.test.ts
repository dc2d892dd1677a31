import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkReadme, deadLinks, firstRun, firstShellBlock, MOST_README_LINES } from './readme.ts';
import { listPaths, ROOT, readPath } from './work-tree.ts';

const good = '# A\n\n```sh\nnpm ci\nnpm start -- --for 20s   # ends by itself\n```\n';
const beside = ['README.md', 'README.zh-CN.md', 'sdk/CODES.md'];
const check = (text: string, other = beside) => checkReadme({ path: 'README.md', text }, other);

describe('the rule of the README', () => {
  it('finds the first run in the first block of commands', () => {
    expect(firstShellBlock(good)).toEqual(['npm ci', 'npm start -- --for 20s']);
    expect(firstRun(good)).toEqual(['npm', 'start', '--', '--for', '20s']);
    expect(firstRun('```sh\nnpm ci && npm start -- --for 5s\n```')).toEqual(['npm', 'start', '--', '--for', '5s']);
    expect(firstRun('```sh\nnpm ci\n```\n```sh\nnpm start -- --for 5s\n```')).toBeUndefined();
    expect(check('```yaml\na: 1\n```')).not.toEqual([]);
  });

  it('refuses one that is too long, has no translation, or links to what is not there', () => {
    expect(check(good)).toEqual([]);
    expect(check(good + 'x\n'.repeat(MOST_README_LINES))).not.toEqual([]);
    expect(check(good, ['README.md'])).not.toEqual([]);
    expect(check(`${good}[a](sdk/GONE.md)`)).not.toEqual([]);
    expect(check(`${good}[a](sdk/CODES.md#x) [b](https://a.example/b) [c](./sdk) [d](#e)`)).toEqual([]);
    expect(deadLinks('sdk/README.md', '[a](../README.md) [b](CODES.md)', beside)).toEqual([]);
  });

  it('is kept by both languages, and no page links to what is not there', () => {
    const paths = listPaths();
    expect(paths).toContain('README.md');
    expect(checkReadme({ path: 'README.md', text: readPath('README.md') }, paths)).toEqual([]);
    const pages = paths.filter((path) => path.endsWith('.md'));
    expect(pages.flatMap((path) => deadLinks(path, readPath(path), paths))).toEqual([]);
  });

  it('runs the first command of the README, which ends well and has verified', { timeout: 120_000 }, async () => {
    const command = firstRun(readPath('README.md'));
    const { status, output } = await runInTree(command ?? []);
    expect(output.slice(-4_000)).toMatch(/verified/);
    expect(status, output.slice(-4_000)).toBe(0);
  });
});

/**
 * Runs as a newcomer would: without what the test runner put into the environment, and as a group of its own, so that
 * a run that does not end leaves no process behind.
 */
function runInTree([program = 'false', ...args]: string[]): Promise<{ status: number | null; output: string }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV|NODE_OPTIONS|TEST|npm_)/.test(name)),
  );
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    const onData = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    const tooLong = setTimeout(() => {
      output += '\nit did not end within 90 s';
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, 90_000);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(tooLong);
      resolve({ status, output });
    });
  });
}
