/**
 * How long an answer of a web server may be kept. Source: RFC 9111, sections 4.2, 5.1 and 5.2.2.
 * @module
 */

/** How old an answer is, and what becomes of it. */
export interface Freshness {
  readonly ageMs: number;
  /** From when it was made; 0 for "ask each time". Absent when its server says nothing. */
  readonly maxAgeMs?: number;
  /** An entity tag to ask with. */
  readonly validator?: string;
}

/** Age of an answer, how long it may be kept, and what to ask its server about later; from its headers. */
export function freshness(headers: Readonly<Record<string, string>>): Freshness {
  const directives = directivesOf(headers['cache-control'] ?? '');
  const ageMs = secondsOf(headers['age']) ?? 0;
  if (directives.has('no-store')) return { ageMs, maxAgeMs: 0 };
  const { etag } = headers;
  const maxAgeMs = directives.has('no-cache') ? 0 : secondsOf(directives.get('max-age'));
  return {
    ageMs,
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(etag !== undefined && entityTag.test(etag) && { validator: etag }),
  };
}

// RFC 9110, section 8.8.3; bounded, since it is sent back.
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/;

function directivesOf(text: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const part of text.slice(0, 1_024).split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    // Of two that disagree the first counts.
    if (!directives.has(name.toLowerCase())) {
      directives.set(name.toLowerCase(), value.replace(/^"|"$/g, ''));
    }
  }
  return directives;
}

function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) * 1_000 : undefined;
}
