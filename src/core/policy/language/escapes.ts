/**
 * Escapes of string literals: reading them, writing them.
 * @module
 */

/** A pattern of `like`: the texts between its wildcards. */
export type Pattern = readonly string[];

const escape = /\\(?:([nrt0\\'"])|x([0-7][0-9A-Fa-f])|u\{([0-9A-Fa-f]{1,6})\}|(\*)|)/g;
const simple: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text a string literal stands for; undefined when an escape is none of the language's. */
export function unescapeString(raw: string): string | undefined {
  return raw.includes('\\') ? unescape(raw, false) : raw;
}

/** The texts between the wildcards of a pattern; `\*` is a star, not a wildcard. Undefined for a wrong escape. */
export function parsePattern(raw: string): Pattern | undefined {
  const parts = [''];
  for (const [piece] of raw.matchAll(/\\.|\*|[^\\*]+/g)) {
    if (piece === '*') parts.push('');
    else parts[parts.length - 1]! += piece;
  }
  const texts = parts.map((part) => unescape(part, true));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function unescape(raw: string, isPattern: boolean): string | undefined {
  let failed = false as boolean;
  const text = raw.replaceAll(escape, (...match: (string | undefined)[]) => {
    const [, short, hex, unicode, star] = match;
    const character = decode(short, hex ?? unicode) ?? (isPattern ? star : undefined);
    failed ||= character === undefined;
    return character ?? '';
  });
  return failed ? undefined : text;
}

function decode(short: string | undefined, hex: string | undefined): string | undefined {
  if (short !== undefined) return simple[short];
  if (hex === undefined) return undefined;
  const code = Number.parseInt(hex, 16);
  const isScalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isScalar ? String.fromCodePoint(code) : undefined;
}

/** Whether `text` has the parts of `pattern` in order, the first at its start and the last at its end. */
export function matchesPattern(text: string, pattern: Pattern): boolean {
  const first = pattern[0]!;
  if (pattern.length === 1) return text === first;
  const last = pattern.at(-1)!;
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < pattern.length - 1; i += 1) {
    const part = pattern[i]!;
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** `text` as a string literal. */
export function quote(text: string): string {
  const inner = text.replaceAll(/[\\"\p{C}]/gu, (character) =>
    character === '\\' || character === '"'
      ? `\\${character}`
      : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  return `"${inner}"`;
}
