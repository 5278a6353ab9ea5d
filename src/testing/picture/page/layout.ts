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
  const ordered = [...names].sort((a, b) => orgs.indexOf(orgOf(a)) - orgs.indexOf(orgOf(b)));
  const radii = [1, 0.68, 0.36];
  /** The rings of one node after the other: wide rings have room for more. */
  const [one, two, three] = [[0], [0, 1, 0], [0, 1, 0, 2, 0, 1]];
  const turns = names.length <= 14 ? one : names.length <= 30 ? two : three;
  const rings = radii.map((_, ring) => ordered.filter((_, i) => turns[i % turns.length] === ring));
  const placed = rings.flatMap((ring, number) =>
    ring.map((name, i): readonly [string, Place] => {
      const angle = ((i + 0.5) / ring.length) * 2 * Math.PI - Math.PI / 2;
      const radius = names.length === 1 ? 0 : radii[number]!;
      const [x, y] = [Math.cos(angle) * radius, Math.sin(angle) * radius];
      return [name, { x, y, org: orgs.indexOf(orgOf(name)) }];
    }),
  );
  return new Map(placed);
}
