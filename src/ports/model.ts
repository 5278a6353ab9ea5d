/**
 * A language model, or anything else that answers, behind one call.
 * @module
 */

/** Tokens a model has used. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Answers an input. The SDK holds no provider list and no keys. */
export interface Model {
  readonly id: string;
  /** One answer. Stops when the signal fires. */
  run(request: {
    readonly input: unknown;
    readonly signal: AbortSignal;
    readonly tools?: readonly unknown[];
  }): Promise<{ readonly output: unknown; readonly usage?: ModelUsage }>;
}
