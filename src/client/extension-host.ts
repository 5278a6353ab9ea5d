/**
 * What an extension sees of the client: narrow, and in its own corner.
 * @module
 */
import { MeshError } from '../base/errors.ts';
import type { Extension, Host } from '../ports/extension.ts';

/** Makes the corner of the extension called `name`. */
export type MakeHost = (name: string) => Host;

/** Starts extensions, each once. */
export class Extensions {
  readonly #makeHost: MakeHost;
  readonly #apis = new Map<Extension, unknown>();

  constructor(makeHost: MakeHost) {
    this.#makeHost = makeHost;
  }

  /** The API of `extension`, started if it was not. Two extensions of one name are refused: they would share a corner. */
  use<Api>(extension: Extension<Api>): Api {
    if (this.#apis.has(extension)) return this.#apis.get(extension) as Api;
    for (const { name } of this.#apis.keys()) {
      if (name === extension.name) throw new MeshError('ALREADY_EXISTS', { what: 'extension', id: name });
    }
    const api = extension.start(this.#makeHost(extension.name));
    this.#apis.set(extension, api);
    return api;
  }
}
