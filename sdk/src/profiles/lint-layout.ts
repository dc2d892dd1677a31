import { functionOf, wordsOf } from './field-words.ts';
import type { Profile, ProfileField } from './schema.ts';
import type { Fault, Path, Wording, YamlDocument } from './yaml-document.ts';

interface Run {
  name: string;
  path: Path;
  fn: number;
  first: number;
  last: number;
}

const LAST_REGISTER = 0xffff;
const MOST_BITS = 2000;

/** Where fields lie: overlaps, blocks, forbidden registers, reach of one request, order in the file. */
export function lintLayout(profile: Profile, document: YamlDocument): Fault[] {
  const fields = Object.entries(profile.fields).map(([name, field]) => toRun(profile, name, field));
  const blocks = toRuns(profile, 'blocks');
  const forbidden = toRuns(profile, 'forbidden');
  const fault = (run: Run, detail: Wording) =>
    document.fault('PROFILE_LAYOUT', run.path, { detail }, run.path[0] === 'fields' ? { on: 'key' } : {});
  return [
    ...[...blocks, ...forbidden].filter((run) => run.first > run.last).map((run) => fault(run, BACKWARDS)),
    ...overlaps(blocks).map(([run, other]) => fault(run, overlap(other.name))),
    ...overlaps(fields)
      .filter(([run, other]) => !shareRegister(profile, run, other))
      .map(([run, other]) => fault(run, overlap(other.name))),
    ...fields.flatMap((run) => reachDetails(profile, run, blocks, forbidden).map((detail) => fault(run, detail))),
    ...outOfOrder(fields).map((run) =>
      document.fault('PROFILE_LAYOUT', run.path, { detail: DISORDER }, { on: 'key', severity: 'warning' }),
    ),
  ];
}

function toRun(profile: Profile, name: string, field: ProfileField): Run {
  const fn = functionOf(profile, field);
  return { name, path: ['fields', name], fn, first: field.at, last: field.at + wordsOf(field) - 1 };
}

function toRuns(profile: Profile, key: 'blocks' | 'forbidden'): Run[] {
  return profile[key].map(({ fn, first, last }, k) => ({
    name: `${first}..${last}`,
    path: [key, k],
    fn: fn ?? profile.fn,
    first,
    last,
  }));
}

const meet = (a: Run, b: Run) => a.fn === b.fn && a.first <= b.last && b.first <= a.last;

function overlaps(runs: readonly Run[]): [Run, Run][] {
  return runs.flatMap((run, k) =>
    runs
      .slice(0, k)
      .filter((other) => meet(run, other))
      .map((other): [Run, Run] => [run, other]),
  );
}

/** The two bytes of one register, or two readings of the bits of one register, are no overlap. */
function shareRegister(profile: Profile, a: Run, b: Run): boolean {
  const types = [a, b].map(({ name }) => profile.fields[name]?.type ?? '').sort();
  const [one, two] = types;
  if (a.first !== b.first || a.last !== b.last) return false;
  return (one === 'u8hi' && two === 'u8lo') || (one === 'bits' && two === 'bits');
}

function reachDetails(profile: Profile, run: Run, blocks: readonly Run[], forbidden: readonly Run[]): Wording[] {
  const most = run.fn <= 2 ? MOST_BITS : profile.maxRegisters;
  const mine = blocks.filter((block) => block.fn === run.fn);
  const inside = mine.some((block) => block.first <= run.first && run.last <= block.last);
  const found: (Wording | false)[] = [
    run.last > LAST_REGISTER && BEYOND,
    run.last - run.first + 1 > most && wide(most),
    forbidden.some((other) => meet(run, other)) && FORBIDDEN,
    mine.length > 0 && !inside && OUTSIDE,
  ];
  return found.filter((detail) => detail !== false);
}

function outOfOrder(fields: readonly Run[]): Run[] {
  return fields.filter((run, k) => {
    const before = fields[k - 1];
    return before !== undefined && (before.fn > run.fn || (before.fn === run.fn && before.first > run.first));
  });
}

const BACKWARDS: Wording = { en: 'first must not be above last', zh: 'first 不得大于 last' };
const BEYOND: Wording = { en: 'reaches beyond register 65535', zh: '超出寄存器 65535' };
const FORBIDDEN: Wording = { en: 'touches a forbidden register', zh: '涉及禁止访问的寄存器' };
const OUTSIDE: Wording = { en: 'lies in no documented block', zh: '不在任何已声明的 block 中' };
const DISORDER: Wording = {
  en: 'fields stand in the order of function and register',
  zh: '字段应按功能码和寄存器排序',
};

const overlap = (other: string): Wording => ({ en: `overlaps ${other}`, zh: `与 ${other} 重叠` });
const wide = (most: number): Wording => ({ en: `does not fit one request of ${most}`, zh: `超出单次请求 ${most}` });
