/**
 * One verdict everywhere: a platform's own primitives behind the strict rule, and only where they were seen to keep it.
 * @module
 */
import { RecentMap } from '../base/recent-map.ts';
import type { Awaitable, CryptoProvider, PublicKey, SignatureKeyType } from '../ports/crypto.ts';
import { selfTests } from './self-tests.ts';
import { isSoundKey, isSoundSignature, keyLimit, keyName } from './signature-rule.ts';

/** The primitives of a platform. What it does not know it throws at, or rejects. */
export interface NativeSignatures<K extends object> {
  /** The platform's key object; it is made once per key and kept (bounded). */
  importKey(key: PublicKey): Awaitable<K>;
  /** Whether `signature` holds; the rule of {@link isSoundKey} and {@link isSoundSignature} has been asked before. */
  verify(
    type: SignatureKeyType,
    key: K,
    message: Uint8Array,
    signature: Uint8Array,
  ): Awaitable<boolean>;
}

/** {@link CryptoProvider.verify}. */
type Verify = CryptoProvider['verify'];
type Judge = Pick<CryptoProvider, 'verify'>;

/**
 * Verifies natively under the strict rule. Before the first verdict on a kind of key the platform is asked about signatures
 * whose verdict is known; if it answers one of them wrongly or not at all, `fallback` judges that kind from then on. What
 * fails later is judged by `fallback` too. Answers at once where the platform does.
 */
export class StrictVerifier<K extends object> {
  readonly #native: NativeSignatures<K>;
  readonly #fallback: Judge;
  /** Keys that are sound, of a kind that the platform may judge. */
  readonly #keys = new RecentMap<string, K>(keyLimit);
  readonly #passed = new Map<SignatureKeyType, Awaitable<boolean>>();

  constructor(native: NativeSignatures<K>, fallback: Judge) {
    this.#native = native;
    this.#fallback = fallback;
  }

  /** The verdict of the port. */
  readonly verify: Verify = (key, message, signature) => {
    const handle = this.#keys.get(keyName(key));
    if (handle === undefined) return this.#verifyFirst(key, message, signature);
    if (!isSoundSignature(key.type, signature)) return false;
    try {
      const verdict = this.#native.verify(key.type, handle, message, signature);
      if (!(verdict instanceof Promise)) return verdict;
      const [said, given] = [message.slice(), signature.slice()];
      return verdict.catch(() => this.#fallback.verify(key, said, given));
    } catch {
      return this.#fallback.verify(key, message, signature);
    }
  };

  /** Whether the platform keeps the rule for keys of this kind; tested once. */
  isTrusted(type: SignatureKeyType): Awaitable<boolean> {
    let passed = this.#passed.get(type);
    if (passed === undefined) {
      passed = attempt(
        () => this.#test(type),
        () => false,
      );
      this.#passed.set(type, passed);
    }
    return passed;
  }

  /** The way of a key that was not seen lately. */
  #verifyFirst(key: PublicKey, message: Uint8Array, signature: Uint8Array): Awaitable<boolean> {
    if (!isSoundKey(key) || !isSoundSignature(key.type, signature)) return false;
    const handle = attempt(
      () => this.#import(key),
      () => undefined,
    );
    if (!(handle instanceof Promise)) {
      return (handle === undefined ? this.#fallback : this).verify(key, message, signature);
    }
    // Whoever asked may use the buffers again before the key is there.
    const [said, given] = [message.slice(), signature.slice()];
    return handle.then((ready) =>
      (ready === undefined ? this.#fallback : this).verify(key, said, given),
    );
  }

  /** The platform's key object, kept; undefined when the platform is not to be asked about keys of this kind. */
  #import(key: PublicKey): Awaitable<K | undefined> {
    const keep = (handle: K): K => {
      this.#keys.set(keyName(key), handle);
      return handle;
    };
    const trusted = this.isTrusted(key.type);
    if (trusted instanceof Promise) {
      return trusted.then(async (it) => (it ? keep(await this.#native.importKey(key)) : undefined));
    }
    if (!trusted) return undefined;
    const handle = this.#native.importKey(key);
    return handle instanceof Promise ? handle.then(keep) : keep(handle);
  }

  #test(type: SignatureKeyType): Awaitable<boolean> {
    const right = selfTests(type).map(({ key, message, signature, holds }) => {
      if (!isSoundKey(key) || !isSoundSignature(type, signature)) return !holds;
      const handle = this.#native.importKey(key);
      const verdict =
        handle instanceof Promise
          ? handle.then((ready) => this.#native.verify(type, ready, message, signature))
          : this.#native.verify(type, handle, message, signature);
      return verdict instanceof Promise ? verdict.then((it) => it === holds) : verdict === holds;
    });
    const late = right.filter((one) => one instanceof Promise);
    if (late.length === 0) return !right.includes(false);
    return Promise.all(late).then((all) => !right.includes(false) && !all.includes(false));
  }
}

/** What `ask` answers; what `instead` answers when it throws or rejects. */
function attempt<T>(ask: () => Awaitable<T>, instead: () => T): Awaitable<T> {
  try {
    const answer = ask();
    return answer instanceof Promise ? answer.catch(instead) : answer;
  } catch {
    return instead();
  }
}
