/**
 * The little that tasks want from elsewhere.
 * @module
 */
import type { MeshEvent } from '../../schema/mesh-event.ts';

/** What happens in this mesh. */
export interface EventSource {
  /** Calls `listener` for every event that `pattern` selects, e.g. `task.*`; the result takes it off. */
  on(pattern: string, listener: (event: MeshEvent) => void): () => void;
}
