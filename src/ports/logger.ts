/**
 * Lines for people. Silent unless the application hands one in.
 * @module
 */

/** How loud a line is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Receives log lines. */
export interface Logger {
  /** Takes one line. What it throws is nobody's to catch, so it must not. */
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}
