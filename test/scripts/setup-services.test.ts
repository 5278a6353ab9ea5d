// What tests need beside the packages of npm: how it is found, and how one is told to get it.
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  commandOf,
  installLine,
  type Service,
  service,
  servicesFor,
} from '../../scripts/setup-services.ts';

const found = (...places: readonly string[]): string | undefined =>
  commandOf({ name: 'chromium', places, install: [] });

describe('a service', () => {
  it('is the first of its places that runs, in the path or in a file', () => {
    expect(found('no-such-command', process.execPath)).toBe(process.execPath);
    expect(found('node', process.execPath)).toBe('node');
  });

  it('is missing when nothing runs there', () => {
    expect(found('no-such-command', '/no/such/file', dirname(process.execPath))).toBeUndefined();
    // It is there, but does not work.
    expect(found('false')).toBeUndefined();
  });

  it('comes with the line that gets it', () => {
    const twoSteps: Service = {
      name: 'chromium',
      places: [],
      install: [
        ['apt-get', 'update'],
        ['apt-get', 'install', '-y', 'chromium'],
      ],
    };
    expect(installLine(twoSteps)).toBe('apt-get update && apt-get install -y chromium');
  });

  it('for hardware keys is SoftHSM from Debian, and a package that is compiled where git does not see it', () => {
    expect(installLine(service('softhsm'))).toContain(
      'apt-get install -y --no-install-recommends softhsm2',
    );
    expect(installLine(service('pkcs11js'))).toMatch(
      /--prefix \.services\/pkcs11js .*pkcs11js@\d+\.\d+\.\d+$/,
    );
  });

  it('can be tried in another way than by its version', () => {
    const tried = { name: 'pkcs11js', places: [process.execPath], install: [] } as const;
    expect(commandOf({ ...tried, tried: ['--eval', ''] })).toBe(process.execPath);
    expect(commandOf({ ...tried, tried: ['--eval', 'require("/no/such")'] })).toBeUndefined();
  });

  it('that is a Node has an exact version and a folder git does not see', () => {
    expect(installLine(service('node22'))).toMatch(
      /--prefix \.services\/node22 .*node@22\.\d+\.\d+$/,
    );
    expect(installLine(service('node26'))).toMatch(
      /--prefix \.services\/node26 .*node@26\.\d+\.\d+$/,
    );
  });

  it('that only a bench uses has exact versions and comes when it is named, never with what tests need', () => {
    expect(installLine(service('veramo'))).toMatch(
      /--prefix \.services\/veramo [^@]*(@veramo\/[a-z0-9-]+@7\.\d+\.\d+ ?){4}$/,
    );
    const named = (...names: readonly string[]) => servicesFor(names).map(({ name }) => name);
    expect(named('veramo', 'anvil')).toEqual(['anvil', 'veramo']);
    expect(named()).toEqual(['chromium', 'node22', 'node26', 'softhsm', 'anvil', 'pkcs11js']);
    expect(() => named('verano')).toThrow(`no service 'verano'; there are: chromium`);
  });
});
