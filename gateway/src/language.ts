import { chooseLanguage, type Language } from '@limpid/sdk/core';

/** Chosen once per process, before the commands are built: their help speaks it too. */
export const language: Language = chooseLanguage(process.argv, process.env);

export function text(en: string, zh: string): string {
  return language === 'zh' ? zh : en;
}

/** The example that ends the help of a command. */
export function example(command: string): string {
  return `\n${text('Example', '示例')}:\n  ${command}`;
}
