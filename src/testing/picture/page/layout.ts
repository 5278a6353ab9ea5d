/**
 * Where the nodes stand: on rings, those of one organisation side by side.
 * @module
 */

/** A place on the stage, from -1 to 1 both ways. */
export interface Place {
  readonly x: number;
  readonly y: number;
  /** Number of the node's organisation, for its colour. */
  readonly org: number;
}

/** A place for each of `names` (`<org>/<number>`): one ring for a few, two or three for more. */
export function layoutOf(names: readonly string[]): ReadonlyMap<string, Place> {
  const orgOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('/')));
  const orgs = [...new Set(names.map(orgOf))];
  const radii = names.length <= 14 ? [1] : names.length <= 30 ? [1, 0.68] : [1, 0.74, 0.48];
  const ordered = [...names].sort((a, b) => orgs.indexOf(orgOf(a)) - orgs.indexOf(orgOf(b)));
  return new Map(
    ordered.map((name, i) => {
      const angle = ((i + 0.5) / names.length) * 2 * Math.PI - Math.PI / 2;
      const radius = names.length === 1 ? 0 : radii[i % radii.length]!;
      const place = {
        x: Math.cos(angle) * radius,
        y: Math.sin(angle) * radius,
        org: orgs.indexOf(orgOf(name)),
      };
      return [name, place] as const;
    }),
  );
}
