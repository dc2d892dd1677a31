import { chooseLanguage, type Language } from '@limpid/sdk/core';

/** Chosen once, before the help texts are made. */
export const language: Language = chooseLanguage(process.argv.slice(2), process.env);

export function text(en: string, zh: string): string {
  return language === 'zh' ? zh : en;
}
