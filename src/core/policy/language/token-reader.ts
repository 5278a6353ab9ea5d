/**
 * A cursor over tokens, with the small things every reader wants.
 * @module
 */
import { unescapeString } from './escapes.ts';
import { syntaxError, type Token, tokenize, unsupported } from './lexer.ts';
import { Uid } from './value.ts';

const reserved = new Set(['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has']);

/** Reads tokens one by one; what does not fit is an error with its place. */
export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The token to be read next. */
  get next(): Token {
    return this.#tokens[this.#position]!;
  }

  /** The token after that. */
  get following(): Token {
    return this.#tokens[this.#position + 1] ?? this.next;
  }

  get atEnd(): boolean {
    return this.next.kind === 'end';
  }

  get offset(): number {
    return this.next.offset;
  }

  /** The text from `start` to the last token read. */
  textFrom(start: number): string {
    const last = this.#tokens[this.#position - 1]!;
    return this.#text.slice(start, last.offset + last.text.length);
  }

  /** `Name::Name`. */
  path(): string {
    let path = this.attribute();
    while (this.accept('::')) path += `::${this.attribute()}`;
    return path;
  }

  /** `Type::"id"`. */
  entity(): Uid {
    let type = this.attribute();
    for (;;) {
      this.expect('::');
      if (this.next.kind === 'string') return new Uid(type, this.string());
      type += `::${this.attribute()}`;
    }
  }

  /** A string literal, its escapes resolved. */
  string(): string {
    const token = this.next;
    if (token.kind !== 'string') return this.fail(`expected a string, got ${show(token)}`);
    this.take();
    return unescapeString(token.text) ?? this.fail('an unknown escape', token);
  }

  /** A name, reserved or not. */
  anyName(what: string): string {
    if (this.next.kind !== 'name') return this.fail(`expected ${what}, got ${show(this.next)}`);
    return this.take().text;
  }

  /** A name that is not reserved. */
  attribute(): string {
    const token = this.next;
    const name = this.anyName('a name');
    return reserved.has(name) ? this.fail(`'${name}' is reserved`, token) : name;
  }

  /** Items separated by commas up to `end`; a comma may follow the last. */
  listUntil<T>(end: string, item: () => T): readonly T[] {
    const items: T[] = [];
    while (!this.accept(end)) {
      items.push(item());
      if (this.accept(',')) continue;
      this.expect(end);
      break;
    }
    return items;
  }

  accept(mark: string): boolean {
    if (this.next.kind !== 'mark' || this.next.text !== mark) return false;
    this.#position += 1;
    return true;
  }

  acceptName(name: string): boolean {
    if (this.next.kind !== 'name' || this.next.text !== name) return false;
    this.#position += 1;
    return true;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) this.fail(`expected '${mark}', got ${show(this.next)}`);
  }

  expectName(name: string): void {
    if (!this.acceptName(name)) this.fail(`expected '${name}', got ${show(this.next)}`);
  }

  /** Throws `POLICY_SYNTAX` at `token`. */
  fail(detail: string, token: Token = this.next): never {
    throw syntaxError(this.#text, token.offset, detail);
  }

  /** Templates are not evaluated: a slot such as `?principal` is refused. */
  refuseSlot(): void {
    const { next } = this;
    if (next.kind === 'mark' && next.text.startsWith('?'))
      this.refuse(`template slot ${next.text}`);
  }

  /** Throws `POLICY_UNSUPPORTED` at `token`. */
  refuse(feature: string, token: Token = this.next): never {
    throw unsupported(this.#text, token.offset, feature);
  }

  /** Reads one token. */
  take(): Token {
    const token = this.next;
    this.#position += 1;
    return token;
  }
}

/** A token as errors quote it. */
export function show(token: Token): string {
  if (token.kind === 'end') return token.text;
  return token.kind === 'string' ? 'a string' : `'${token.text}'`;
}
