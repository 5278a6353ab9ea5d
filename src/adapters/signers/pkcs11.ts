/**
 * A key in a hardware security module, through PKCS #11 2.40 or 3.0. Node only, with the optional package `pkcs11js`, which
 * is loaded when the first key is opened.
 * @module
 */
import type { Bytes } from '../../base/bytes.ts';
import { MeshError } from '../../base/errors.ts';
import { Lifetime } from '../../base/lifetime.ts';
import { loadOnce } from '../../base/load-once.ts';
import type { SignatureKeyType } from '../../ports/crypto.ts';
import type { Signer } from '../../ports/signer.ts';
import { checkType, type SignerNaming, signerOf } from './parts/signer-of.ts';
import type { Pkcs11Package } from './pkcs11/cryptoki.ts';
import { Turns } from './pkcs11/turns.ts';

/** Options of {@link pkcs11Signer}. */
export interface Pkcs11SignerOptions extends SignerNaming {
  /** The module of the device's maker, e.g. `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly library: string;
  /** Label of the token. Default: the only one that is there. */
  readonly token?: string;
  /** The user's PIN. A token counts wrong ones and locks itself. */
  readonly pin: string;
  /** Label of the private key (CKA_LABEL). */
  readonly key: string;
  /** Kind of the key to make in the token when none has this label. Default: none is made, `NOT_FOUND`. */
  readonly create?: SignatureKeyType;
  /** The package `pkcs11js`, where it is not to be found by its name. */
  readonly lib?: Pkcs11Package;
}

/** A signer with a session that is to be closed. */
export interface Pkcs11Signer extends Signer, AsyncDisposable {
  /** Ends the session when what is being signed is signed; from then on `sign` fails with `CLOSED`. */
  close(): Promise<void>;
}

/**
 * Signs in the token: the private key never leaves it. ECDSA is given the hash, EdDSA the whole message. Signatures are made one after
 * the other, off this thread; more than 1,024 that wait are refused with `OVERLOADED`.
 * Throws `MODULE_MISSING` without pkcs11js, `KEY_LOCKED` for a wrong PIN, `NOT_FOUND` for a token or key that is not there,
 * `KEY_INVALID` for a key that could leave the token or is of another kind, `SIGNER_FAILED` for what else the module reports.
 */
export async function pkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  const lib = options.lib ?? (await loadPackage());
  if (options.create !== undefined) checkType(options.create, keyTypes);
  const { openToken } = await loadToken();
  const token = openToken(lib, options);
  const lifetime = new Lifetime('the signer');
  try {
    const key = await token.key(options.key, options.create);
    const turns = new Turns('the signer');
    lifetime.own(() => {
      token.close();
    });
    lifetime.own(() => turns.end());
    const sign = (message: Bytes): Promise<Bytes> => {
      lifetime.assertOpen();
      return turns.take(() => token.sign(key, message));
    };
    return {
      ...signerOf({ ...key, sign }, options),
      close: () => lifetime.close(),
      [Symbol.asyncDispose]: () => lifetime.close(),
    };
  } catch (error) {
    token.close();
    throw error;
  }
}

const keyTypes: readonly SignatureKeyType[] = ['Ed25519', 'P-256', 'P-384', 'P-521', 'secp256k1'];

const loadToken = loadOnce(() => import('./pkcs11/token.ts'));

const loadPackage = loadOnce(async (): Promise<Pkcs11Package> => {
  // Not a literal, since the package is no part of ours and has to be compiled where it is installed.
  const name = 'pkcs11js';
  try {
    const loaded = (await import(/* @vite-ignore */ name)) as { default: Pkcs11Package };
    return loaded.default;
  } catch (cause) {
    // It is not there, or it was not compiled.
    throw new MeshError('MODULE_MISSING', { feature: 'pkcs11Signer', module: name }, { cause });
  }
});
