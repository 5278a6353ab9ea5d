/**
 * Policy texts made ready, each once: a new revision, or another client in the process, mostly brings the texts of the one before.
 * @module
 */
import { parsePolicies } from './parser.ts';
import { type CompiledStatement, compileStatement } from './statement.ts';

/** Texts remembered, and characters of the longest. */
const rememberedTexts = 512;
const rememberedLength = 4_096;

/** What is ready never changes, so any number of sets may share it. */
const ready = new Map<string, readonly CompiledStatement[]>();

/** The statements of `text`, ready to be asked. Throws as {@link parsePolicies} does. */
export function compileText(text: string): readonly CompiledStatement[] {
  const known = ready.get(text);
  if (known !== undefined) return known;
  const compiled = parsePolicies(text).map(compileStatement);
  if (text.length <= rememberedLength) remember(text, compiled);
  return compiled;
}

/** The text that was remembered first goes first. */
function remember(text: string, compiled: readonly CompiledStatement[]): void {
  ready.set(text, compiled);
  if (ready.size > rememberedTexts) ready.delete(ready.keys().next().value!);
}
