import { type ZodType, z } from 'zod';
import { CODES, type Code, type Language } from '../core/codes.ts';
import { UNITS } from '../core/unit.ts';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import { type Fault, type Path, showPath, type Wording, type YamlDocument } from './yaml-document.ts';

type Issue = z.core.$ZodIssue;

const WORDING = { en: z.locales.en().localeError, zh: z.locales.zhCN().localeError };

/** Checks a document against its schema: the parsed value, or every fault at once with its place. */
export function checkShape<T>(document: YamlDocument, schema: ZodType<T>): { value: T | null; faults: Fault[] } {
  if (document.faults.length > 0) return { value: null, faults: document.faults };
  const unusable = keysNamedProto(document.data).map((path) =>
    document.fault('CONFIG_SHAPE', path, { detail: NO_NAME }, { on: 'key' }),
  );
  const result = schema.safeParse(document.data, { reportInput: true });
  if (result.success)
    return unusable.length > 0 ? { value: null, faults: unusable } : { value: result.data, faults: [] };
  const faults = result.error.issues.flatMap((issue) => toFaults(issue, [], { document, schema }));
  return { value: null, faults: [...unusable, ...faults] };
}

/** The schema would drop what stands under this name, without a word. */
function keysNamedProto(data: unknown, path: Path = [], above: readonly unknown[] = []): Path[] {
  if (typeof data !== 'object' || data === null || above.includes(data)) return [];
  return Object.entries(data).flatMap(([key, value]) => {
    const here = [...path, Array.isArray(data) ? Number(key) : key];
    return [...(key === '__proto__' ? [here] : []), ...keysNamedProto(value, here, [...above, data])];
  });
}

/** For `.refine`: the code that a failing refinement has. */
export function asCode(code: Code): { params: { code: Code } } {
  return { params: { code } };
}

/** For `.refine`: what it says in both languages. */
export function saying(en: string, zh: string): { error: string; params: { detail: Wording } } {
  return { error: en, params: { detail: { en, zh } } };
}

interface Checked {
  document: YamlDocument;
  schema: ZodType;
}

function toFaults(issue: Issue, base: Path, checked: Checked): Fault[] {
  const { document } = checked;
  const path = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, checked));
    case 'invalid_union':
      return issue.errors.length > 0
        ? closestBranch(issue.errors).flatMap((inner) => toFaults(inner, path, checked))
        : [unknownBranch(issue, path, document)];
    case 'invalid_key':
      return issue.issues.map((inner) => keyFault(inner, path, document));
    case 'custom':
      return [customFault(issue, path, document)];
    default:
      return [plainFault(issue, path, document)];
  }
}

function unknownKey(key: string, path: Path, { document, schema }: Checked): Fault {
  const params = { key, path: showPath(path), known: knownKeys(schema, path, document.data).join(', ') };
  return document.fault('CONFIG_UNKNOWN_KEY', [...path, key], params, { on: 'key' });
}

function plainFault(issue: Issue, path: Path, document: YamlDocument): Fault {
  if (issue.input === undefined) return document.fault('CONFIG_SHAPE', path, { detail: MISSING });
  const source = document.sourceAt(path);
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof issue.input === 'number') {
    return document.fault('CONFIG_UNQUOTED', path, { source: source ?? String(issue.input) });
  }
  if (issue.code === 'invalid_value' && isUnitList(issue.values)) {
    const unit = String(issue.input);
    return document.fault('CONFIG_UNKNOWN_UNIT', path, { unit, near: nearest(unit, UNITS) });
  }
  return document.fault('CONFIG_SHAPE', path, { detail: wording(issue) });
}

function customFault(issue: Issue & { code: 'custom' }, path: Path, document: YamlDocument): Fault {
  const code: unknown = issue.params?.code;
  if (isCode(code)) return document.fault(code, path, { code: String(issue.input) });
  const detail: unknown = issue.params?.detail;
  return document.fault('CONFIG_SHAPE', path, { detail: isWording(detail) ? detail : issue.message });
}

/** What is wrong with a key itself: a name that cannot be, a code that no table has. */
function keyFault(issue: Issue, path: Path, document: YamlDocument): Fault {
  const code: unknown = issue.code === 'custom' ? issue.params?.code : undefined;
  const on = { on: 'key' } as const;
  if (isCode(code)) return document.fault(code, path, { code: String(path.at(-1)) }, on);
  return document.fault('CONFIG_SHAPE', path, { detail: wording(issue) }, on);
}

function isUnitList(values: readonly unknown[]): boolean {
  return values.length === UNITS.length && UNITS.every((unit) => values.includes(unit));
}

function isWording(value: unknown): value is Wording {
  return typeof value === 'object' && value !== null && 'en' in value && 'zh' in value;
}

function isCode(code: unknown): code is Code {
  return typeof code === 'string' && Object.hasOwn(CODES, code);
}

const NO_NAME: Wording = { en: 'nothing can be called __proto__', zh: '不能使用 __proto__ 作为名称' };
const MISSING: Wording = { en: 'is missing', zh: '缺少此项' };

/** A union told apart by one key (`type`), whose value names no branch. */
function unknownBranch(issue: Issue, path: Path, document: YamlDocument): Fault {
  const known = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  const named = childOf(document.data, path);
  if (typeof named !== 'string') return document.fault('CONFIG_SHAPE', path, { detail: MISSING });
  const kind: Wording = { en: String(path.at(-1)), zh: path.at(-1) === 'type' ? '类型' : String(path.at(-1)) };
  return document.fault('CONFIG_UNKNOWN_REFERENCE', path, { kind, name: named, known: known.join(', ') });
}

function childOf(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inside, step) =>
      typeof inside === 'object' && inside !== null
        ? new Map<string, unknown>(Object.entries(inside)).get(String(step))
        : undefined,
    data,
  );
}

/** Of a union, the branch that the writer probably meant: the one that went deepest before it failed. */
function closestBranch(branches: readonly Issue[][]): Issue[] {
  const depth = (branch: Issue[]) => Math.max(0, ...branch.map((issue) => issue.path.length));
  const deepest = Math.max(...branches.map(depth));
  const best = branches.filter((branch) => depth(branch) === deepest);
  if (deepest > 0 || best.length === 1) return best[0] ?? [];
  // All failed at once: the last branch says it best, since schemas here end with the fullest form.
  return best.at(-1) ?? [];
}

function wording(issue: Issue): Wording {
  return { en: say(issue, 'en'), zh: say(issue, 'zh') };
}

function say(issue: Issue, language: Language): string {
  const said = WORDING[language](issue as z.core.$ZodRawIssue);
  return typeof said === 'string' ? said : (said?.message ?? issue.message);
}
