/**
 * Source code with the inside of comments, strings and regular expressions blanked, so that a search for a word finds
 * code and nothing else. Offsets and line breaks stay, so what was blanked can be looked up in the source by offset.
 * The code inside `${…}` of a template stays visible.
 */
export function maskCode(source: string): string {
  const out = source.split('');
  // depth of braces at which a template's `${` ends
  const templates: number[] = [];
  let braces = 0;
  let at = 0;
  while (at < source.length) {
    const char = source[at]!;
    if (source.startsWith('//', at)) at = blank(out, at, endOf(source, '\n', at));
    else if (source.startsWith('/*', at)) at = blank(out, at, endOf(source, '*/', at + 2) + 2);
    else if (char === "'" || char === '"') at = blank(out, at + 1, endOfQuoted(source, at + 1, char)) + 1;
    else if (char === '`' || (char === '}' && templates.at(-1) === braces)) {
      if (char === '}') templates.pop();
      const end = endOfTemplatePart(source, at + 1);
      at = blank(out, at + 1, end);
      if (source.startsWith('${', end)) {
        templates.push(braces);
        at += 1; // the brace of `${` is not counted: its end is found by the depth
      }
      at += 1;
    } else if (char === '/' && startsRegex(source, at)) at = blank(out, at + 1, endOfRegex(source, at + 1)) + 1;
    else {
      if (char === '{') braces += 1;
      if (char === '}') braces -= 1;
      at += 1;
    }
  }
  return out.join('');
}

function blank(out: string[], from: number, to: number): number {
  const end = Math.min(to, out.length);
  for (let at = from; at < end; at += 1) if (out[at] !== '\n') out[at] = ' ';
  return end;
}

function endOf(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at;
}

function endOfQuoted(source: string, from: number, quote: string): number {
  let at = from;
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1;
  return at;
}

function endOfTemplatePart(source: string, from: number): number {
  let at = from;
  while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) at += source[at] === '\\' ? 2 : 1;
  return at;
}

function endOfRegex(source: string, from: number): number {
  let inClass = false;
  let at = from;
  while (at < source.length && source[at] !== '\n' && (inClass || source[at] !== '/')) {
    if (source[at] === '[') inClass = true;
    if (source[at] === ']') inClass = false;
    at += source[at] === '\\' ? 2 : 1;
  }
  return at;
}

/** A slash divides after a value and begins a regular expression after anything else. */
function startsRegex(source: string, at: number): boolean {
  const before = source.slice(Math.max(0, at - 60), at).trimEnd();
  if (/(?:^|[^\w$.])(?:return|typeof|case|in|of|await|yield|void|delete|else|throw)$/.test(before)) return true;
  return before === '' || !/[\w$)\]}'"`]$/.test(before);
}
