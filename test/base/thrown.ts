import { MeshError } from '../../src/base/errors.ts';

/** The MeshError `run` throws, or undefined; any other error goes through and fails the test. */
export function thrown(run: () => unknown): MeshError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (MeshError.is(error)) return error;
    throw error;
  }
}

/** The MeshError `promise` rejects with, or undefined; any other error goes through. */
export async function rejected(promise: Promise<unknown>): Promise<MeshError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (MeshError.is(error)) return error;
    throw error;
  }
}
