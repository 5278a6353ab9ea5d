/** What the tests of the kits share: adapters with one fault, and what a kit says of them. */
import { MeshError } from '../../../src/base/errors.ts';
import type { ConformanceCase } from '../../../src/testing/index.ts';

/** `whole`, but for the members of `fault`. */
export function but<T extends object>(whole: T, fault: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      if (name in fault) return fault[name as keyof T];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** The laws found broken, each with the fault that was named. */
export async function caught(cases: readonly ConformanceCase[]): Promise<Map<string, string>> {
  const faults = new Map<string, string>();
  await Promise.all(
    cases.map(async ({ name, run }) => {
      try {
        await run();
      } catch (error) {
        faults.set(name, MeshError.is(error, 'CONFORMANCE_FAILED') ? error.message : String(error));
      }
    }),
  );
  return faults;
}
