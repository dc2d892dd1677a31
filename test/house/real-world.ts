import { maskCode } from './code-mask.ts';
import { type Fault, findAll, type SourceFile } from './work-tree.ts';

/**
 * The few files of the product that touch the real clock, timers or chance, and why. Everything else gets them by
 * constructor, or it cannot be tested without waiting.
 */
export const ADAPTERS: Record<string, string> = {
  'sdk/src/core/system-clock.ts': 'the one real clock',
  'sdk/src/core/system-random.ts': 'the one real chance',
  'sdk/src/modbus/wait-precisely.ts':
    'turns the event loop for the last millisecond before a frame; the time is handed in',
  'simulators/src/wire/serve-rtu.ts': 'chance of the faults when no seeded one is handed in',
  'simulators/src/wire/serve-tcp.ts': 'chance of the faults when no seeded one is handed in',
  'gateway/src/demo/child.ts': 'kills a real process that does not end in a real span of time',
};

const LEAKS =
  /(?<![.\w$])(?:Date\.now|new\s+Date\s*\(\s*\)|performance\.(?:now|timeOrigin)|process\.(?:hrtime|uptime)|(?:globalThis\.)?(?:setTimeout|setInterval|setImmediate)|Math\.random|(?:globalThis\.)?(?:crypto\.)?(?:randomBytes|randomUUID|randomInt|randomFillSync|getRandomValues)|AbortSignal\.timeout)(?![\w$])/g;
const TIMER_MODULES = /['"](?:node:)?(?:timers(?:\/promises)?|perf_hooks)['"]/g;

/** Faults of one product file that reads the time, sets a timer or draws by itself. */
export function checkRealWorld({ path, text }: SourceFile, adapters: Record<string, string> = ADAPTERS): Fault[] {
  if (path in adapters) return [];
  return leaksOf({ path, text });
}

export function leaksOf({ path, text }: SourceFile): Fault[] {
  return [
    ...findAll(path, maskCode(text), LEAKS, ([name]) => `${name} belongs in an adapter`),
    ...findAll(path, text, TIMER_MODULES, ([name]) => `${name} belongs in an adapter`),
  ];
}
