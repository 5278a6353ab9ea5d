/**
 * Reads as much of Cedar schema text as data needs: which attributes are entities or extension values although JSON
 * shows them as plain text, and which actions stand below which.
 * @module
 */
import { TokenReader } from '../../src/core/policy/language/token-reader.ts';
import { Uid } from '../../src/core/policy/language/value.ts';

export type SchemaType =
  | { readonly kind: 'set'; readonly of: SchemaType }
  | { readonly kind: 'record'; readonly members: ReadonlyMap<string, SchemaType> }
  | { readonly kind: 'name'; readonly name: string; readonly namespace: string };

export interface SchemaEntity {
  readonly attributes: SchemaType;
  readonly tags: SchemaType | undefined;
}

export interface SchemaAction {
  readonly parents: readonly Uid[];
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  readonly context: SchemaType;
}

export interface Schema {
  readonly entities: ReadonlyMap<string, SchemaEntity>;
  readonly types: ReadonlyMap<string, SchemaType>;
  readonly actions: ReadonlyMap<string, SchemaAction>;
}

const empty: SchemaType = { kind: 'record', members: new Map() };

export function parseSchema(text: string): Schema {
  return new SchemaReader(text).read();
}

/** What a named type stands for: an entity type, a type of the language, or a declared type. */
export function resolveName(
  schema: Schema,
  { name, namespace }: SchemaType & { kind: 'name' },
):
  | SchemaType
  | { readonly kind: 'entity'; readonly type: string }
  | { readonly kind: 'builtin'; readonly name: string } {
  const names = namespace === '' ? [name] : [`${namespace}::${name}`, name];
  for (const full of names) {
    const declared = schema.types.get(full);
    if (declared !== undefined) return declared;
    if (schema.entities.has(full)) return { kind: 'entity', type: full };
  }
  return { kind: 'builtin', name: name.replace(/^__cedar::/, '') };
}

class SchemaReader extends TokenReader {
  readonly #entities = new Map<string, SchemaEntity>();
  readonly #types = new Map<string, SchemaType>();
  readonly #actions = new Map<string, SchemaAction>();
  #namespace = '';

  read(): Schema {
    while (!this.atEnd) this.#namespaceOrDeclaration();
    return { entities: this.#entities, types: this.#types, actions: this.#actions };
  }

  #namespaceOrDeclaration(): void {
    this.#annotations();
    if (!this.acceptName('namespace')) {
      this.#declaration();
      return;
    }
    this.#namespace = this.path();
    this.expect('{');
    while (!this.accept('}')) {
      this.#annotations();
      this.#declaration();
    }
    this.#namespace = '';
  }

  #annotations(): void {
    while (this.accept('@')) {
      this.anyName('an annotation');
      if (this.accept('(')) {
        this.string();
        this.expect(')');
      }
    }
  }

  #declaration(): void {
    if (this.acceptName('entity')) this.#entity();
    else if (this.acceptName('action')) this.#action();
    else this.#type();
  }

  #type(): void {
    this.expectName('type');
    const name = this.#full(this.anyName('a type'));
    this.expect('=');
    this.#types.set(name, this.#typeExpression());
    this.expect(';');
  }

  #entity(): void {
    const names = this.#names(() => this.anyName('an entity type'));
    if (this.acceptName('in')) this.#oneOrMore(() => this.path());
    let attributes = empty;
    let tags: SchemaType | undefined;
    if (this.acceptName('enum')) {
      this.expect('[');
      this.listUntil(']', () => this.string());
    } else {
      const given = this.accept('=');
      if (given || this.next.text === '{') attributes = this.#typeExpression();
      if (this.acceptName('tags')) tags = this.#typeExpression();
    }
    this.expect(';');
    for (const name of names) this.#entities.set(this.#full(name), { attributes, tags });
  }

  #action(): void {
    const names = this.#names(() => this.#nameOrString());
    const parents = this.acceptName('in') ? this.#oneOrMore(() => this.#actionReference()) : [];
    let principals: readonly string[] = [];
    let resources: readonly string[] = [];
    let context = empty;
    if (this.acceptName('appliesTo')) {
      this.expect('{');
      this.listUntil('}', () => {
        const part = this.anyName("'principal', 'resource' or 'context'");
        this.expect(':');
        if (part === 'context') context = this.#typeExpression();
        else if (part === 'principal') principals = this.#oneOrMore(() => this.path());
        else resources = this.#oneOrMore(() => this.path());
      });
    }
    this.expect(';');
    for (const name of names) {
      const uid = new Uid(this.#full('Action'), name);
      this.#actions.set(uid.key, { parents, principals, resources, context });
    }
  }

  #actionReference(): Uid {
    if (this.#atString()) return new Uid(this.#full('Action'), this.string());
    let path = this.anyName('an action');
    while (this.accept('::')) {
      if (this.#atString()) return new Uid(path, this.string());
      path += `::${this.anyName('a name')}`;
    }
    return new Uid(this.#full('Action'), path);
  }

  #typeExpression(): SchemaType {
    if (this.accept('{')) {
      const members = new Map<string, SchemaType>();
      this.listUntil('}', () => {
        this.#annotations();
        const name = this.#nameOrString();
        this.accept('?');
        this.expect(':');
        members.set(name, this.#typeExpression());
      });
      return { kind: 'record', members };
    }
    if (this.acceptName('Set')) {
      this.expect('<');
      const of = this.#typeExpression();
      this.expect('>');
      return { kind: 'set', of };
    }
    return { kind: 'name', name: this.path(), namespace: this.#namespace };
  }

  #nameOrString(): string {
    return this.#atString() ? this.string() : this.anyName('a name');
  }

  #atString(): boolean {
    return this.next.kind === 'string';
  }

  #names<T>(item: () => T): readonly T[] {
    const names = [item()];
    while (this.accept(',')) names.push(item());
    return names;
  }

  #oneOrMore<T>(item: () => T): readonly T[] {
    return this.accept('[') ? this.listUntil(']', item) : [item()];
  }

  #full(name: string): string {
    return this.#namespace === '' ? name : `${this.#namespace}::${name}`;
  }
}
