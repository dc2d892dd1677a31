import { expect, it } from 'vitest';
import { chooseLanguage } from './language.ts';

it('takes the language from the flag, then LIMPID_LANG, then the locale', () => {
  expect(chooseLanguage(['check', '--lang', 'zh'], { LANG: 'en_US.UTF-8' })).toBe('zh');
  expect(chooseLanguage(['--lang=en'], { LANG: 'zh_CN.UTF-8' })).toBe('en');
  expect(chooseLanguage([], { LIMPID_LANG: 'zh', LANG: 'C' })).toBe('zh');
  expect(chooseLanguage([], { LANG: 'zh_CN.UTF-8' })).toBe('zh');
  expect(chooseLanguage([], { LANG: 'de_DE.UTF-8' })).toBe('en');
  expect(chooseLanguage([], {})).toBe('en');
});
