import { execFileSync } from 'node:child_process';
import { accessSync } from 'node:fs';

/** An outside program by name, a module of Debian's Python, or a file (a C header). */
export type Need = string | { python: string } | { file: string };

/**
 * Whether an outside peer is there: `describe.skipIf(!need('mbpoll', 'mbpoll'))`. When it is missing and the tests run
 * as root it is installed by apt; when it still is missing the suite is skipped loudly, or fails when `CI` is true.
 */
export function need(what: Need, debianPackage: string): boolean {
  if (isThere(what)) return true;
  if (process.getuid?.() === 0) install(debianPackage);
  if (isThere(what)) return true;
  const message = `${nameOf(what)} is missing (apt-get install ${debianPackage})`;
  if (process.env.CI === 'true') throw new Error(`${message}; CI must run every suite`);
  process.stderr.write(`\n!!! SKIPPED: ${message}: the tests that need it did NOT run\n\n`);
  return false;
}

function isThere(what: Need): boolean {
  if (typeof what === 'string') return succeeds('sh', ['-c', `command -v "$1"`, 'sh', what]);
  if ('python' in what) return succeeds('/usr/bin/python3', ['-c', `import ${what.python}`]);
  try {
    accessSync(what.file);
    return true;
  } catch {
    return false;
  }
}

/** Waits for another suite's installation; an index that is too old is fetched once. */
function install(debianPackage: string): void {
  const apt = (...words: string[]) => succeeds('apt-get', ['-o', 'DPkg::Lock::Timeout=120', '-qq', ...words]);
  const args = ['install', '-y', '--no-install-recommends', debianPackage];
  if (apt(...args)) return;
  apt('update');
  apt(...args);
}

function succeeds(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    return true;
  } catch {
    return false;
  }
}

function nameOf(what: Need): string {
  if (typeof what === 'string') return what;
  return 'python' in what ? `Python module ${what.python}` : what.file;
}
