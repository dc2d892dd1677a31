import type { Language } from './codes.ts';

/** The language of help and messages: `--lang zh` before LIMPID_LANG before the locale; English otherwise. */
export function chooseLanguage(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Language {
  const flag = argv.findIndex((word) => word === '--lang' || word.startsWith('--lang='));
  const asked = flag < 0 ? undefined : (argv[flag]?.split('=')[1] ?? argv[flag + 1]);
  const locale = asked ?? env.LIMPID_LANG ?? env.LC_ALL ?? env.LC_MESSAGES ?? env.LANG ?? '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
