import { chooseLanguage, type Language } from '@limpid/sdk/core';

/** Chosen once per process, before the commands are built: their help speaks it too. */
export const language: Language = chooseLanguage(process.argv, process.env);

export function text(en: string, zh: string): string {
  return language === 'zh' ? zh : en;
}
