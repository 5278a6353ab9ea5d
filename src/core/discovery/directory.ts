/**
 * The agents that can be found right now, by id, by capability and by words.
 * @module
 */
import { compareText } from '../../base/ids.ts';
import type { IndexDocument, SearchIndex } from '../../ports/search-index.ts';
import type { SignedAgentRecord } from '../../schema/agent-record.ts';

/** Sample requests of a record that count, and how much of each: more would only help those who stuff. */
const examplesCounted = 5;
const exampleLength = 200;

/** A view of live records that follows them one by one. */
export class Directory {
  readonly index: SearchIndex;
  readonly #records = new Map<string, SignedAgentRecord>();
  readonly #offering = new Map<string, Set<string>>();

  constructor(index: SearchIndex) {
    this.index = index;
  }

  /** Adds or replaces. */
  put(record: SignedAgentRecord): void {
    this.remove(record.id);
    this.#records.set(record.id, record);
    for (const capability of record.capabilities) {
      const offering = this.#offering.get(capability) ?? new Set();
      this.#offering.set(capability, offering.add(record.id));
    }
    this.index.put(documentOf(record));
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#records.delete(id);
    for (const capability of record.capabilities) {
      const offering = this.#offering.get(capability);
      offering?.delete(id);
      if (offering?.size === 0) this.#offering.delete(capability);
    }
    this.index.remove(id);
  }

  get(id: string): SignedAgentRecord | undefined {
    return this.#records.get(id);
  }

  /** Every record, in order of id. */
  all(): SignedAgentRecord[] {
    return [...this.#records.values()].sort((a, b) => compareText(a.id, b.id));
  }

  /** The records that offer exactly `capability`, in order of id. */
  offering(capability: string): SignedAgentRecord[] {
    const ids = [...(this.#offering.get(capability) ?? [])].sort(compareText);
    return ids.map((id) => this.#records.get(id)!);
  }
}

/** What of a record is searched. The name counts twice. */
export function documentOf(record: SignedAgentRecord): IndexDocument {
  const { id, name, description = '', capabilities, specializations = [], examples = [] } = record;
  const counted = examples.slice(0, examplesCounted).map((text) => text.slice(0, exampleLength));
  return {
    id,
    fields: [
      { name: 'name', text: name, weight: 2 },
      { name: 'description', text: description, weight: 1 },
      { name: 'capabilities', text: capabilities.join('\n'), weight: 1 },
      { name: 'specializations', text: specializations.join('\n'), weight: 1 },
      { name: 'examples', text: counted.join('\n'), weight: 1 },
    ],
  };
}
