// How the parent process and the five organisations talk: orders in, answers and news out. Not part of the mesh.

/** Something worth a line on the screen and in the report. */
export interface News {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly kind: 'session' | 'credential' | 'round' | 'task' | 'revocation' | 'refusal' | 'note';
}

/** What a role can be asked to do. */
export type Orders = Readonly<Record<string, (body: never) => unknown>>;

type ToParent =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: string }
  | { readonly kind: 'news'; readonly news: News }
  | { readonly kind: 'progress'; readonly fraction: number };

interface ToRole {
  readonly id: number;
  readonly order: string;
  readonly body: unknown;
}

/** The settings the parent handed over. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}

/** Tells the parent something. */
export function tell(who: string, kind: News['kind'], what: string): void {
  send({ kind: 'news', news: { at: Date.now(), who, what, kind } });
}

/** Tells the parent how far a long order has come. */
export function progress(fraction: number): void {
  send({ kind: 'progress', fraction });
}

/** Carries out orders until the parent says stop, goes away, or closes; then runs `close` and ends. */
export function obey(orders: Orders, close: () => Promise<void>): void {
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ending ??= close().finally(() => {
      if (process.connected) process.disconnect();
    });
    return ending;
  };
  // Ctrl-C reaches every process of the group; the parent decides the order in which they end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => void end());
  process.on('disconnect', () => void end());
  process.on('message', (message: ToRole) => {
    if (message.order === 'stop') void end();
    else void carryOut(message, orders);
  });
}

async function carryOut({ id, order, body }: ToRole, orders: Orders): Promise<void> {
  try {
    const run = orders[order];
    if (run === undefined) throw new Error(`no order '${order}'`);
    send({ kind: 'answer', id, value: (await run(body as never)) ?? null });
  } catch (error) {
    send({ kind: 'failure', id, error: error instanceof Error ? error.message : String(error) });
  }
}

function send(message: ToParent): void {
  if (process.connected) process.send?.(message);
}
