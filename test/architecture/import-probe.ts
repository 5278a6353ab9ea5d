// Imports one module in a fresh process and says what that left behind. Run by idle-imports.test.ts.
import { createHook } from 'node:async_hooks';

/** Kinds of work (node:async_hooks) that reading modules does not need. */
const work =
  /^(Timeout|TCP|TLS|UDP|UDPSENDWRAP|PIPE|TTY|PROCESS|SIGNAL|WORKER|MESSAGEPORT|HTTP|DNS|GETADDRINFO|FSEVENT|STATWATCHER|ZLIB|KEYPAIRGEN)/i;

const specifier = process.argv[2] ?? '';
const globals = new Set(Object.getOwnPropertyNames(globalThis));
const listeners = process.eventNames().length;
const started: string[] = [];
const hook = createHook({
  init(_id, type) {
    if (work.test(type)) started.push(type);
  },
}).enable();

await import(specifier);
// What an import starts on the next turn counts as started by the import.
await new Promise((resolve) => setImmediate(resolve));
hook.disable();

const left = {
  started,
  globals: Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name)),
  processListeners: process.eventNames().length - listeners,
};
process.stdout.write(JSON.stringify(left));
