/** The status lists of the VC-API server: one for each purpose, in memory, signed anew for each who asks. */
import {
  emptyBits,
  encodeBits,
  isSet,
  minEntries,
  setBit,
} from '../../../src/core/trust/status/bitstring.ts';
import { streamCompression } from '../../../src/platform/stream-compression.ts';
import { credentialContext } from '../../../src/schema/credential.ts';

/** Purposes the server keeps lists for. */
export const purposes = ['revocation', 'suspension'] as const;
export type Purpose = (typeof purposes)[number];

/** Gives out indexes and sets bits. */
export class Statuses {
  readonly #base: string;
  readonly #bits = new Map<Purpose, ReturnType<typeof emptyBits>>(
    purposes.map((purpose) => [purpose, emptyBits()]),
  );
  /** Index of each credential that was issued, by its id. */
  readonly #places = new Map<string, number>();

  constructor(base: string) {
    this.#base = base;
  }

  /** A place in each list for credential `id`. */
  entries(id: string): readonly object[] {
    const index = this.#places.get(id) ?? Math.floor(Math.random() * minEntries);
    this.#places.set(id, index);
    return purposes.map((purpose) => ({
      id: `${this.#listId(purpose)}#${String(index)}`,
      type: 'BitstringStatusListEntry',
      statusPurpose: purpose,
      statusListIndex: String(index),
      statusListCredential: this.#listId(purpose),
    }));
  }

  /** Sets the bit of credential `id`; false when the server did not issue it. */
  set(id: string, purpose: Purpose): boolean {
    const index = this.#places.get(id);
    if (index === undefined) return false;
    setBit(this.#bits.get(purpose)!, index);
    return true;
  }

  /** The list to be signed. */
  async list(purpose: Purpose, issuer: string): Promise<object> {
    const id = this.#listId(purpose);
    const encodedList = await encodeBits(this.#bits.get(purpose)!, streamCompression);
    return {
      '@context': [credentialContext],
      id,
      type: ['VerifiableCredential', 'BitstringStatusListCredential'],
      issuer,
      validFrom: new Date().toISOString(),
      credentialSubject: {
        id: `${id}#list`,
        type: 'BitstringStatusList',
        statusPurpose: purpose,
        encodedList,
      },
    };
  }

  /** Why `entry` does not let its credential stand; undefined when it does. */
  problem(entry: Readonly<Record<string, unknown>>): string | undefined {
    const purpose = purposes.find((one) => this.#listId(one) === entry['statusListCredential']);
    if (purpose === undefined) return 'a status this server cannot look up';
    const index = Number(entry['statusListIndex']);
    return isSet(this.#bits.get(purpose)!, index) ? `its ${purpose} is set` : undefined;
  }

  #listId(purpose: Purpose): string {
    return `${this.#base}/status/${purpose}`;
  }
}
