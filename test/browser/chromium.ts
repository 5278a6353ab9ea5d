/**
 * A headless Chromium that tests look at pages with: open, evaluate, click, take a picture.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { DevTools } from './devtools.ts';

/** How long a page may take to load, and `until` to come true. */
const waitMs = 15_000;
const closeMs = 5_000;

const flags = [
  '--headless',
  '--remote-debugging-pipe',
  // The pages are our own, and containers seldom grant what the sandbox needs.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--window-size=1280,800',
];

/** A browser of its own, with an empty profile. */
export class Chromium implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #devTools: DevTools;
  readonly #profile: string;
  #closing: Promise<void> | undefined;

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process;
    this.#profile = profile;
    this.#devTools = new DevTools(process.stdio[3] as Writable, process.stdio[4] as Readable);
    process.on('error', (error) => {
      this.#devTools.end(error);
    });
  }

  /** Starts the browser behind `command`; rejects when it does not answer. */
  static async open(command: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
    const child = spawn(command, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const chromium = new Chromium(child, profile);
    try {
      await chromium.#devTools.call('Browser.getVersion');
      return chromium;
    } catch (error) {
      await chromium.close();
      throw error;
    }
  }

  /** A new tab, showing `url`. */
  async page(url: string): Promise<Page> {
    const { targetId } = await this.#devTools.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#devTools.call('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    const page = new Page(this.#devTools, sessionId as string);
    await page.open(url);
    return page;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const exited = once(this.#process, 'exit');
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), closeMs);
      // It may hang up before it has answered.
      await this.#devTools.call('Browser.close').catch(() => undefined);
      await exited;
      clearTimeout(kill);
    }
    // Its other processes may still be writing their last words.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One tab. */
export class Page {
  readonly #devTools: DevTools;
  readonly #session: string;
  readonly #errors: string[] = [];
  #loaded: () => void = () => undefined;

  constructor(devTools: DevTools, session: string) {
    this.#devTools = devTools;
    this.#session = session;
    devTools.listen(session, (method, params) => {
      this.#hear(method, params);
    });
  }

  /** What went wrong in the page: exceptions nobody caught, `console.error`, resources that did not load. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Shows `url`; resolves when it has loaded. */
  async open(url: string): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log']) await this.#call(`${domain}.enable`);
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    const { errorText } = await this.#call('Page.navigate', { url });
    if (typeof errorText === 'string') throw new Error(`${url} did not open: ${errorText}`);
    await within(waitMs, `${url} did not load`, loaded);
  }

  /** What `expression` is in the page, as JSON data; a promise is awaited. Rejects with the page's error. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: ExceptionDetails };
    if (exceptionDetails) throw new Error(describe(exceptionDetails));
    return result.value;
  }

  /** Resolves when `expression` is true in the page; rejects after 15 seconds. */
  async until(expression: string): Promise<void> {
    const end = performance.now() + waitMs;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() > end) throw new Error(`waited in vain for ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Clicks with the mouse on the middle of the first element `selector` finds; rejects when a person could not. */
  async click(selector: string): Promise<void> {
    const point = await this.evaluate<{ x: number; y: number } | string>(
      `(${middleOf.toString()})(${JSON.stringify(selector)})`,
    );
    if (typeof point === 'string') throw new Error(point);
    for (const type of ['mousePressed', 'mouseReleased']) {
      const mouse = { type, ...point, button: 'left', clickCount: 1 };
      await this.#call('Input.dispatchMouseEvent', mouse);
    }
  }

  /** A picture of what is to be seen, as PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  #call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#devTools.call(method, params, this.#session);
  }

  #hear(method: string, params: Readonly<Record<string, unknown>>): void {
    if (method === 'Page.loadEventFired') this.#loaded();
    if (method === 'Runtime.exceptionThrown') {
      this.#errors.push(describe(params['exceptionDetails'] as ExceptionDetails));
    }
    if (method === 'Runtime.consoleAPICalled' && params['type'] === 'error') {
      const values = params['args'] as readonly { value?: unknown; description?: string }[];
      const texts = values.map(({ value, description }) => description ?? String(value));
      this.#errors.push(texts.join(' '));
    }
    if (method === 'Log.entryAdded') {
      const { level, text, url } = params['entry'] as { level: string; text: string; url?: string };
      if (level === 'error') this.#errors.push(url === undefined ? text : `${text} (${url})`);
    }
  }
}

interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string; readonly value?: unknown };
}

function describe({ text, exception }: ExceptionDetails): string {
  return exception?.description ?? `${text} ${String(exception?.value)}`;
}

/** Runs in the page: where to click on an element, or why nobody can. */
function middleOf(selector: string): { x: number; y: number } | string {
  const element = document.querySelector(selector);
  if (element === null) return `there is no ${selector}`;
  element.scrollIntoView({ block: 'center', inline: 'center' });
  const { left, top, width, height } = element.getBoundingClientRect();
  if (width === 0 || height === 0) return `${selector} has no size`;
  const [x, y] = [left + width / 2, top + height / 2];
  const hit = document.elementFromPoint(x, y);
  if (hit === null) return `${selector} is outside the window`;
  return element.contains(hit) ? { x, y } : `${selector} is behind ${hit.tagName}`;
}

async function within<T>(ms: number, otherwise: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`${otherwise} within ${ms} ms`));
  }, ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
