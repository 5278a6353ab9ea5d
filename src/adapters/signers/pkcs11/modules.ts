/**
 * Modules of PKCS #11: each is initialised once in a process, however many signers use it.
 * @module
 */
import { flags, type Pkcs11Module, type Pkcs11Package, returned } from './cryptoki.ts';
import { signerFailed } from './signer-failed.ts';

interface Loaded {
  readonly module: Pkcs11Module;
  /** Whether it was we who initialised it, and so end it. */
  readonly ours: boolean;
  users: number;
}

const loaded = new Map<string, Loaded>();

/** The module at `library`; `release` ends it when nobody else uses it. */
export function openModule(
  lib: Pkcs11Package,
  library: string,
): { readonly module: Pkcs11Module; readonly release: () => void } {
  const one = loaded.get(library) ?? load(lib, library);
  loaded.set(library, one);
  one.users += 1;
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    one.users -= 1;
    if (one.users > 0) return;
    loaded.delete(library);
    if (one.ours) one.module.C_Finalize();
    one.module.close();
  };
  return { module: one.module, release };
}

function load(lib: Pkcs11Package, library: string): Loaded {
  try {
    const module = new lib.PKCS11();
    module.load(library);
    return { module, ours: initialised(module), users: 0 };
  } catch (cause) {
    throw signerFailed(library, cause);
  }
}

function initialised(module: Pkcs11Module): boolean {
  try {
    // Signing happens on threads of Node's pool.
    module.C_Initialize({ flags: flags.osLocking });
    return true;
  } catch (cause) {
    if ((cause as { code?: unknown }).code === returned.alreadyInitialized) return false;
    throw cause;
  }
}
