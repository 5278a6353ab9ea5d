/**
 * The part of PKCS #11 that is used here, as the package pkcs11js shows it, and the numbers of the standard.
 * Source: OASIS PKCS #11 Cryptographic Token Interface 3.0, Base Specification and Current Mechanisms.
 * @module
 */

/** An object, a session or a slot of the module. */
export type Handle = object;

/** One attribute of an object. */
export interface Attribute {
  readonly type: number;
  readonly value?: string | number | boolean | Uint8Array;
}

/** A mechanism without parameters. */
export interface Mechanism {
  readonly mechanism: number;
  readonly parameter: null;
}

/** What is used of the package pkcs11js. */
export interface Pkcs11Package {
  readonly PKCS11: new () => Pkcs11Module;
}

/** What is used of a module; failures are errors with the return value as `code`. */
export interface Pkcs11Module {
  load(path: string): void;
  close(): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Uint8Array }[];
  C_GenerateKeyPairAsync(
    session: Handle,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): Promise<unknown>;
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_SignAsync(session: Handle, message: Uint8Array, signature: Uint8Array): Promise<Uint8Array>;
}

/** Return values that mean something here. */
export const returned = {
  alreadyInitialized: 0x191,
  alreadyLoggedIn: 0x100,
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLengthRange: 0xa2,
  pinLocked: 0xa4,
} as const;

/** Flags of C_Initialize and C_OpenSession, and the user of C_Login. */
export const flags = { osLocking: 0x2, readWriteSession: 0x2, serialSession: 0x4 } as const;

/** The user that signs, as C_Login calls it. */
export const normalUser = 1;

/** Types of attributes. */
export const attribute = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  extractable: 0x162,
  curve: 0x180,
  point: 0x181,
} as const;

/** Classes of objects. */
export const objectClass = { publicKey: 2, privateKey: 3 } as const;

/** Mechanisms: making pairs, and signing a hash (ECDSA) or a message (EdDSA). */
export const mechanism = {
  makeEc: 0x1040,
  ecdsa: 0x1041,
  makeEdwards: 0x1055,
  eddsa: 0x1057,
} as const;
