/**
 * `npm run setup:services [-- --install] [NAME...]`: what some tests and benches need beside the packages of npm. Each service is a command
 * that says whether it is there and how to get it; nothing is installed unasked. With `--install` what is missing is installed, as `.ci/run`
 * does: what is named, or without a name all that tests need.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './doors.ts';

/** Something outside npm's own tree that a test or a bench needs. */
export interface Service {
  readonly name: ServiceName;
  /** Commands or files that would do, the best first. */
  readonly places: readonly string[];
  /** What a place is run with to see whether it works. Default `--version`. */
  readonly tried?: readonly string[];
  /** The commands that bring it, one after the other. */
  readonly install: readonly (readonly [command: string, ...args: string[]])[];
  /** True for what no test needs: it is only installed when it is named. Default false. */
  readonly optional?: boolean;
}

/** The services there are. */
export type ServiceName =
  | 'anvil'
  | 'chromium'
  | 'node22'
  | 'node26'
  | 'softhsm'
  | 'pkcs11js'
  | 'veramo';

/** The Nodes beside the repository's own that the library must run on, at exact versions. */
const otherNodes = { node22: '22.23.3', node26: '26.9.0' } as const;

/** The package that talks to hardware security modules. It is compiled when it is installed, so it is no dependency. */
const pkcs11js = 'pkcs11js@2.1.7';

/** What Veramo verifies a credential with: 47 MB, and only a bench asks for it, so it is no dependency. */
const veramo = ['core', 'credential-w3c', 'credential-jwt', 'did-resolver'];

/** Where `name` from npm is installed, out of git's sight, and how. */
function fromNpm(
  name: ServiceName,
  ...packages: readonly string[]
): Pick<Service, 'name' | 'install'> {
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const folder = join('.services', name);
  return { name, install: [['npm', 'install', '--prefix', folder, ...flags, ...packages]] };
}

/** The package pkcs11js, where the service of that name puts it. */
export const pkcs11jsFolder = join(root, '.services/pkcs11js/node_modules/pkcs11js');

/** The packages of Veramo, where the service of that name puts them. */
export const veramoFolder = join(root, '.services/veramo/node_modules/@veramo');

const services: readonly Service[] = [
  {
    name: 'chromium',
    places: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    install: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
    ],
  },
  ...Object.entries(otherNodes).map(([name, version]) => ({
    ...fromNpm(name as ServiceName, `node@${version}`),
    places: [join(root, '.services', name, 'node_modules/.bin/node')],
  })),
  {
    name: 'softhsm',
    places: ['softhsm2-util'],
    install: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'softhsm2'],
    ],
  },
  {
    // A chain of the Ethereum kind on this machine, for did:ethr: a static binary in a package.
    ...fromNpm('anvil', '@foundry-rs/anvil@1.7.1'),
    places: [join(root, '.services/anvil/node_modules/.bin/anvil')],
  },
  {
    ...fromNpm('pkcs11js', pkcs11js),
    places: [process.execPath],
    tried: ['--eval', `require(${JSON.stringify(pkcs11jsFolder)})`],
  },
  {
    ...fromNpm('veramo', ...veramo.map((name) => `@veramo/${name}@7.0.1`)),
    places: [process.execPath],
    tried: [
      '--eval',
      veramo.map((name) => `require(${JSON.stringify(join(veramoFolder, name))})`).join(';'),
    ],
    optional: true,
  },
];

/** The service called `name`. */
export function service(name: ServiceName): Service {
  return services.find((one) => one.name === name)!;
}

/** The services called `names`; without a name, all that tests need. */
export function servicesFor(names: readonly string[]): readonly Service[] {
  const unknown = names.filter((name) => !services.some((one) => one.name === name));
  if (unknown.length > 0) {
    const known = services.map(({ name }) => name).join(', ');
    throw new Error(`no service '${unknown.join("', '")}'; there are: ${known}`);
  }
  return services.filter(({ name, optional = false }) =>
    names.length > 0 ? names.includes(name) : !optional,
  );
}

/** The command that runs the service here, or undefined when it is missing. */
export function commandOf({ places, tried = ['--version'] }: Service): string | undefined {
  return places.find(
    (place) =>
      (!place.includes('/') || existsSync(place)) &&
      spawnSync(place, tried, { stdio: 'ignore', timeout: 30_000 }).status === 0,
  );
}

/** How to get the service, as typed into a shell at the project's root. */
export function installLine({ install }: Service): string {
  return install.map((command) => command.join(' ')).join(' && ');
}

/** Runs the install commands of `one`; whether it is there afterwards. */
function installed(one: Service): boolean {
  for (const [command, ...args] of one.install) {
    if (
      spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0
    )
      break;
  }
  return commandOf(one) !== undefined;
}

if (import.meta.main) {
  const options = { install: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { install } = values;
  for (const one of servicesFor(positionals)) {
    if (commandOf(one) !== undefined || (install && installed(one))) {
      console.log(`${one.name} is there`);
    } else {
      console.log(`${one.name} is missing: ${installLine(one)}`);
      process.exitCode = 1;
    }
  }
}
