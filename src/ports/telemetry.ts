/**
 * Numbers and spans for whoever watches. Off unless the application hands one in.
 * @module
 */

/** Labels of a measurement; few values each. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work that is being timed. */
export interface Span {
  /** Adds what became known while the work went on. */
  set(attributes: Attributes): void;
  /** Ends the span; with an error when the work failed. */
  end(error?: unknown): void;
}

/** Receives measurements. Names follow the OpenTelemetry conventions where those exist. */
export interface Telemetry {
  /** Adds to a counter. */
  count(name: string, by?: number, attributes?: Attributes): void;
  /** Records one value of a distribution, e.g. a latency in milliseconds. */
  record(name: string, value: number, attributes?: Attributes): void;
  /** Begins to time a piece of work. */
  span(name: string, attributes?: Attributes): Span;
}

/** Discards everything: the default. */
export const silent: Telemetry = {
  count: () => undefined,
  record: () => undefined,
  span: () => ({ set: () => undefined, end: () => undefined }),
};
