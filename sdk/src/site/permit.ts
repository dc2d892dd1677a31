import type { Wording } from '../profiles/yaml-document.ts';

/**
 * The permit code 排污许可证编号 (HJ 608): 18 characters of the unified social credit code (GB 32100), three digits,
 * one letter. Organisations without such a code carry one that begins with H9 and ends with a lower-case letter; no
 * rule for a check character is known for those.
 */
export type PermitVerdict = { state: 'valid' } | { state: 'wrong' | 'undecided'; detail: Wording };

/** GB 32100: digits and letters without I, O, Z, S, V; the weight of position i is 3^(i−1) mod 31. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const LENGTH = 22;

export function checkPermit(permit: string): PermitVerdict {
  if (permit.length !== LENGTH) return wrong(LENGTH_TEXT(permit.length));
  const [organisation, tail] = [permit.slice(0, 18), permit.slice(18)];
  if (!/^\d{3}[A-Z]$/.test(tail)) return wrong(TAIL_TEXT(tail));
  if (/^H9\d{15}[a-hj-np-z]$/.test(organisation)) return { state: 'undecided', detail: SUBSTITUTE_TEXT };
  const foreign = [...organisation].find((character) => !ALPHABET.includes(character));
  if (foreign !== undefined) return wrong(CHARACTER_TEXT(foreign));
  const expected = checkCharacter(organisation.slice(0, 17));
  return organisation[17] === expected ? { state: 'valid' } : wrong(CHECK_TEXT(organisation[17] ?? '', expected));
}

function checkCharacter(first17: string): string {
  let weight = 1;
  let sum = 0;
  for (const character of first17) {
    sum += ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return ALPHABET[(31 - (sum % 31)) % 31] ?? '';
}

const wrong = (detail: Wording): PermitVerdict => ({ state: 'wrong', detail });

const LENGTH_TEXT = (length: number): Wording => ({
  en: `a permit code has ${LENGTH} characters, this one ${length}`,
  zh: `许可证编号应为 ${LENGTH} 位，此处为 ${length} 位`,
});
const TAIL_TEXT = (tail: string): Wording => ({
  en: `a permit code ends with three digits and a capital letter, not ${tail}`,
  zh: `许可证编号应以三位数字和一个大写字母结尾，而非 ${tail}`,
});
const CHARACTER_TEXT = (character: string): Wording => ({
  en: `${character} cannot occur in a unified social credit code`,
  zh: `统一社会信用代码中不允许出现 ${character}`,
});
const CHECK_TEXT = (found: string, expected: string): Wording => ({
  en: `the 18th character is ${found}, but the check rule of GB 32100 gives ${expected}; a character is mistyped`,
  zh: `第 18 位为 ${found}，按 GB 32100 校验应为 ${expected}；请检查输入`,
});
const SUBSTITUTE_TEXT: Wording = {
  en: 'a substitute code (H9…): it has no check character, so a typing error cannot be seen',
  zh: '无统一社会信用代码的编号（H9…）：没有校验位，无法发现输入错误',
};
