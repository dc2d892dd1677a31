import { LONGEST_LINE_BYTES } from './protocol.ts';

/** Cuts a byte stream into lines; `onLine` gets each without its end. False when a line grew beyond reason. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: string) => boolean {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
    return rest.length <= LONGEST_LINE_BYTES;
  };
}
