/**
 * Reads SPDX licence expressions, as they stand in the manifests of packages: `MIT`, `(MIT OR GPL-2.0-only) AND ISC`.
 * @module
 */

/** A licence expression, read. */
export type LicenceExpression =
  /** `id` has its exception with it, as in `GPL-2.0-only WITH Classpath-exception-2.0`. */
  | { readonly kind: 'licence'; readonly id: string; readonly orLater: boolean }
  | { readonly kind: 'AND' | 'OR'; readonly parts: readonly LicenceExpression[] };

/** Reads `text`; undefined when it is no expression. WITH binds closest, then AND, then OR. */
export function parseLicence(text: string): LicenceExpression | undefined {
  if (!/^[\w.+:()\s-]*$/.test(text)) return undefined;
  const tokens = text.match(/[()]|[^()\s]+/g) ?? [];
  let at = 0;

  const list = (
    kind: 'AND' | 'OR',
    part: () => LicenceExpression | undefined,
  ): LicenceExpression | undefined => {
    const parts: LicenceExpression[] = [];
    do {
      const next = part();
      if (next === undefined) return undefined;
      parts.push(next);
    } while (accept(kind));
    return parts.length === 1 ? parts[0] : { kind, parts };
  };
  const accept = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at += 1;
    return true;
  };
  const either = () => list('OR', both);
  const both = () => list('AND', single);
  const single = (): LicenceExpression | undefined => {
    if (accept('(')) {
      const inner = either();
      return accept(')') ? inner : undefined;
    }
    const id = identifier();
    if (id === undefined) return undefined;
    if (!accept('WITH')) return licence(id);
    const exception = identifier();
    return exception === undefined ? undefined : licence(id, exception);
  };
  const identifier = (): string | undefined => {
    const token = tokens[at];
    if (token === undefined || /^([()]|AND|OR|WITH)$/.test(token)) return undefined;
    at += 1;
    return token;
  };

  const expression = either();
  return at === tokens.length ? expression : undefined;
}

/** Whether who takes the licences in `allowed`, and no others, may use what is under `expression`. */
export function permits(expression: LicenceExpression, allowed: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'licence':
      return allowed.has(expression.id); // "or later" leaves the choice of this very version
    case 'AND':
      return expression.parts.every((part) => permits(part, allowed));
    case 'OR':
      return expression.parts.some((part) => permits(part, allowed));
  }
}

function licence(text: string, exception?: string): LicenceExpression {
  const orLater = text.endsWith('+');
  const id = orLater ? text.slice(0, -1) : text;
  return { kind: 'licence', id: exception === undefined ? id : `${id} WITH ${exception}`, orLater };
}
