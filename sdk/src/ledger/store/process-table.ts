import { readFile } from 'node:fs/promises';
import { faultCode } from './files.ts';

/** Which processes live: what a lock file is judged by. */
export interface ProcessTable {
  self(): { pid: number; startTime: string };
  /** in clock ticks since the OS booted, null when there is no such process */
  startTimeOf(pid: number): Promise<string | null>;
  osBootId(): string;
}

/** The real one, from /proc. */
export async function createProcessTable(): Promise<ProcessTable> {
  const [startTime, osBootId] = await Promise.all([startTimeOf(process.pid), readBootId()]);
  return {
    self: () => ({ pid: process.pid, startTime: startTime ?? '0' }),
    startTimeOf,
    osBootId: () => osBootId,
  };
}

/** proc(5): field 22 of /proc/pid/stat, counted after the command name, which may itself hold spaces and brackets. */
async function startTimeOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch (fault) {
    const code = faultCode(fault);
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw fault;
  }
}

async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
