/**
 * A module of PKCS #11 with one Ed25519 key, that does what a test says.
 * @module
 */

import type {
  Attribute,
  Handle,
  Pkcs11Module,
  Pkcs11Package,
} from '../../../src/adapters/signers/pkcs11/cryptoki.ts';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { nodeCrypto } from '../../../src/platform/node-crypto.ts';

/** What is different from a good token. */
export interface Faults {
  readonly sensitive?: boolean;
  readonly extractable?: boolean;
  /** CKA_EC_PARAMS, in hexadecimal. */
  readonly curve?: string;
  /** CKA_EC_POINT. */
  readonly point?: Uint8Array;
  /** Whether the point stands in an OCTET STRING. */
  readonly wrapped?: boolean;
  /** What C_Login and C_Initialize return. */
  readonly login?: number;
  readonly initialise?: number;
}

let count = 0;

/** The token, and what has happened to it. */
export class ScriptedToken {
  readonly library = `/scripted/${String((count += 1))}.so`;
  readonly lib: Pkcs11Package;
  /** Sessions and modules that are open. */
  users = 0;
  finalised = 0;
  pulled = false;
  readonly #key = nodeCrypto.signingKey(new Uint8Array(32).fill(9));
  readonly publicKey = this.#key.publicKey;

  constructor(faults: Faults = {}) {
    const module = this.#module(faults);
    // A function that returns an object can be called with `new`.
    const PKCS11 = function (): Pkcs11Module {
      return module;
    };
    this.lib = { PKCS11: PKCS11 as unknown as Pkcs11Package['PKCS11'] };
  }

  #module(faults: Faults): Pkcs11Module {
    const { sensitive = true, extractable = false, curve = '06032b6570', wrapped = true } = faults;
    const wrapping = Uint8Array.of(4, 32);
    const point = faults.point ?? (wrapped ? concat(wrapping, this.publicKey) : this.publicKey);
    const values: Readonly<Record<number, Uint8Array>> = {
      0x102: Uint8Array.of(7),
      0x103: Uint8Array.of(Number(sensitive)),
      0x162: Uint8Array.of(Number(extractable)),
      0x180: fromHex(curve),
      0x181: point,
    };
    const begun = new Set<Handle>();
    return {
      load: () => {
        this.users += 1;
      },
      close: () => {
        this.users -= 1;
      },
      C_Initialize: () => {
        fail(faults.initialise);
      },
      C_Finalize: () => {
        this.finalised += 1;
      },
      C_GetSlotList: () => [{}],
      C_GetTokenInfo: () => ({ label: 'acme                            ' }),
      C_OpenSession: () => {
        this.users += 1;
        return {};
      },
      C_CloseSession: () => {
        this.users -= 1;
      },
      C_Login: () => {
        fail(faults.login);
      },
      C_FindObjectsInit: () => undefined,
      C_FindObjects: () => [{}],
      C_FindObjectsFinal: () => undefined,
      C_GetAttributeValue: (_session: Handle, _object: Handle, template: readonly Attribute[]) =>
        template.map(({ type }) => ({ value: values[type]! })),
      C_GenerateKeyPairAsync: () => Promise.resolve({}),
      C_SignInit: (session: Handle) => {
        // A session signs one thing at a time.
        if (begun.has(session)) fail(0x90);
        begun.add(session);
      },
      C_SignAsync: async (session: Handle, message: Uint8Array) => {
        const said = Uint8Array.from(message);
        await Promise.resolve();
        // As in SoftHSM, what failed is still going on.
        if (this.pulled) fail(0x32);
        begun.delete(session);
        return await nodeCrypto.sign(this.#key, said);
      },
    };
  }
}

function fail(code: number | undefined): void {
  if (code !== undefined) throw Object.assign(new Error(`CKR_${String(code)}`), { code });
}
