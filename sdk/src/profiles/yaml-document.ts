import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar } from 'yaml';
import { CODES, type Code, type Language } from '../core/codes.ts';
import { faultText } from '../core/error.ts';

/** A text in both languages. */
export interface Wording {
  en: string;
  zh: string;
}

/** Something that is wrong in a file that people write, and where. Lines and columns count from 1. */
export interface Fault {
  file: string;
  line: number;
  column: number;
  code: Code;
  severity: 'error' | 'warning';
  message(language: Language): string;
}

export type FaultParams = Record<string, string | number | Wording>;
export type Path = readonly (string | number)[];

/** A YAML text whose every value can be pointed at. `data` is null when the text is no YAML. */
export interface YamlDocument {
  file: string;
  data: unknown;
  /** what the parser said; empty when `data` can be used */
  faults: Fault[];
  /** a fault at the value of `path`; of a key that is not there, at its nearest parent */
  fault(code: Code, path: Path, params?: FaultParams, options?: { on?: 'key'; severity?: 'warning' }): Fault;
  /** the scalar as it was written, before YAML made a number of it */
  sourceAt(path: Path): string | undefined;
}

export function readYaml(text: string, file: string): YamlDocument {
  const lineCounter = new LineCounter();
  const parsed = parseDocument(text, { lineCounter, uniqueKeys: areSameKey });
  const root = parsed.contents;
  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(parsed) : node);
  const place = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document: YamlDocument = {
    file,
    data: null,
    faults: [...parsed.errors, ...parsed.warnings].map(({ message, pos }) =>
      toFault(file, place(pos[0]), 'CONFIG_SYNTAX', { detail: message.split('\n')[0]!.replace(/ at line \d+.*$/, '') }),
    ),
    fault: (code, path, params = {}, options = {}) => {
      const node = findNode(root, path, resolve, options.on === 'key');
      const offset = node?.range?.[0] ?? 0;
      return toFault(file, place(offset), code, { path: showPath(path), ...params }, options.severity);
    },
    sourceAt: (path) => {
      const node = findNode(root, path, resolve, false, true);
      return isScalar(node) ? (node as Scalar).source : undefined;
    },
  };
  if (document.faults.length > 0) return document;
  try {
    document.data = parsed.toJS();
  } catch (fault) {
    // An alias that multiplies itself: the only thing that can still go wrong here.
    document.faults.push(toFault(file, { line: 1, column: 1 }, 'CONFIG_SYNTAX', { detail: faultText(fault) }));
  }
  return document;
}

/** 1 and "1" are two keys to YAML and one to whoever reads the data: the second would silently replace the first. */
function areSameKey(one: unknown, other: unknown): boolean {
  return one === other || (isScalar(one) && isScalar(other) && String(one.value) === String(other.value));
}

/** devices.cems.unit, limits[0].code */
export function showPath(path: Path): string {
  const shown = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return shown === '' ? '(top)' : shown.replace(/^\./, '');
}

export function toFault(
  file: string,
  place: { line: number; column: number },
  code: Code,
  params: FaultParams,
  severity: Fault['severity'] = 'error',
): Fault {
  const message = (language: Language) =>
    CODES[code][language].replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name] ?? '?';
      return typeof value === 'object' ? value[language] : String(value);
    });
  return { file, ...place, code, severity, message };
}

/** `check site.yaml` prints faults one a line in this form. */
export function showFault(fault: Fault, language: Language): string {
  return `${fault.file}:${fault.line}:${fault.column} ${fault.code} ${fault.message(language)}`;
}

function findNode(
  root: unknown,
  path: Path,
  resolve: (node: unknown) => unknown,
  onKey: boolean,
  exactly = false,
): Node | undefined {
  let here = root;
  let key: unknown;
  for (const step of path) {
    const inside = resolve(here);
    const next = isMap(inside)
      ? inside.items.find((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key) === String(step))
      : undefined;
    const item = isSeq(inside) ? inside.items[Number(step)] : undefined;
    if (next === undefined && item === undefined) return exactly ? undefined : (here as Node);
    key = next?.key;
    here = next === undefined ? item : (next.value ?? next.key);
  }
  return (onKey && key !== undefined ? key : exactly ? resolve(here) : here) as Node | undefined;
}
