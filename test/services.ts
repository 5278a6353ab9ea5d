// Tests that need something npm does not bring: skipped with a word where it is missing, failing where it is required.
import { describe, it } from 'vitest';
import { commandOf, installLine, type ServiceName, service } from '../scripts/setup-services.ts';

/**
 * `describe(title, body)` with the command that runs the service. Without the service the tests are skipped and the title says
 * so; with `MESH_REQUIRE_SERVICES=1` they fail instead.
 */
export function describeWith(
  name: ServiceName,
  title: string,
  body: (command: string) => void,
): void {
  const wanted = service(name);
  const command = commandOf(wanted);
  if (command !== undefined) {
    describe(title, () => {
      body(command);
    });
    return;
  }
  const missing = `${name} is missing: ${installLine(wanted)}`;
  const required = process.env['MESH_REQUIRE_SERVICES'] === '1';
  describe.skipIf(!required)(`${title} (${missing})`, () => {
    it(`needs ${name}`, () => {
      throw new Error(missing);
    });
  });
}
