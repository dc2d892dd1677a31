import { execFileSync } from 'node:child_process';

/** Child processes see `dist`, so it is built once before the tests; a type error must not hide all tests. */
export default function buildOnce(): void {
  try {
    execFileSync('npx', ['tsc', '-b', 'sdk', 'simulators', 'gateway'], { stdio: 'pipe' });
  } catch (fault) {
    const output = fault instanceof Error && 'stdout' in fault ? String(fault.stdout) : String(fault);
    process.stderr.write(`the build failed; tests that start processes run on an older one\n${output}\n`);
  }
}
